"""The search on functions whose lowest place is known."""

import math

import numpy as np
import pandas as pd
import pytest

from dendroflow.analysis.fitting import Checkpoints
from dendroflow.analysis.search import SCORE, Goals, ModelEvaluator, search
from dendroflow.settings.optimise import Optimise
from dendroflow.tables.scoring import WORST

SETTINGS = {
    "parameters": {
        "parameters.a": {"range": [-1, 3]},
        "parameters.b": {"log_range": [1e-4, 1]},
    },
    "offspring": 24,
    "generations": 12,
}
GOALS = Goals({"f": 1.5, "g": -2.0}, {"f": 0.1, "g": 0.1})


class Model:
    """f = a and g = log10 b, where a is above -0.5; what is lower fails."""

    def __init__(self):
        self.measured = []

    def __call__(self, values):
        assert not values.duplicated().any()
        a, b = values["parameters.a"], values["parameters.b"]
        self.measured += list(zip(a, b, strict=True))
        ok = a > -0.5
        np.random.default_rng().random()
        return pd.DataFrame(
            {
                "point_id": [f"{x!r} {y!r}" for x, y in zip(a, b, strict=True)],
                "status": np.where(ok, "ok", "failed"),
                "error": np.where(ok, None, "too low"),
                "f": a.where(ok),
                "g": np.log10(b).where(ok),
            }
        )


def run(model, known=None, finished=lambda *_: None, **changes):
    settings = Optimise.model_validate(SETTINGS | changes)
    evaluator = ModelEvaluator(settings.parameters, GOALS, model, known)
    return search(settings, settings.seed[0], evaluator, finished)


@pytest.fixture(scope="module")
def found():
    return run(Model())


def test_a_score_is_a_distance_in_standard_deviations():
    points = pd.DataFrame(
        {
            "f": [1.5, 1.7, None, None, 1e9, math.inf],
            "g": [-2.0, -2.05, -2.0, None, -2.0, -2.0],
        }
    )
    expected = [[0, 0], [2, 0.5], [WORST, 0], [WORST, WORST], [WORST, 0], [WORST, 0]]
    np.testing.assert_allclose(GOALS.scores(points), expected, atol=1e-12)


@pytest.mark.parametrize("algorithm", ["IBEA", "NSGA2"])
def test_the_lowest_place_is_found(algorithm):
    history = run(Model(), algorithm=algorithm, offspring=40, generations=25)
    best = history.loc[history["score"].idxmin()]
    assert best["parameters.a"] == pytest.approx(1.5, abs=0.05)
    assert math.log10(best["parameters.b"]) == pytest.approx(-2, abs=0.05)


def test_every_individual_is_in_the_history(found):
    sizes = found.groupby("generation").size()
    assert sizes.index.tolist() == list(range(1, 13))
    assert set(sizes) == {24}
    total = found[["f" + SCORE, "g" + SCORE]].sum(axis=1)
    np.testing.assert_array_equal(found["score"], total)


def test_individuals_lie_within_their_bounds_on_the_declared_scale(found):
    first = found[found["generation"] == 1]
    assert found["parameters.a"].between(-1, 3).all()
    assert found["parameters.b"].between(1e-4, 1).all()
    # Uniform in the logarithm: half of the range lies below 0.01.
    assert 6 <= (first["parameters.b"] < 0.01).sum() <= 18


def test_points_that_fail_have_the_worst_score(found):
    failed = found["status"] == "failed"
    assert failed.any()
    assert (found.loc[failed, "score"] == 2 * WORST).all()
    assert (found.loc[~failed, "score"] < 2 * WORST).all()


def test_the_seed_alone_decides(found):
    pd.testing.assert_frame_equal(run(Model()), found)
    assert not run(Model(), seed=2).equals(found)


def test_no_point_is_measured_twice():
    model = Model()
    history = run(model)
    assert len(model.measured) == len(set(model.measured)) == history["point_id"].nunique()


def test_a_search_goes_on_from_what_is_kept(found, tmp_path):
    checkpoints = Checkpoints(tmp_path)

    def keep(number, rows):
        checkpoints.keep(number, rows.drop(columns="generation"))
        if number == 5:
            raise KeyboardInterrupt

    assert checkpoints.read() is None
    with pytest.raises(KeyboardInterrupt):
        run(Model(), finished=keep)
    model = Model()
    again = run(model, checkpoints.read())
    pd.testing.assert_frame_equal(again, found, check_dtype=False)
    late = found[found["generation"] > 5]["point_id"]
    assert {f"{a!r} {b!r}" for a, b in model.measured} <= set(late)


def test_more_generations_begin_with_the_same_ones(found):
    longer = run(Model(), found.drop(columns="generation"), generations=14)
    pd.testing.assert_frame_equal(longer[longer["generation"] <= 12], found, check_dtype=False)


def test_one_individual_is_evaluated_as_in_a_generation():
    settings = Optimise.model_validate(SETTINGS)
    evaluator = ModelEvaluator(settings.parameters, GOALS, Model())
    assert evaluator.evaluate_with_lists([2.0, -3.0]) == pytest.approx([5.0, 10.0])
