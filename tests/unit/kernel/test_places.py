"""Cells at places of their own, and what is recorded outside of them."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dendroflow.kernel.lanes import run_together
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.model import Model, quantity, square
from dendroflow.morphology.importing import import_sections
from dendroflow.morphology.sections import lengths_of

SWC = Path(__file__).parents[2] / "data" / "morphologies" / "branched.swc"
SETTINGS = SolverSettings(2.0, 0.025, -65.0, 6.3, "backward_euler", 1e-3, 0.0, None)
PLACES = [(0.0, 0.0, 0.0), (100.0, -50.0, 20.0), (-300.0, 10.0, 0.0)]


@pytest.fixture(scope="module")
def geometry():
    return import_sections(SWC)


class Several(Model):
    class Parameters(Model.Parameters):
        variable: str = quantity("v")
        count: int = quantity(4)

    signals = {"v": "mV", "field": "mV"}
    needs_morphology = True

    def build(self, p):
        turns = [None, Rotation.from_euler("z", 90, degrees=True), Rotation.identity()]
        self.cells = [
            self.place_morphology(f"cell[{k}]", place, turn)
            for k, (place, turn) in enumerate(zip(PLACES, turns, strict=True))
        ]
        sections = [section for cell in self.cells for section in cell.all]
        for section in sections:
            section.insert("pas")
        self.record_segments("v", p.variable, sections, sampling=0.5)
        calls = []

        def field():
            calls.append(len(calls))
            return [10.0 * k + len(calls) for k in range(p.count)]

        self.record_field("field", square((0, 0, 7), 20, 2), field, sampling=0.5)


def run(geometry, **parameters):
    point = Point("several", parameters, SETTINGS, 1, "branched")
    return run_together(Several, [point], {"branched": geometry}, {})


def test_cells_lie_where_they_are_put_and_have_names_of_their_own(geometry):
    result = run(geometry)
    (outcome,) = result.outcomes
    assert (outcome.status, outcome.error) == ("ok", None)
    assert outcome.compartments == 3 * len(geometry.names)
    names = result.traces["location"].to_pylist()
    cells = [name for name in names if name.startswith("cell[")]
    assert len(set(cells)) == len(cells) == 3 * len(geometry.names)
    assert f"cell[1].{geometry.names[0]}(0.5)" in cells


@pytest.mark.parametrize("angle", [0.0, 90.0, 31.0])
def test_a_placed_cell_keeps_its_shape(geometry, angle):
    place = (100.0, -50.0, 20.0)
    placed = geometry.placed(place, Rotation.from_euler("xyz", [angle, 10, 0], degrees=True))
    root = placed.points[: placed.starts[1], :3]
    assert (root.min(axis=0) + root.max(axis=0)) / 2 == pytest.approx(place, abs=5)
    assert lengths_of(placed) == pytest.approx(lengths_of(geometry), rel=1e-4)
    assert (placed.points[:, 3] == geometry.points[:, 3]).all()
    chosen = np.random.default_rng(1).integers(0, len(geometry.points), (50, 2))
    for a, b in chosen:
        distances = [
            np.linalg.norm(g.points[a, :3].astype(float) - g.points[b, :3].astype(float))
            for g in (geometry, placed)
        ]
        assert distances[1] == pytest.approx(distances[0], abs=1e-3)


def test_a_quarter_turn_takes_x_to_y(geometry):
    turned = geometry.placed((0, 0, 0), Rotation.from_euler("z", 90, degrees=True)).points
    straight = geometry.placed((0, 0, 0)).points
    assert turned[:, 0] == pytest.approx(-straight[:, 1], abs=1e-4)
    assert turned[:, 1] == pytest.approx(straight[:, 0], abs=1e-4)
    assert turned[:, 2] == pytest.approx(straight[:, 2], abs=1e-4)


def test_a_field_is_a_row_for_each_voxel(geometry):
    traces = run(geometry).traces
    rows = [
        (outline, values)
        for signal, outline, values in zip(
            *(traces[k].to_pylist() for k in ("signal", "outline", "values")), strict=True
        )
        if signal == "field"
    ]
    assert [outline for outline, _ in rows] == [
        [-5, -5, 7, 10],
        [-5, 5, 7, 10],
        [5, -5, 7, 10],
        [5, 5, 7, 10],
    ]
    for k, (_, values) in enumerate(rows):
        assert values == [10.0 * k + call for call in range(1, 6)]  # at 0, 0.5, ... 2 ms


def test_a_variable_that_a_section_lacks_is_named(geometry):
    (outcome,) = run(geometry, variable="m_hh").outcomes
    assert outcome.status == "failed"
    assert "has no range variable 'm_hh': insert its mechanism there" in outcome.error


def test_a_field_of_another_size_is_an_error(geometry):
    from dendroflow.kernel.lanes import GroupFailedError

    with pytest.raises(GroupFailedError):
        run(geometry, count=3)


def test_without_a_morphology_there_is_nothing_to_place():
    (outcome,) = run_together(Several, [Point("none", {}, SETTINGS, 1, None)], {}, {}).outcomes
    assert "Several needs a morphology and was given none" in outcome.error
