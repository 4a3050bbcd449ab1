"""A calcium wave against an independent solution of its equations, and its mesh convergence."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dendroflow.runs.pool import run_points
from dendroflow.runs.workload import Workload

MOLECULES_PER_MM_UM3 = 602214.076


@pytest.fixture(scope="module")
def wave(experiment):
    found = experiment("calcium_wave")
    shown = {0.06, 0.07, 0.3, 1.0}
    found.points = [
        p for p in found.points if p.parameters["ip3"] in shown and p.parameters["dx"] >= 0.5
    ]
    table, _ = found.run()
    return found, table.set_index(["ip3", "dx"])


def run(found, **changed):
    """Run the point of 0.3 µM IP3 and segments of 1 µm, with other parameters or duration."""
    point = next(p for p in found.points if (p.parameters["ip3"], p.parameters["dx"]) == (0.3, 1.0))
    settings = dataclasses.replace(point.settings, duration=changed.pop("duration", 1000.0))
    point = dataclasses.replace(
        point, settings=settings, parameters={**point.parameters, **changed}
    )
    (result,) = run_points(Workload(found.model, {}, {}), [point], workers=1, timeout_s=120)
    return result


def speed_in_scipy(parameters, dx=2.0):
    """Speed (µm/s) by finite volumes and scipy's LSODA, written down from the equations alone."""
    p = SimpleNamespace(**parameters)
    n = round(p.length / dx)
    places = (np.arange(n) + 0.5) * dx
    # The membrane between cytosol and ER is as wide as the diameter.
    whole = np.pi * p.diameter**2 / 4
    cytosol, er = whole * (1 - p.er_fraction), whole * p.er_fraction
    per_molecule = p.diameter / MOLECULES_PER_MM_UM3
    half_pump, half_activation, half_inactivation = (
        1e-3 * h for h in (p.half_pump, p.half_activation, p.half_inactivation)
    )

    def released(c, e, g):
        opened = (p.ip3 / (p.ip3 + p.half_ip3) * c / (c + half_activation) * g) ** 3
        pumped = p.pump * c**2 / (c**2 + half_pump**2)
        return (p.release * opened + p.leak) * (e - c) - pumped

    def diffused(c):
        padded = np.pad(c, 1, mode="edge")
        return p.diffusion * np.diff(padded, 2) / dx**2

    def rates(_, y):
        c, e, g = y.reshape(n, 3).T
        j = per_molecule * released(c, e, g)
        changes = (
            diffused(c) + j / cytosol,
            diffused(e) - j / er,
            (half_inactivation / (half_inactivation + c) - g) / p.tau,
        )
        return np.array(changes).T.ravel()

    gate = half_inactivation / (half_inactivation + 1e-4)
    # Calcium in the ER at which nothing is released at rest, where the release is linear in it.
    at_zero, at_one = (released(1e-4, e, gate) for e in (0.0, 1.0))
    stored = -at_zero / (at_one - at_zero)
    start = np.array([np.where(places < p.stimulated, 1e-3 * p.stimulus, 1e-4)] * 3)
    start[1], start[2] = stored, gate
    times = np.arange(0.0, 5000.0, 2.0)
    solved = solve_ivp(
        rates,
        (0, times[-1]),
        start.T.ravel(),
        method="LSODA",
        t_eval=times,
        rtol=1e-6,
        atol=1e-10,
        lband=3,
        uband=3,
    )
    assert solved.success
    calcium = solved.y[0::3]
    first = (calcium >= 5e-4).argmax(axis=1)
    timed = np.flatnonzero((places >= 0.4 * p.length) & (places <= 0.8 * p.length))
    arrivals = [
        np.interp(5e-4, calcium[i, first[i] - 1 : first[i] + 1], times[first[i] - 1 : first[i] + 1])
        for i in timed
    ]
    return 1000 * np.polyfit(arrivals, places[timed], 1)[0]


def test_the_speed_is_that_of_an_independent_solution(wave):
    found, table = wave
    point = next(p for p in found.points if p.parameters["ip3"] == 0.3)
    expected = speed_in_scipy(found.model.Parameters(**point.parameters).model_dump())
    assert table.loc[(0.3, 2.0), "speed_final"] == pytest.approx(expected, rel=1e-4)


def test_the_speed_converges_with_the_mesh(wave):
    _, table = wave
    speeds = table["speed_final"].loc[0.3].sort_index(ascending=False)
    assert speeds.index.tolist() == [8.0, 4.0, 2.0, 1.0, 0.5]
    changes = np.abs(np.diff(speeds))
    # At least of second order: half the segment, a quarter of the change.
    assert (changes[1:] < changes[:-1] / 3.5).all()
    assert changes[-1] < 1e-3 * speeds[0.5]


def test_more_ip3_makes_the_wave_possible_then_faster_then_slower(wave):
    _, table = wave
    assert (table["status"] == "ok").all()
    speeds = table["speed_final"].xs(1.0, level="dx")
    assert np.isnan(speeds[0.06])
    assert 0 < speeds[0.07] < speeds[0.3] < speeds[1.0]
    # The wave that dies out leaves the middle at rest.
    middle = table["ca_middle_maximum"].xs(1.0, level="dx")
    assert middle[0.06] < 5e-4 < middle[0.07]


def test_calcium_is_conserved_in_cytosol_and_er_together(wave):
    _, table = wave
    assert (table["calcium_error_final"] < 1e-12).all()


def test_without_a_stimulus_the_dendrite_stays_at_rest(wave):
    found, _ = wave
    result = run(found, stimulus=0.1, duration=10000.0)
    assert result.outcomes[0].status == "ok", result.outcomes[0].error
    for signal, values in zip(result.traces["signal"], result.traces["values"], strict=True):
        if signal.as_py().endswith("_middle"):
            samples = np.array(values.as_py())
            assert samples == pytest.approx(np.full_like(samples, samples[0]), rel=1e-6)


def test_a_run_that_ends_before_the_wave_has_passed_says_so(wave):
    found, _ = wave
    (outcome,) = run(found, duration=2500.0).outcomes
    assert outcome.status == "failed"
    assert "choose a longer simulation.duration" in outcome.error


def test_a_length_that_segments_do_not_fill_is_refused(wave):
    found, _ = wave
    (outcome,) = run(found, dx=3.0).outcomes
    assert outcome.status == "failed"
    assert "length 200.0 µm is not a multiple of dx 3.0 µm" in outcome.error
