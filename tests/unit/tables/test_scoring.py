"""Scores of targets, and the best of a search."""

import numpy as np
import pandas as pd
import pytest
from bluepyopt import ephys

from dendroflow.tables.best import best_individuals, pareto_front
from dendroflow.tables.scoring import WORST, score_columns, score_names

TARGET = {"mean": 25.0, "sd": 5.0, "validation": False}


def test_a_score_is_the_distance_in_standard_deviations():
    columns = {"a": np.array([25.0, 20.0, np.nan, 1e9]), "b": np.array([1.0, 1.0, 2.0, 1.0])}
    targets = {"a": TARGET, "b": {"mean": 1.0, "sd": 0.5, "validation": False}}
    found = score_columns(columns, targets)
    assert list(found) == score_names(targets)
    assert found["a_score"].tolist() == [0, 1, WORST, WORST]
    assert found["b_score"].tolist() == [0, 0, 2, 0]
    assert found["score"].tolist() == [0, 1, WORST + 2, WORST]
    assert found["largest_score"].tolist() == [0, 1, WORST, WORST]


def test_validation_is_scored_and_does_not_count():
    columns = {"a": np.array([20.0]), "b": np.array([45.0])}
    found = score_columns(columns, {"a": TARGET, "b": TARGET | {"validation": True}})
    assert (found["b_score"][0], found["score"][0]) == (4, 1)
    alone = score_columns({"b": columns["b"]}, {"b": TARGET | {"validation": True}})
    assert alone["score"].tolist() == [4]
    assert score_columns({}, {}) == {}


def trace(*peaks):
    """Triangular spikes from -70 mV to these peaks (mV), every 50 ms from 100 ms on."""
    t = np.arange(0, 400, 0.025)
    v = np.full_like(t, -70.0)
    for k, peak in enumerate(peaks):
        rise = np.clip(1 - np.abs(t - (120 + 50 * k)), 0, 1)
        v += (peak + 70) * rise
    return t, v


@pytest.mark.parametrize(("peaks", "theirs"), [((20, 30), 1.0), ((20, 20), 1.0), ((30,), 1.0)])
def test_bluepyopt_takes_the_mean_of_distances_and_not_the_distance_of_the_mean(peaks, theirs):
    t, v = trace(*peaks)
    feature = ephys.efeatures.eFELFeature(
        "height",
        efel_feature_name="AP_height",
        recording_names={"": "soma.v"},
        stim_start=100,
        stim_end=350,
        exp_mean=25,
        exp_std=5,
        threshold=-20,
        interp_step=0.025,
    )
    response = ephys.responses.TimeVoltageResponse("soma.v", t, v)
    assert feature.calculate_score({"soma.v": response}) == pytest.approx(theirs, abs=1e-6)
    ours = score_columns({"a": np.array([np.mean(peaks)])}, {"a": TARGET})["a_score"][0]
    assert ours == pytest.approx(0.0 if len(set(peaks)) > 1 else theirs)


def test_the_front_is_what_no_other_beats():
    scores = np.array([[1, 5], [2, 2], [5, 1], [3, 3], [2, 2], [1, 6]], dtype=float)
    assert pareto_front(scores).tolist() == [True, True, True, False, True, False]


def test_the_best_are_ranked_each_point_once():
    numbers = np.arange(30.0)
    history = pd.DataFrame(
        {
            "point_id": [f"p{k % 25}" for k in range(30)],
            "a.score": numbers % 25,
            "b.score": 24 - numbers % 25,
            "score": 24 + np.where(numbers % 25 == 7, -1.0, numbers % 25 / 100),
        }
    )
    found = best_individuals(history, ["a", "b"])
    assert found["point_id"].iloc[0] == "p7"
    assert found["rank"].tolist() == list(range(1, 26))
    assert found["on_front"].all()
    few = best_individuals(history.assign(**{"b.score": 0.0}), ["a", "b"])
    assert few["rank"].tolist() == list(range(1, 11))
    assert few.loc[few["on_front"], "point_id"].tolist() == ["p0"]
