"""Mechanisms: which files of a model are compiled, what names the build, and what is refused."""

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
FUNCTION = "\nFUNCTION seven() { seven = %d }\n"


def model(folder, **files):
    """A model with files of these names and texts; `__` stands for a slash, `_` for a full stop."""
    folder.mkdir(exist_ok=True)
    (folder / "model.py").touch()
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def asked(library, expressions):
    """What NEURON says of expressions, with a segment `s`, once the library is loaded."""
    code = (
        "import sys; from neuron import h; h.nrn_load_dll(sys.argv[1]);"
        "s = h.Section('s')(0.5); print(*eval(f'[{sys.argv[2]}]'))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code, str(library), expressions],
        cwd=library.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.splitlines()[-1].split()


def test_a_build_is_named_by_names_and_content(tmp_path):
    folders = [
        model(tmp_path / "a", x_mod=LEAK % "x"),
        model(tmp_path / "b", x_mod=LEAK % "y"),
        model(tmp_path / "c", y_mod=LEAK % "x"),
        model(tmp_path / "d", x_mod=LEAK % "x", y_inc="PARAMETER { y = 1 }"),
        model(tmp_path / "e", x_mod=LEAK % "x", y_inc="PARAMETER { y = 2 }"),
    ]
    builds = {digest(sources(folder)) for folder in folders}
    assert len(builds) == len(folders)
    # Where they lie does not matter, nor what else there is.
    assert digest(sources(model(tmp_path / "f", sub__x_mod=LEAK % "x", x_csv="1"))) in builds
    assert digest(sources(model(tmp_path / "g", x_MOD=LEAK % "x"))) in builds


def test_without_mechanisms_there_is_nothing_to_build(tmp_path):
    assert sources(model(tmp_path / "m", y_inc="", x_h="")) == {}
    assert digest({}) is None


def test_mechanisms_in_sub_folders_with_other_suffixes_and_with_includes(tmp_path):
    """Field test C9: these did not compile, or were passed over in silence."""
    library = tmp_path / "build" / "libnrnmech.so"
    verbatim = '\nVERBATIM\n#include "x.h"\nENDVERBATIM\nFUNCTION four() {\nVERBATIM\n'
    folder = model(
        tmp_path / "m",
        one_mod=LEAK % "one" + '\nINCLUDE "seven.inc"\n',
        sub__two_mod=LEAK % "two" + '\nINCLUDE "deep.inc"\n',
        sub__three_mod=LEAK % "three" + '\nINCLUDE "lib/deep.inc"\n',
        four_MOD=LEAK % "four" + verbatim + "_lfour = FOUR;\nENDVERBATIM\n}\n",
        seven_inc=FUNCTION % 7,
        lib__deep_inc=FUNCTION % 70,
        lib__x_h="#define FOUR 4.0\n",
    )
    compile_mechanisms(folder, library)
    insert = "[s.sec.insert(name) and 0 for name in ('one', 'two', 'three', 'four')]"
    values = "h.seven_one(), h.seven_two(), h.seven_three(), s.four.four()"
    assert asked(library, f"*{insert}, {values}") == ["0"] * 4 + ["7.0", "70.0", "70.0", "4.0"]


@pytest.mark.parametrize(
    "files",
    [
        {"x_mod": LEAK % "x", "sub__x_mod": LEAK % "y"},
        {"x_mod": LEAK % "x", "x_MOD": LEAK % "y"},
        {"a__x_mod": LEAK % "x", "b__x_mod": LEAK % "x"},
        # An INCLUDE of that name would get one of the two.
        {"y_mod": LEAK % "y", "a__x_inc": FUNCTION % 1, "b__x_inc": FUNCTION % 2},
        {"y_mod": LEAK % "y", "x_h": "", "b__x_h": ""},
    ],
)
def test_two_files_of_one_name_are_refused(tmp_path, files):
    with pytest.raises(MechanismError, match=r"m/.* and .*/m/.* have the same name; rename one$"):
        sources(model(tmp_path / "m", **files))


def test_the_mechanism_of_the_course_compiles_and_loads_elsewhere(tmp_path):
    library = tmp_path / "build" / "libnrnmech.so"
    said = compile_mechanisms(MODELS / "point_source", library)
    assert "RxDSyn" in said
    assert [path.name for path in library.parent.iterdir()] == [library.name]
    assert asked(library, "h.RxDSyn(s).tau") == ["3.0"]


def test_a_broken_mechanism_ends_with_the_compilers_message(tmp_path):
    library = tmp_path / "build" / "libnrnmech.so"
    copy = model(tmp_path / "copy", bad_mod=(LEAK % "bad").replace("g * (v", "g * w * (v"))
    with pytest.raises(MechanismError) as refusal:
        compile_mechanisms(copy, library, origin=Path("config/models/mine"))
    said = str(refusal.value)
    assert said.startswith("nrnivmodl refused config/models/mine (exit code")
    assert str(copy) not in said
    assert "bad.mod" in said
    assert "w" in said.partition("bad.mod")[2]
    assert not list(library.parent.iterdir())


def test_an_include_that_is_not_there_is_named(tmp_path):
    folder = model(tmp_path / "m", x_mod=LEAK % "x" + '\nINCLUDE "../shared.inc"\n')
    with pytest.raises(MechanismError, match=r"(?s)nrnivmodl refused .*shared\.inc"):
        compile_mechanisms(folder, tmp_path / "build" / "libnrnmech.so")


def test_results_in_a_path_with_spaces(tmp_path):
    library = tmp_path / "my results" / "libnrnmech.so"
    compile_mechanisms(model(tmp_path / "m", x_mod=LEAK % "x"), library)
    assert [path.name for path in library.parent.iterdir()] == [library.name]


def test_an_environment_in_a_path_with_spaces_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/a b/.venv")
    folder = model(tmp_path / "m", x_mod=LEAK % "x")
    with pytest.raises(MechanismError, match=r"path with spaces.*move the checkout") as refusal:
        compile_mechanisms(folder, tmp_path / "libnrnmech.so")
    assert "\n" not in str(refusal.value)


def test_a_mechanism_with_the_name_of_one_of_neurons_does_not_load(tmp_path):
    library = tmp_path / "build" / "libnrnmech.so"
    folder = model(tmp_path / "m", hh_mod=LEAK % "hh")
    with pytest.raises(MechanismError, match="compile but do not load"):
        compile_mechanisms(folder, library)
    assert not library.exists()
