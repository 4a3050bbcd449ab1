"""Cells in space: the potential that their currents make, and what distance does to it."""

from pathlib import Path

import bluepyopt
import numpy as np
import pytest
from scipy.integrate import quad

from dendroflow.kernel.extracellular import line_source_resistances
from dendroflow.kernel.lanes import run_together
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.model import ExtracellularPotential, Model, current_step, quantity
from dendroflow.morphology.importing import import_sections

CELL = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"


@pytest.mark.parametrize(
    "place", [(50, 30, 0), (120, 1, 0), (-40, 0, 5), (500, -300, 200), (101, 0, 0)]
)
def test_a_line_is_the_integral_of_points(place):
    start, end = np.array([[0.0, 0, 0]]), np.array([[100.0, 0, 0]])
    radius = np.array([0.5])
    (found,) = line_source_resistances(start, end, radius, np.array([place], float), 0.3)

    def point(s):
        return 1 / (4 * np.pi * 0.3 * np.linalg.norm(np.array(place) - [s, 0, 0])) / 100

    nearest = min(max(place[0], 0), 100)
    across = max(np.hypot(place[1], place[2]), 0.5)
    if across == 0.5:  # on the axis the line is seen from its surface
        place = (place[0], 0.5, 0)
    expected = quad(point, 0, 100, points=[nearest], epsabs=0, epsrel=1e-11)[0]
    assert found[0] == pytest.approx(expected, rel=1e-9)


def test_far_away_a_line_is_a_point():
    found = line_source_resistances(
        np.array([[-5.0, 0, 0], [0, 0, 0]]),
        np.array([[5.0, 0, 0], [0, 0, 0]]),
        np.array([5.0, 5.0]),
        np.array([[0, 1000.0, 0]]),
        0.3,
    )
    assert found[0] == pytest.approx(1 / (4 * np.pi * 0.3 * 1000), rel=1e-4)


def test_conductivity_must_be_positive():
    with pytest.raises(ValueError, match="must be positive"):
        line_source_resistances(np.zeros((1, 3)), np.ones((1, 3)), np.ones(1), np.ones((1, 3)), 0)


class Compact(Model):
    """A ball whose current is known: what is injected leaves it through the membrane."""

    class Parameters(Model.Parameters):
        distance: float = quantity(100.0, "µm")
        listen: bool = quantity(True)

    signals = {"v": "mV", "phi": "mV"}

    def build(self, p):
        from neuron import h

        self.soma = h.Section("soma", self)
        for x in (-5, 5):
            self.soma.pt3dadd(x, 0, 0, 10)
        self.soma.insert("hh")
        self.step = current_step(self.soma(0.5), 1, 5, 0.5)
        self.record("v", self.soma(0.5)._ref_v)
        listen = float
        if p.listen:
            potential = ExtracellularPotential([self.soma], [(0, 0, p.distance)], 0.3)
            listen = lambda: potential.at(0)  # noqa: E731
        self.sample("phi", listen, sampling=0.5)


def simulate(name, **parameters):
    settings = SolverSettings(10.0, 0.025, -65.0, 6.3, "backward_euler", 1e-3, 0.0, None)
    result = run_together(Compact, [Point(name, parameters, settings, 1, None)], {}, {})
    assert result.outcomes[0].status == "ok"
    return dict(zip(result.traces["signal"].to_pylist(), result.traces["values"], strict=True))


def test_a_compact_cell_is_a_point_source():
    """0.5 nA at 100 µm in 0.3 S/m: I / (4 pi sigma r) = 1.33e-3 mV."""
    for distance in (100.0, 200.0, 400.0):
        phi = np.array(simulate("far", distance=distance)["phi"].as_py())
        expected = 0.5 / (4 * np.pi * 0.3 * distance)  # nA / (S/m µm) is mV
        during = phi[4:11]  # 2 to 5 ms; the step lasts from 1 to 6 ms
        assert during == pytest.approx(np.full(7, expected), rel=(5 / distance) ** 2)
        assert abs(phi[-1]) < 1e-9 * expected


