"""What planning learns of a model, from a child process that imports it."""

import json
import shutil
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from dendroflow.errors import ModelError
from dendroflow.plan.code import code_digest
from dendroflow.plan.description import DESCRIBING, describe
from dendroflow.plan.models import ModelNames, names_of

MODELS = Path(__file__).parents[3] / "config" / "models"
NOWHERE = ModelNames(Path("nowhere"), "0" * 16, "0" * 16, None, None)
LIBRARY = '{"library": "LIBRARY", "description": {}}'

SOUND = '''
from typing import Literal
from dendroflow.model import Model, Signal, quantity

class Cell(Model):
    """A cell of two signals."""

    class Parameters(Model.Parameters):
        zeta: float = quantity(1.5, "mV", "a potential", gt=0, le=2)
        alpha: int
        kind: Literal["a", "b"] = "a"

    signals = {"zulu": "mV", "alfa": Signal("mM", "calcium")}
    required_sections = ("soma",)

    def build(self, p):
        pass
'''


@pytest.fixture
def model(tmp_path):
    """Write a model, and name it."""

    def write(code):
        (tmp_path / "cell").mkdir(exist_ok=True)
        (tmp_path / "cell" / "model.py").write_text(textwrap.dedent(code), encoding="utf-8")
        return names_of(tmp_path / "cell")

    return write


def test_a_description_says_what_planning_asks(model, tmp_path):
    found = describe(model(SOUND), tmp_path / "cell.json")
    assert list(found.parameters) == ["zeta", "alpha", "kind"]
    assert found.parameters["zeta"].default == 1.5
    assert found.parameters["zeta"].unit == "mV"
    assert found.parameters["zeta"].schema["exclusiveMinimum"] == 0
    assert found.parameters["alpha"].default is None
    assert found.parameters["kind"].schema["enum"] == ["a", "b"]
    assert list(found.signals.items()) == [("zulu", "mV"), ("alfa", "mM")]
    assert found.meanings == {"zulu": "zulu", "alfa": "calcium"}
    assert found.needs_morphology
    assert not found.runs_alone
    assert found.time_unit == "ms"


def test_what_is_kept_equals_what_was_asked_order_included(model, tmp_path):
    kept = tmp_path / "kept" / "cell.json"
    asked = describe(model(SOUND), kept, keep=True)
    before = kept.read_bytes()
    # Nobody can be asked any more.
    shutil.rmtree(tmp_path / "cell")
    named = replace(NOWHERE, folder=tmp_path / "cell")
    read = describe(named, kept, keep=True)
    assert read == asked
    assert list(read.signals) == list(asked.signals)
    assert kept.read_bytes() == before


def test_nothing_is_written_where_nothing_is_to_be_kept(model, tmp_path):
    before = set(tmp_path.rglob("*")) | {tmp_path / "cell", tmp_path / "cell" / "model.py"}
    assert describe(model(SOUND), tmp_path / "kept" / "cell.json").signals
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "damaged", ["{", "", "[]", '{"library": 1}', "\udcff", LIBRARY, LIBRARY.replace("{}", "[]")]
)
def test_a_damaged_description_is_asked_for_again(model, tmp_path, damaged):
    kept = tmp_path / "cell.json"
    text = damaged.replace("LIBRARY", code_digest(*DESCRIBING))
    kept.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert describe(model(SOUND), kept, keep=True).signals
    assert json.loads(kept.read_text(encoding="utf-8"))["description"]["signals"]


def test_a_description_by_another_library_is_asked_for_again(model, tmp_path):
    kept = tmp_path / "cell.json"
    asked = describe(model(SOUND), kept, keep=True)
    content = json.loads(kept.read_text(encoding="utf-8"))
    content["description"]["time_unit"] = "h"
    kept.write_text(json.dumps(content), encoding="utf-8")
    assert describe(model(SOUND), kept).time_unit == "h"
    kept.write_text(json.dumps(content | {"library": "0" * 16}), encoding="utf-8")
    assert describe(model(SOUND), kept) == asked


def test_a_model_that_changed_since_it_was_named_is_refused(model, tmp_path):
    named = model(SOUND)
    model(SOUND.replace("1.5", "1.6"))
    with pytest.raises(ModelError, match="cell: changed after planning; run snakemake again"):
        describe(named, tmp_path / "cell.json")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1", "must define one subclass of Model; it defines none"),
        (SOUND + SOUND.replace("class Cell", "class Other"), "it defines Cell, Other"),
        ("import nosuchmodule", "model.py: line 1: ModuleNotFoundError"),
        ("x = 1\nraise ValueError('bad\\nluck')", "line 2: ValueError: bad luck"),
        ("def f(:\n  pass", "line 1: SyntaxError"),
        ("import sys; sys.exit(4)", "importing it ended with code 4"),
        ("import os; os.kill(os.getpid(), 11)", "importing it died of SIGSEGV"),
        ("from neuron import h\ns = h.Section('s')\n" + SOUND, "creates sections on import"),
        (SOUND.replace("a potential", "a \\x1b[1m"), r"zeta: description: 'a \x1b[1m' holds the"),
        (SOUND.replace('zulu": "mV', 'zulu": "\\ud800'), r"zulu: '\ud800' holds the character"),
        (SOUND.replace("calcium", "a\\x07"), r"meanings: alfa: 'a\x07' holds the character '\x07'"),
        (SOUND + "    process = 'own'\n", "process: 'own' is none of shared, alone, fresh"),
    ],
)
def test_a_model_that_breaks_the_contract(model, tmp_path, code, message):
    kept = tmp_path / "kept.json"
    with pytest.raises(ModelError) as refusal:
        describe(model(code), kept, keep=True)
    text = str(refusal.value)
    assert message in text
    # It is imported from a copy, which the user does not know.
    assert text.startswith(f"{tmp_path / 'cell' / 'model.py'}: ")
    assert "\n" not in text
    assert not kept.exists()


def test_a_helper_and_a_data_file_are_found_in_the_copy(model, tmp_path):
    model(SOUND)
    (tmp_path / "cell" / "helper.py").write_text("UNIT = 'mV'\n", encoding="utf-8")
    (tmp_path / "cell" / "lost.py").write_text("open(__file__ + '.csv')\n", encoding="utf-8")
    read = "from helper import UNIT\n" + SOUND.replace('"mV", "alfa"', 'UNIT, "alfa"')
    assert describe(model(read), tmp_path / "kept.json").signals["zulu"] == "mV"
    with pytest.raises(ModelError, match=f"No such file .*'{tmp_path}/cell/lost.py.csv'"):
        describe(model("import lost\n" + SOUND), tmp_path / "kept.json")


@pytest.mark.parametrize("name", sorted(path.name for path in MODELS.iterdir()))
def test_models_that_come_with_dendroflow(name, tmp_path):
    found = describe(names_of(MODELS / name), tmp_path / "kept.json")
    assert found.signals or found.places
    assert all(parameter.description for parameter in found.parameters.values())
