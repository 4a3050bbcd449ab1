import textwrap

import pytest

from dendroflow.errors import ModelError
from dendroflow.plan.code import digest_of_model, digest_of_python, library_files
from dendroflow.plan.recipe import MEASURING, SIMULATING, measures
from dendroflow.settings.features import Features

CODE = '''
"""A module."""

def area(d):
    """Area (µm²)."""
    return 3.14 * d * d  # of a sphere
'''


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("# of a sphere", ""),
        CODE.replace('"""Area (µm²)."""', '"""Surface."""'),
        CODE.replace('    """Area (µm²)."""\n', ""),
        CODE.replace('"""A module."""', "# nothing"),
        CODE.replace("3.14 * d * d", "(3.14 *\n            d * d)"),
    ],
)
def test_words_and_layout_do_not_count(same):
    assert digest_of_python(same) == digest_of_python(CODE)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("3.14", "3.15"),
        CODE.replace("d * d", "d + d"),
        CODE.replace("area", "surface"),
        CODE + "\narea(1)\n",
    ],
)
def test_what_code_does_counts(other):
    assert digest_of_python(other) != digest_of_python(CODE)


def test_code_that_does_not_parse_is_named():
    with pytest.raises(ModelError, match=r"model\.py: line 2: SyntaxError"):
        digest_of_python("x = 1\ndef", "model.py")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "table.csv").write_text("1,2\n", encoding="utf-8")
    return tmp_path


def test_every_file_of_a_model_counts_but_notes_and_mechanisms(folder):
    before = digest_of_model(folder)
    (folder / "README.md").write_text("words", encoding="utf-8")
    (folder / "ca.mod").write_text("NEURON {}", encoding="utf-8")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "model.cpython-311.pyc").write_bytes(b"x")
    assert digest_of_model(folder) == before
    (folder / "table.csv").write_text("1,3\n", encoding="utf-8")
    assert digest_of_model(folder) != before


def test_a_helper_module_of_a_model_counts(folder):
    before = digest_of_model(folder)
    (folder / "helper.py").write_text(textwrap.dedent("x = 1"), encoding="utf-8")
    after = digest_of_model(folder)
    assert after != before
    (folder / "helper.py").write_text("x = 1  # one", encoding="utf-8")
    assert digest_of_model(folder) == after


def test_the_recipe_covers_what_decides_a_simulation_and_little_else():
    files = library_files(*SIMULATING)
    assert {"kernel/lanes.py", "kernel/model.py", "morphology/sections.py"} <= set(files)
    assert not [file for file in files if file.startswith(("figures", "stores", "plan", "design"))]


def test_the_measures_cover_what_decides_a_feature():
    files = library_files(*MEASURING)
    assert {"features/extract.py", "features/statistics.py", "features/recordings.py"} <= set(files)
    assert not [file for file in files if file.startswith(("figures", "engine", "plan", "model"))]


def test_measures_follow_the_declared_features():
    block = {"signal": "v", "statistics": ["maximum"]}
    names = {
        measures(Features.model_validate(block | changed)).name
        for changed in ({}, {"statistics": ["minimum"]}, {"window": [0, 5]}, {"prefix": "x"})
    }
    assert len(names) == 4
