import textwrap
from pathlib import Path

import pytest

from dendroflow.errors import ModelError
from dendroflow.plan.description import describe

MODELS = Path(__file__).parents[3] / "config" / "models"

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
def folder(tmp_path):
    def write(code):
        (tmp_path / "cell").mkdir(exist_ok=True)
        (tmp_path / "cell" / "model.py").write_text(textwrap.dedent(code), encoding="utf-8")
        return tmp_path / "cell"

    return write


def test_a_description_says_what_planning_asks(folder, tmp_path):
    found = describe(folder(SOUND), tmp_path / "kept" / "cell.json")
    assert found.title == "A cell of two signals."
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


def test_what_is_kept_equals_what_was_asked_order_included(folder, tmp_path):
    kept = tmp_path / "cell.json"
    asked = describe(folder(SOUND), kept)
    read = describe(Path("nowhere"), kept)
    assert read == asked
    assert list(read.signals) == list(asked.signals)


def test_a_damaged_description_is_asked_for_again(folder, tmp_path):
    kept = tmp_path / "cell.json"
    kept.write_text("{", encoding="utf-8")
    assert describe(folder(SOUND), kept).signals
    assert kept.read_text(encoding="utf-8").startswith("{\n")


def test_a_description_that_still_can_be_read_but_has_changed_is_asked_for_again(folder, tmp_path):
    kept = tmp_path / "cell.json"
    asked = describe(folder(SOUND), kept)
    sound = kept.read_text()
    changes = [(mark, chr(ord(mark) ^ 1)) for mark in sorted(set(sound)) if mark.isalnum()]
    assert len(changes) > 20
    for old, new in changes[::6]:
        kept.write_text(sound.replace(old, new, 1))
        # Nobody is there to be asked: what has changed is not taken.
        with pytest.raises(ModelError):
            describe(Path("nowhere"), kept)
    kept.write_text(sound.replace("0.", "1.", 1))
    assert describe(folder(SOUND), kept) == asked
    assert kept.read_text() == sound


def test_a_folder_that_cannot_be_written_costs_time_only(folder, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert describe(folder(SOUND), tmp_path / "file" / "cell.json").signals


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
    ],
)
def test_a_model_that_breaks_the_contract(folder, tmp_path, code, message):
    kept = tmp_path / "kept.json"
    with pytest.raises(ModelError) as refusal:
        describe(folder(code), kept)
    text = str(refusal.value)
    assert message in text
    assert "model.py" in text
    assert "\n" not in text
    assert not kept.exists()


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"nowhere/model\.py: there is no such file"):
        describe(tmp_path / "nowhere", tmp_path / "kept.json")


@pytest.mark.parametrize("model", sorted(path.name for path in MODELS.iterdir()))
def test_models_that_come_with_dendroflow(model, tmp_path):
    found = describe(MODELS / model, tmp_path / "kept.json")
    assert found.signals
    assert all(parameter.description for parameter in found.parameters.values())