def test_listening_changes_no_voltage():
    from neuron import h

    h.CVode().use_fast_imem(False)
    quiet = simulate("quiet", listen=False)["v"].as_py()
    assert simulate("loud", listen=True)["v"].as_py() == quiet


@pytest.fixture(scope="module")
def population(experiment):
    found = experiment("population")
    geometry = {"C060114A7": import_sections(CELL)}
    kept = {(20.0, 60.0), (200.0, 60.0), (300.0, 60.0), (50.0, 240.0)}
    found.points = [
        p for p in found.points if (p.parameters["electrode"], p.parameters["spacing"]) in kept
    ]
    table, traces = found.run(geometry)
    table = table[table["point_id"].isin([p.point_id for p in found.points])]
    assert (table["status"] == "ok").all()
    return found, table, traces


def test_membrane_currents_sum_to_zero(population):
    _, table, _ = population
    # The soma alone carries some nA while it spikes.
    assert table["imbalance_maximum"].abs().max() < 1e-10
    assert table["imbalance_minimum"].abs().max() < 1e-10


def test_the_amplitude_falls_faster_than_that_of_a_monopole(population):
    _, table, _ = population
    by = table[table["spacing"] == 60].set_index("electrode")["electrode_v_peak_to_peak"]
    by = by.sort_index()
    slopes = np.diff(np.log(by)) / np.diff(np.log(by.index))
    assert by.is_monotonic_decreasing
    # A cell's currents sum to zero: between a point (-1) and a dipole (-2), or beyond it.
    assert (slopes < -1.2).all()
    assert slopes[-1] < -1.8
    assert (slopes > -3).all()


def test_twice_the_conductivity_is_half_the_potential():
    lines = np.zeros((3, 3)), np.eye(3) * 20, np.ones(3), np.array([[50.0, 60, 70]])
    halves = line_source_resistances(*lines, 0.6)
    assert line_source_resistances(*lines, 0.3) == pytest.approx(2 * halves, rel=1e-12)


def test_spikes_arrive_after_the_time_that_their_distance_takes(population):
    found, _, traces = population
    for point in found.points:
        rows = traces.filter([i == point.point_id for i in traces["point_id"].to_pylist()])
        values = dict(zip(rows["signal"].to_pylist(), rows["values"], strict=True))
        soma, near, far = (np.array(values[s].as_py()) for s in ("soma_v", "near_v", "far_v"))
        crossed = 0.025 * np.argmax(soma > 0)
        for v, steps in ((near, 1.0), (far, 3.0)):
            distance = steps * point.parameters["spacing"]
            # An EPSP starts with a kink: the largest change of the slope.
            onset = 0.025 * (np.argmax(np.diff(v, 2)) + 1)
            expected = crossed + 0.5 + distance / point.parameters["velocity"]
            assert onset == pytest.approx(expected, abs=0.051)


def test_far_cells_are_excited_less(population):
    _, table, _ = population
    table = table.groupby("spacing").first()
    for column in ("near_v_maximum", "far_v_maximum"):
        assert table.loc[60.0, column] > table.loc[240.0, column] > -65
    assert (table["near_v_maximum"] > table["far_v_maximum"]).all()


def test_cells_lie_where_they_were_put(population):
    found, _, traces = population
    point = next(p for p in found.points if p.parameters["spacing"] == 240)
    rows = traces.filter([i == point.point_id for i in traces["point_id"].to_pylist()])
    somata = {}
    for row in rows.select(["signal", "location", "outline"]).to_pylist():
        if row["signal"] == "v" and ".soma[0](" in row["location"]:
            cell = row["location"].partition(".")[0]
            somata.setdefault(cell, []).extend(np.array(row["outline"]).reshape(-1, 4)[:, :3])
    assert len(somata) == 10
    middles = {k: (np.min(o, axis=0) + np.max(o, axis=0)) / 2 for k, o in somata.items()}
    for k in range(10):
        place = found.model.place(k, 240)
        assert middles[f"pyramidal[{k}]"] == pytest.approx(place, abs=0.01)
