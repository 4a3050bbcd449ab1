"""Calcium and a degradable buffer against scipy's stiff solver."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

SPECIES = ("ca", "buf", "cabuf")
ERRORS = [f"{name}_error_final" for name in SPECIES]


def reference(parameters, times):
    """Free calcium, free buffer and bound buffer (mM) at `times` (ms), of shape (3, n)."""
    kf, kb, kd = (parameters[name] for name in ("kf", "kb", "degradation"))

    def rates(_, y):
        ca, buf, cabuf = y
        bound = kf * ca**2 * buf - kb * cabuf
        return -2 * bound, -bound - kd * buf, bound

    start = (parameters["total_calcium"], parameters["total_buffer"], 0.0)
    # Another method than the model's own reference.
    solved = solve_ivp(
        rates, (0, times[-1]), start, method="LSODA", t_eval=times, rtol=1e-11, atol=1e-20
    )
    assert solved.success
    return solved.y


@pytest.fixture(scope="module")
def buffer(experiment):
    found = experiment("calcium_buffer")
    table, traces = found.run()
    return found, table, traces.to_pandas().set_index(["point_id", "signal"])


@pytest.fixture(scope="module")
def accuracy(experiment):
    table, _ = experiment("calcium_buffer_accuracy").run()
    return table


def test_every_species_agrees_at_the_shipped_settings(buffer):
    found, table, rows = buffer
    assert (table["status"] == "ok").all()
    reported = table.set_index("point_id")
    for point in found.points:
        first = rows.loc[(point.point_id, "ca")]
        times = first["t0"] + first["dt"] * np.arange(len(first["values"]))
        expected = reference(point.parameters, times)
        for name, wanted in zip(SPECIES, expected, strict=True):
            samples = np.asarray(rows.loc[(point.point_id, name), "values"])
            # From the first interval on: the bound buffer starts from zero.
            error = np.max(np.abs(samples - wanted)[1:] / wanted[1:])
            assert error < 1e-3, (name, point.parameters)
            # What the figures show is this error.
            assert reported.loc[point.point_id, f"{name}_error_final"] == pytest.approx(
                error, rel=0.01, abs=1e-7
            )


def test_the_sweep_covers_rates_and_total_buffer(buffer):
    _, table, _ = buffer
    assert table[["kf", "kb", "total_buffer"]].nunique().tolist() == [2, 3, 2]


def test_calcium_is_conserved(buffer):
    found, _, rows = buffer
    for point in found.points:
        ca, cabuf = (np.asarray(rows.loc[(point.point_id, n), "values"]) for n in ("ca", "cabuf"))
        total = ca + 2 * cabuf
        assert total == pytest.approx(point.parameters["total_calcium"], rel=1e-9)


def test_the_buffer_is_degraded_not_grown(buffer):
    found, _, rows = buffer
    for point in found.points:
        buf, cabuf = (np.asarray(rows.loc[(point.point_id, n), "values"]) for n in ("buf", "cabuf"))
        assert (np.diff(buf + cabuf) < 0).all()


def test_the_fixed_step_is_of_first_order(accuracy):
    fixed = accuracy[accuracy["solver"] == "backward_euler"].sort_values("dt")
    orders = np.diff(np.log(fixed[ERRORS]), axis=0) / np.diff(np.log(fixed[["dt"]]), axis=0)
    assert orders == pytest.approx(np.ones_like(orders), abs=0.03)
    assert (fixed[ERRORS].iloc[0] < 1e-3).all()


def test_a_smaller_tolerance_makes_cvode_more_accurate(accuracy):
    cvode = accuracy[(accuracy["solver"] == "cvode") & (accuracy["rtol"] == 0)]
    errors = cvode[cvode["atol"] <= 1e-5].sort_values("atol")[ERRORS].to_numpy()
    assert (np.diff(errors, axis=0) > 0).all()
    assert (errors[0] < 1e-4).all()


def test_a_tolerance_as_large_as_all_calcium_ends_below_zero_and_is_a_row_that_says_so(accuracy):
    cvode = accuracy[accuracy["solver"] == "cvode"].set_index("atol")
    coarse = cvode.loc[1e-3]
    assert coarse["status"] == "out_of_range"
    assert coarse["error"].startswith("signal ca reaches -")
    assert coarse[ERRORS].isna().all()
    assert (accuracy["status"] != "ok").sum() == 1


def test_conservation_proves_no_accuracy(accuracy):
    sound = accuracy[accuracy["status"] == "ok"]
    assert (sound["conservation_error_final"] < 1e-12).all()
    assert sound[ERRORS].max().max() > 0.1
