"""Which solver times a spike how well: orders of convergence on a reconstructed cell."""

from pathlib import Path

import bluepyopt
import numpy as np
import pytest

from dendroflow.morphology.importing import import_sections

CELL = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"


@pytest.fixture(scope="module")
def errors(experiment):
    """(solver, dt or atol) -> error of the spike's time, ms."""
    found = experiment("solver_cost")
    found.points = [p for p in found.points if p.settings.dt >= 0.0125]
    table, _ = found.run({"C060114A7": import_sections(CELL)})
    assert (table["status"] == "ok").all()
    table["fineness"] = table["atol"].where(table["solver"] == "cvode", table["dt"])
    times = table.set_index(["solver", "fineness"])["soma_v_zero_crossing_time"]
    return (times - times["cvode", 1e-8]).abs()


def test_backward_euler_converges_with_the_first_order(errors):
    steps = np.array([0.05, 0.025, 0.0125])
    slope = np.polyfit(np.log(steps), np.log(errors["backward_euler"][steps]), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.1)


def test_the_second_order_is_worth_its_name(errors):
    for step in (0.05, 0.025, 0.0125):
        assert errors["crank_nicolson", step] < errors["backward_euler", step] / 20


def test_cvode_at_its_default_tolerance(errors):
    assert errors["cvode", 1e-3] < 1e-3
    assert errors["cvode", 1e-1] > 20 * errors["cvode", 1e-3]
