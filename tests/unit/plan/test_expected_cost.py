"""What points are expected to cost, from what others have cost."""

import numpy as np
import pandas as pd
import pytest

from dendroflow.plan.cutting import expected_seconds, first_guess
from dendroflow.plan.description import Description
from dendroflow.plan.points import Points

SOLVER, DT, CELL = "simulation.solver", "simulation.dt", "morphology"
FIXED = {"simulation.duration": 100.0, DT: 0.1, SOLVER: "backward_euler", CELL: None}


def expected(recorded, guess=1.0, **swept):
    paths = {"solver": SOLVER, "dt": DT, "cell": CELL}
    columns = {paths[name]: values for name, values in swept.items()}
    table = pd.DataFrame({"point_id": range(len(recorded)), **columns})
    return list(expected_seconds(Points(table, FIXED), np.array(recorded), guess))


def test_points_cost_in_proportion_to_their_steps():
    assert expected([np.nan] * 2, guess=3.0, dt=[0.1, 0.05]) == pytest.approx([2.0, 4.0])
    assert expected([1.0, np.nan], dt=[0.1, 0.025]) == pytest.approx([1.0, 4.0])


def test_the_steps_of_cvode_say_nothing_of_a_fixed_step():
    solvers = ["cvode", "backward_euler", "cvode", "crank_nicolson"]
    assert expected([5.0, 0.1, np.nan, np.nan], solver=solvers) == pytest.approx([5, 0.1, 5, 0.1])


def test_a_large_cell_says_nothing_of_a_small_one():
    cells = ["large", "small", "large", "small", "new"]
    recorded = [9.0, 1.0, np.nan, np.nan, np.nan]
    assert expected(recorded, cell=cells) == pytest.approx([9, 1, 9, 1, 5])


@pytest.mark.parametrize(
    "kind", [{}, {"runs_alone": True}, {"builds_rxd": True}, {"needs_morphology": True}]
)
def test_a_long_simulation_is_expected_to_take_longer_before_any_was_run(kind):
    described = {"runs_alone": False, "builds_rxd": False, "needs_morphology": False} | kind
    model = Description({}, {}, {}, required_sections=(), time_unit="ms", **described)
    table = pd.DataFrame({"point_id": ["0"]})
    short, long = (
        first_guess(Points(table, FIXED | {"simulation.duration": duration}), model)
        for duration in (1.0, 1e5)
    )
    assert 0 < short < 0.3
    assert long > 0.1
    assert long > short
