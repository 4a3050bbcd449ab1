"""Targets that are taken from a reference, and references that cannot give them."""

import pandas as pd
import pytest

from dendroflow.analysis.fitting import Checkpoints, goals_of, individuals
from dendroflow.errors import ConfigurationError
from dendroflow.settings.optimise import Optimise
from dendroflow.settings.targets import Target

SETTINGS = Optimise.model_validate(
    {
        "parameters": {"parameters.a": {"range": [0, 1]}, "parameters.b": {"range": [0, 1]}},
        "reference": {"parameters.b": 0.5, "parameters.a": 0.25},
    }
)


TARGETS = {"f": Target(sd=2), "g": Target(mean=7, sd=3)}


class Model:
    def __init__(self, f=1.5, status="ok", error=None):
        self.row = {"point_id": "x", "status": status, "error": error, "f": f, "g": 9.0}
        self.asked = []

    def __call__(self, values):
        self.asked += values.to_dict("records")
        return pd.DataFrame([self.row])


def goals(model, folder):
    return goals_of(SETTINGS, TARGETS, model, Checkpoints(folder), "fitted.yaml: optimise")


def test_a_target_without_a_mean_gets_that_of_the_reference_once(tmp_path):
    model = Model()
    for _ in range(2):
        found = goals(model, tmp_path)
        assert found.means == {"f": 1.5, "g": 7.0}
        assert found.sds == {"f": 2.0, "g": 3.0}
    assert model.asked == [{"parameters.a": 0.25, "parameters.b": 0.5}]


def test_a_reference_without_the_feature_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^fitted\.yaml: optimise: targets\.f: .*mean"):
        goals(Model(f=None), tmp_path)


def test_a_reference_that_fails_is_named_and_simulated_again(tmp_path):
    failed = Model(f=None, status="timeout", error="not finished after 1 s")
    expected = r"^fitted\.yaml: optimise\.reference: .*timeout: not finished after 1 s$"
    with pytest.raises(ConfigurationError, match=expected):
        goals(failed, tmp_path)
    assert goals(Model(), tmp_path).means["f"] == 1.5


def test_the_best_is_the_first_of_the_lowest_score():
    history = pd.DataFrame(
        {
            "parameters.a": [0.1, 0.2, 0.3],
            "parameters.b": [0.4, 0.5, 0.6],
            "point_id": ["p", "q", "r"],
            "score": [2.0, 1.0, 1.0],
        }
    )
    best = {"parameters.a": 0.2, "parameters.b": 0.5}
    assert individuals(history, None, SETTINGS) == {"best": best}
    found = individuals(history, history.iloc[[2]], SETTINGS)
    assert list(found) == ["reference", "best"]
    assert found == {"reference": {"parameters.a": 0.3, "parameters.b": 0.6}, "best": best}
    # One point has one row.
    assert individuals(history, history.iloc[[1]], SETTINGS) == {"best": best}
