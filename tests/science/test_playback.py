"""A trace that is played back: the clamp follows it, and its current is what theory says."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dendroflow.model import read_trace

RECORDED = Path(__file__).parents[2] / "config/models/action_potential_clamp/traces.csv"
STEP = 0.02  # nA, from 5 to 10 ms
AREA = np.pi * 10 * 10 * 1e-8  # cm²


def clamp(experiment, dt):
    found = experiment("action_potential_clamp")
    found.points = [
        dataclasses.replace(p, settings=dataclasses.replace(p.settings, dt=dt))
        for p in found.points
    ]
    table, traces = found.run()
    assert (table["status"] == "ok").all()
    rows = traces.to_pandas().set_index(["point_id", "signal"])["values"]
    return {
        gnabar: {name: np.asarray(rows[(point, name)]) for name in ("soma_v", "clamp_current")}
        for gnabar, point in table.set_index("gnabar")["point_id"].items()
    }


@pytest.fixture(scope="module")
def clamped(experiment):
    return clamp(experiment, 0.025)


def test_the_shipped_trace_is_what_its_experiment_gives(experiment):
    _, traces = experiment("action_potential").run()
    _, values = read_trace(RECORDED, "soma_v")
    assert values == pytest.approx(traces["values"][0].as_py(), abs=1e-9)


def test_the_clamp_follows_the_recording(clamped):
    times, recorded = read_trace(RECORDED, "soma_v")
    # NEURON plays the value of the middle of a step.
    commanded = np.interp(times - 0.0125, times, recorded)
    for gnabar, signals in clamped.items():
        # 1 kΩ in series takes 1 mV per µA.
        assert np.abs(signals["soma_v"] - commanded)[1:].max() < 0.01, gnabar


def test_the_same_cell_needs_the_current_that_evoked_it(clamped):
    times, _ = read_trace(RECORDED, "soma_v")
    current = clamped[0.12]["clamp_current"]
    sodium = clamped[0.0]["clamp_current"].max()
    quiet = (times > 5.1) & (times < 7)
    assert current[quiet] == pytest.approx(STEP, rel=0.02)
    assert np.abs(current[(times > 10.5)]).max() < 0.02 * STEP
    # In the upstroke the two large currents cancel up to the error of the step.
    step = np.where((times > 5) & (times <= 10), STEP, 0.0)
    assert np.abs(current - step)[1:].max() < 0.01 * sodium


def sodium_current(times, potential, gnabar):
    """Inward current (nA) of hh's sodium channels under a potential (Hodgkin, Huxley 1952)."""

    def rates(v):
        am = 0.1 * (v + 40) / -np.expm1(-(v + 40) / 10)
        bm = 4 * np.exp(-(v + 65) / 18)
        ah = 0.07 * np.exp(-(v + 65) / 20)
        bh = 1 / (np.exp(-(v + 35) / 10) + 1)
        return am, bm, ah, bh

    def slope(t, y):
        am, bm, ah, bh = rates(np.interp(t, times, potential))
        return am * (1 - y[0]) - bm * y[0], ah * (1 - y[1]) - bh * y[1]

    am, bm, ah, bh = rates(potential[0])
    solved = solve_ivp(
        slope,
        (times[0], times[-1]),
        (am / (am + bm), ah / (ah + bh)),
        t_eval=times,
        rtol=1e-8,
        atol=1e-10,
        max_step=0.05,
    )
    m, h = solved.y
    return -1e6 * gnabar * m**3 * h * (potential - 50) * AREA


def test_the_clamp_supplies_the_sodium_current(experiment):
    # What the interpolated command adds to the capacitive current is the same in all cells.
    fine = clamp(experiment, 0.0025)
    times = 0.0025 * np.arange(len(fine[0.12]["soma_v"]))
    expected = sodium_current(times, fine[0.12]["soma_v"], 0.12)
    assert expected.max() > 2
    for gnabar in (0.0, 0.06):
        missing = (0.12 - gnabar) / 0.12 * expected
        supplied = fine[gnabar]["clamp_current"] - fine[0.12]["clamp_current"]
        assert np.abs(supplied - missing)[1:].max() < 0.01 * missing.max()
