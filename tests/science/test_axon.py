"""A conducted action potential: published speed, cable theory, and orders of convergence."""

import numpy as np
import pytest

from dendroflow.figures.power_law import fit


@pytest.fixture(scope="module")
def speeds(experiment):
    table, _ = experiment("axon_speed").run()
    assert (table["status"] == "ok").all()
    return table


def test_the_speed_that_hodgkin_and_huxley_computed(speeds):
    """18.8 m/s at 18.5 °C and 476 µm, by hand; J Physiol 117:500-544 (1952), p. 528."""
    squid = speeds[(speeds["diameter"] == 476) & (speeds["celsius"] == 18.5)]
    assert squid["conduction_speed"].item() == pytest.approx(18.8, rel=0.005)


@pytest.mark.parametrize("celsius", [6.3, 18.5])
def test_speed_grows_with_the_root_of_the_diameter(speeds, celsius):
    line = speeds[(speeds["diameter"] <= 100) & (speeds["celsius"] == celsius)]
    assert len(line) == 7
    _, exponent = fit(line["diameter"], line["conduction_speed"])
    assert exponent == pytest.approx(0.5, abs=0.002)


def test_heat_speeds_conduction_up_and_blocks_it(speeds):
    squid = speeds[speeds["diameter"] == 476].set_index("celsius")["conduction_speed"]
    conducted = squid.dropna()
    assert 26 < conducted.idxmax() < 33
    assert conducted.loc[:28].is_monotonic_increasing
    # Huxley 1959 (Ann N Y Acad Sci 81:221-246): block is sudden, not a gradual slowing to zero.
    assert 32 <= conducted.index.max() < squid.index.max()
    assert conducted.iloc[-1] > 0.9 * conducted.max()


def test_the_speed_is_that_of_a_travelling_wave(experiment):
    """In a wave v(x - θt), the second derivatives in space and in time differ by θ²."""
    found = experiment("axon_discretisation")
    point = next(p for p in found.points if p.parameters["dx"] == 62.5)
    table, traces = found.run_one(_with_neighbours(found.model), point)
    theta = table["conduction_speed"].item() * 1e3  # µm/ms
    rows = traces.to_pandas().set_index("signal")["values"]
    left, here, right = (np.asarray(rows[name]) for name in ("left", "here", "right"))
    dt, dx = point.settings.dt, point.parameters["dx"]
    in_time = (here[2:] - 2 * here[1:-1] + here[:-2]) / dt**2
    in_space = (left + right - 2 * here)[1:-1] / dx**2
    slope = np.polyfit(in_space, in_time, 1)[0]
    assert np.sqrt(slope) == pytest.approx(theta, rel=0.005)


def _with_neighbours(model):
    """The same axon, recorded also in three segments in a row."""

    class Neighbours(model):
        signals = {**model.signals, "left": "mV", "here": "mV", "right": "mV"}

        def build(self, p):
            super().build(p)
            middle = list(self.between)[self.between.nseg // 2 - 1 :][:3]
            for name, segment in zip(("left", "here", "right"), middle, strict=True):
                self.record(name, segment._ref_v)

    return Neighbours


@pytest.fixture(scope="module")
def errors(experiment):
    table, _ = experiment("axon_discretisation").run()
    best = {
        "dx": table[(table["dx"] == 20) & (table["dt"] == 0.001)],
        "dt": table[table["dt"] == 0.00025],
    }

    def order(axis, chosen):
        rows = table[chosen(table)]
        rows = rows[~rows["point_id"].isin(best[axis]["point_id"])]
        error = (rows["conduction_speed"] / best[axis]["conduction_speed"].item() - 1).abs()
        return fit(rows[axis], error)[1], error

    return order


def test_second_order_in_space(errors):
    order, error = errors(
        "dx",
        lambda t: (t["dt"] == 0.001) & (t["solver"] == "crank_nicolson"),
    )
    assert len(error) == 5
    assert order == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(("solver", "expected"), [("backward_euler", 1), ("crank_nicolson", 2)])
def test_order_in_time(errors, solver, expected):
    order, error = errors("dt", lambda t: (t["dx"] == 125) & (t["solver"] == solver))
    assert len(error) == 6
    assert order == pytest.approx(expected, abs=0.12)
