"""The clock of Drosophila against published periods and scipy's stiff solver."""

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dendroflow.runs.pool import run_points
from dendroflow.runs.workload import Workload

START = {
    "per_mrna": 0.0614368,
    "per": 0.0169928,
    "per_p": 0.0141356,
    "per_pp": 0.0614368,
    "tim_mrna": 0.0860342,
    "tim": 0.0217261,
    "tim_p": 0.0213384,
    "tim_pp": 0.0145428,
    "dimer": 0.207614,
    "nuclear": 1.34728,
}


def rates(_, y, light, kd):
    """Leloup, Gonze, Goldbeter 1999, equations 1a to 1j, in nM and h."""
    mp, p0, p1, p2, mt, t0, t1, t2, c, cn = y

    def saturating(rate, half, x):
        return rate * x / (half + x)

    def step(x, phosphorylated):
        return saturating(8, 2, x) - saturating(1, 2, phosphorylated)

    expressed = 1 / (1 + cn**4)
    bound, entered = 1.2 * p2 * t2 - 0.6 * c, 0.8 * c - 0.2 * cn
    gained = [
        1.1 * expressed - saturating(1.0, 0.2, mp),
        0.9 * mp - step(p0, p1),
        step(p0, p1) - step(p1, p2),
        step(p1, p2) - bound - saturating(2.2, 0.2, p2),
        1.0 * expressed - saturating(0.7, 0.2, mt),
        0.9 * mt - step(t0, t1),
        step(t0, t1) - step(t1, t2),
        step(t1, t2) - bound - saturating(light, 0.2, t2),
        bound - entered,
        entered,
    ]
    return np.array(gained) - kd * np.array(y)


def reference(times, light=3.0, kd=0.01):
    solved = solve_ivp(
        rates,
        (0, times[-1]),
        list(START.values()),
        method="LSODA",
        t_eval=times,
        args=(light, kd),
        rtol=1e-10,
        atol=1e-12,
    )
    assert solved.success
    return solved.y


def rises(t, y, threshold=1.0):
    """Times at which y crosses a threshold upwards, interpolated."""
    i = np.flatnonzero((y[:-1] < threshold) & (y[1:] >= threshold))
    return t[i] + (threshold - y[i]) / (y[i + 1] - y[i]) * (t[i + 1] - t[i])


@pytest.fixture(scope="module")
def clock(experiment):
    found = experiment("circadian_rhythm")
    shown = {2.0, 3.0, 4.0} | {1.125, 1.25, 4.75, 4.875, 5.25, 5.375}
    found.points = [p for p in found.points if p.parameters["tim_degradation"] in shown]
    table, _ = found.run()
    assert (table["status"] == "ok").all()
    return found, table.set_index(["degradation", "tim_degradation"])["per_mrna_period"]


def test_the_period_for_both_readings_of_the_unit(clock):
    _, periods = clock
    assert periods[0.01, 3.0] == pytest.approx(23.43, abs=0.01)
    assert periods[1e-8, 3.0] == pytest.approx(24.678, abs=0.01)


def test_the_period_depends_on_light_as_in_scipy(clock):
    _, periods = clock
    times = np.arange(0, 960.01, 0.05)
    for light in (2.0, 4.0):
        cycles = rises(times, reference(times, light)[0])
        expected = np.diff(cycles[cycles > 480]).mean()
        assert periods[0.01, light] == pytest.approx(expected, abs=2e-3)
    assert periods[0.01, 2.0] < periods[0.01, 3.0] > periods[0.01, 4.0]


def test_too_little_or_too_much_degradation_ends_the_rhythm(clock):
    _, periods = clock
    for kd, last in ((0.01, 5.25), (1e-8, 4.75)):
        assert periods[kd].dropna().index.min() == 1.25
        assert periods[kd].dropna().index.max() == last


def test_phase_and_every_concentration_after_240_h(clock):
    found, _ = clock
    (point,) = (
        p
        for p in found.points
        if (p.parameters["tim_degradation"], p.parameters["degradation"]) == (3.0, 0.01)
    )
    point = dataclasses.replace(
        point, settings=dataclasses.replace(point.settings, duration=240.0, sampling=0.05)
    )
    (result,) = run_points(Workload(found.model, {}, {}), [point], workers=1, timeout_s=120)
    traces = dict(zip(result.traces["signal"].to_pylist(), result.traces["values"], strict=True))
    values = {name: np.array(traces[name].as_py()) for name in START}
    times = 0.05 * np.arange(len(values["per_mrna"]))
    expected = dict(zip(START, reference(times), strict=True))
    ours, theirs = (rises(times, each["per_mrna"]) for each in (values, expected))
    assert len(ours) == len(theirs) == 10
    assert ours[-1] == pytest.approx(theirs[-1], abs=0.01)
    assert ours[-1] == pytest.approx(theirs[-1], abs=1e-3)
    for name, wanted in expected.items():
        assert np.abs(values[name] - wanted).max() < 1e-3 * wanted.max(), name
