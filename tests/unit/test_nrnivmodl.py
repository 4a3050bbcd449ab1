import subprocess
import sys
from pathlib import Path

import pytest

from dendroflow.errors import MechanismError
from dendroflow.mechanisms import compile_mechanisms, digest, sources

MODELS = Path(__file__).parents[2] / "config" / "models"

LEAK = """
NEURON { SUFFIX %s NONSPECIFIC_CURRENT i RANGE g, i }
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) }
PARAMETER { g = 0.001 (S/cm2) }
ASSIGNED { v (mV) i (mA/cm2) }
BREAKPOINT { i = g * (v + 65 (mV)) }
"""


def write(folder, **mechanisms):
    folder.mkdir(exist_ok=True)
    for name, text in mechanisms.items():
        (folder / f"{name}.mod").write_text(text, encoding="utf-8")
    return sources(folder)


def test_a_build_is_named_by_names_and_content(tmp_path):
    first = write(tmp_path / "a", x=LEAK % "x")
    assert digest(first) == digest(write(tmp_path / "b", x=LEAK % "x"))
    assert digest(first) != digest(write(tmp_path / "c", x=LEAK % "y"))
    assert digest(first) != digest(write(tmp_path / "d", y=LEAK % "x"))
    assert digest(()) is None


def test_the_mechanism_of_the_course_compiles_and_loads_elsewhere(tmp_path):
    library = tmp_path / "build" / "libnrnmech.so"
    said = compile_mechanisms(sources(MODELS / "point_source"), library)
    assert "RxDSyn" in said
    assert [path.name for path in library.parent.iterdir()] == [library.name]
    code = (
        "import sys; from neuron import h; h.nrn_load_dll(sys.argv[1]);"
        "s = h.Section('s'); print(h.RxDSyn(s(0.5)).tau)"
    )
    command = [sys.executable, "-c", code, str(library)]
    child = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert child.stdout.split()[-1] == "3.0"


def test_a_broken_mechanism_ends_with_the_compilers_message(tmp_path):
    library = tmp_path / "build" / "libnrnmech.so"
    files = write(tmp_path / "m", bad=(LEAK % "bad").replace("g * (v", "g * w * (v"))
    with pytest.raises(MechanismError) as refusal:
        compile_mechanisms(files, library)
    assert "bad.mod" in str(refusal.value)
    assert "w" in str(refusal.value)
    assert not list(library.parent.iterdir())


def test_results_in_a_path_with_spaces(tmp_path):
    library = tmp_path / "my results" / "libnrnmech.so"
    compile_mechanisms(write(tmp_path / "m", x=LEAK % "x"), library)
    assert [path.name for path in library.parent.iterdir()] == [library.name]


def test_an_environment_in_a_path_with_spaces_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/a b/.venv")
    with pytest.raises(MechanismError, match=r"path with spaces.*move the checkout") as refusal:
        compile_mechanisms(write(tmp_path / "m", x=LEAK % "x"), tmp_path / "libnrnmech.so")
    assert "\n" not in str(refusal.value)


def test_a_mechanism_with_the_name_of_one_of_neurons_does_not_load(tmp_path):
    library = tmp_path / "build" / "libnrnmech.so"
    files = write(tmp_path / "m", hh=LEAK % "hh")
    with pytest.raises(MechanismError, match="compile but do not load"):
        compile_mechanisms(files, library)
    assert not library.exists()
