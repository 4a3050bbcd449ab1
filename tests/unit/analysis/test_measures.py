"""Morphometrics of cells small enough to be measured by hand."""

import math
from pathlib import Path

import pytest

from dendroflow.analysis.morphometrics import MORPHOMETRICS, morphometrics
from dendroflow.analysis.names import UNITS

DATA = Path(__file__).parents[2] / "data" / "morphologies"

# A soma of radius 5, a basal tree of 30 + 40 + 2 x 10 µm, and an axon of 7 µm and one more point.
SMALL = """1 1 0 0 0 5 -1
2 1 0 5 0 5 1
3 1 0 -5 0 5 1
4 3 5 0 0 1 1
5 3 35 0 0 1 4
6 3 35 40 0 0.5 5
7 3 45 0 0 0.5 5
8 3 45 40 0 0.5 6
9 3 35 50 0 0.5 6
10 2 0 -5 0 0.25 1
11 2 0 -12 0 0.25 10
"""


def measured(path):
    table = morphometrics("cell", path)
    assert table.schema == MORPHOMETRICS
    rows = {row["metric"]: row for row in table.to_pylist()}
    assert list(rows) == list(UNITS)
    assert all(row["unit"] == UNITS[metric] for metric, row in rows.items())
    return rows


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.swc"
    path.write_text(SMALL)
    return path


def test_a_cell_measured_by_hand(small):
    rows = measured(small)
    expected = {
        "soma_diameter": 10,
        "soma_area": 100 * math.pi,
        "basal_total_length": 30 + 40 + 10 + 10 + 10,
        "basal_trees": 1,
        "basal_sections": 5,
        "basal_branch_points": 2,
        "basal_tips": 3,
        "basal_max_path_length": 30 + 40 + 10,
        "basal_max_radial_distance": math.hypot(35, 50),
        "basal_max_branch_order": 2,
        "basal_max_strahler_order": 2,
        "basal_trunk_diameter": 2,
        # A cylinder, a cone of unequal ends, and three thinner pieces.
        "basal_volume": math.pi * (30 + 40 / 3 * (1 + 0.5 + 0.25) + 10 / 3 * 1.75 + 20 * 0.25),
        "axon_total_length": 7,
        "axon_sections": 1,
        "axon_branch_points": 0,
        "axon_area": math.pi * 0.5 * 7,
    }
    found = {metric: rows[metric]["value"] for metric in expected}
    assert found == pytest.approx(expected, rel=1e-5)
    assert rows["dendrites_total_length"]["value"] == rows["basal_total_length"]["value"]


def test_what_a_cell_does_not_have_is_absent(small):
    rows = measured(small)
    lost = [row for metric, row in rows.items() if metric.startswith("apical_")]
    assert {row["status"] for row in lost} == {"absent"}
    assert {row["value"] for row in lost} == {None}
    assert {row["error"] for row in lost} == {"the cell has no apical dendrite"}


def test_a_section_with_one_child_is_one_with_it(tmp_path):
    # MorphIO starts a section where the type changes, and where a Neurolucida file says so.
    path = tmp_path / "bent.asc"
    path.write_text(
        '("CellBody" (CellBody) (0 5 0 0.2) (5 0 0 0.2) (0 -5 0 0.2) (-5 0 0 0.2))\n'
        "((Dendrite) (5 0 0 2) (15 0 0 2) ((25 0 0 2) (35 0 0 2)))\n"
    )
    rows = measured(path)
    assert rows["basal_sections"]["value"] == 1
    assert rows["basal_tips"]["value"] == 1
    assert rows["basal_total_length"]["value"] == pytest.approx(30)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("1 1 0 0 0 5 -1\n2 3 5 0 0 1 99\n", "99"),
        # MorphIO reads these, and leaves the cycle out.
        (SMALL + "12 3 90 0 0 1 14\n13 3 95 0 0 1 12\n14 3 99 0 0 1 13\n", "14"),
        (SMALL + "12 3 90 0 0 1 -1\n13 3 95 0 0 1 12\n", "root"),
        (SMALL.replace(" 1 ", " 3 ", 1), "soma"),
        # MorphIO knows no spines with properties; NEURON's importer does.
        ((DATA / "branched.asc").read_text(), "spine"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_rows(tmp_path, content, says):
    path = tmp_path / ("broken.swc" if content[0] == "1" else "broken.asc")
    path.write_text(content)
    rows = measured(path)
    assert {row["status"] for row in rows.values()} == {"failed"}
    (error,) = {row["error"] for row in rows.values()}
    assert says in error
    assert error.isprintable()
