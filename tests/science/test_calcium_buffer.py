"""Calcium and a degradable buffer against scipy's stiff solver."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp


def reference(parameters, times):
    """Free calcium, free buffer and bound buffer (mM) at `times` (ms), of shape (3, n)."""
    kf, kb, kd = (parameters[name] for name in ("kf", "kb", "degradation"))

    def rates(_, y):
        ca, buf, cabuf = y
        bound = kf * ca**2 * buf - kb * cabuf
        return -2 * bound, -bound - kd * buf, bound

    start = (parameters["total_calcium"], parameters["total_buffer"], 0.0)
    solved = solve_ivp(
        rates, (0, times[-1]), start, method="LSODA", t_eval=times, rtol=1e-11, atol=1e-20
    )
    assert solved.success
    return solved.y


@pytest.fixture(scope="module")
def buffer(experiment):
    found = experiment("calcium_buffer")
    table, traces = found.run()
    return found, table, traces


def test_every_species_agrees_at_the_shipped_settings(buffer):
    found, table, traces = buffer
    assert (table["status"] == "ok").all()
    rows = traces.to_pandas().set_index(["point_id", "signal"])
    for point in found.points:
        first = rows.loc[(point.point_id, "ca")]
        times = first["t0"] + first["dt"] * np.arange(len(first["values"]))
        expected = reference(point.parameters, times)
        for name, wanted in zip(("ca", "buf", "cabuf"), expected, strict=True):
            samples = np.asarray(rows.loc[(point.point_id, name), "values"])
            # From the first interval on: the bound buffer starts from zero.
            error = np.abs(samples - wanted)[1:] / wanted[1:]
            assert error.max() < 1e-3, (name, point.parameters)


def test_calcium_is_conserved(buffer):
    found, _, traces = buffer
    rows = traces.to_pandas().set_index(["point_id", "signal"])
    for point in found.points:
        ca, cabuf = (np.asarray(rows.loc[(point.point_id, n), "values"]) for n in ("ca", "cabuf"))
        total = ca + 2 * cabuf
        assert total == pytest.approx(point.parameters["total_calcium"], rel=1e-9)


def test_the_buffer_is_degraded_not_grown(buffer):
    found, _, traces = buffer
    rows = traces.to_pandas().set_index(["point_id", "signal"])
    for point in found.points:
        buf, cabuf = (np.asarray(rows.loc[(point.point_id, n), "values"]) for n in ("buf", "cabuf"))
        assert (np.diff(buf + cabuf) < 0).all()
