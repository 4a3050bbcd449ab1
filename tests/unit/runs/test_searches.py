"""Searches of many points at once, against the thresholds of functions that are known."""

import json

import numpy as np
import pyarrow as pa
import pytest

from dendroflow.kernel.lanes import GroupFailedError, GroupResult, Outcome
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.runs.search import Searching, in_a_fork, search_together
from dendroflow.settings.protocols import Search

SETTINGS = SolverSettings(100.0, 0.1, -65.0, 6.3, "backward_euler", 1e-3, 0.0, None)
SMALLEST = {
    "smallest": "parameters.x",
    "such_that": "y >= 1",
    "range": [0, 2],
    "tolerance": 0.001,
}


def point(number, **parameters):
    return Point(
        f"p{number}", {"x": 0.0, "number": number} | parameters, SETTINGS, 1, None, {}, "s"
    )


class Bench:
    """Simulates by a function of x and the number of the point, and counts what it does."""

    def __init__(self, function, *, fails=lambda _: False, stops=lambda _: False):
        self.function, self.fails, self.stops = function, fails, stops
        self.calls, self.simulated, self.widest = 0, 0, 0

    def simulate(self, points):
        self.calls += 1
        self.simulated += len(points)
        self.widest = max(self.widest, len(points))
        if any(self.stops(p.parameters["x"]) for p in points):
            raise GroupFailedError("the solver stopped")
        self.values = {p.point_id: p.parameters for p in points}
        outcomes = []
        for p in points:
            bad = self.fails(p.parameters["x"])
            status, error = ("out_of_range", "too high") if bad else ("ok", None)
            outcomes.append(Outcome(p.point_id, status, error, 0.001, 1, p.protocol))
        return GroupResult(tuple(outcomes), {}, samples=10)

    def measure(self, _, outcomes):
        rows = outcomes.to_pylist()
        y = [
            self.function(self.values[row["point_id"]]["x"], self.values[row["point_id"]]["number"])
            if row["status"] == "ok"
            else None
            for row in rows
        ]
        return outcomes.select(["point_id", "status", "error"]).append_column(
            "y", pa.array(y, pa.float64())
        )

    def search(self, points=1, **asked):
        search = Search(**SMALLEST | asked)
        result = search_together(
            [point(k) for k in range(points)], Searching(search, self.measure), self.simulate
        )
        return [(one, json.loads(one.search)) for one in result.outcomes]


def step_at(threshold):
    return lambda x, _: float(x >= threshold)


@pytest.mark.parametrize("threshold", [1e-6, 0.0281, 0.4999, 0.5, 0.50001, 1.23456, 2.0])
def test_the_upper_end_of_a_bracket_that_holds_the_threshold(threshold):
    bench = Bench(step_at(threshold))
    ((outcome, found),) = bench.search()
    assert (outcome.status, found["end"], found["changes"]) == ("ok", "found", 1)
    assert found["low"] < threshold <= found["high"] == found["found"]
    assert found["high"] - found["low"] <= 0.001
    # Five ends of four parts, nine halvings, and the answer.
    assert bench.simulated == 15
    assert [trial["holds"] for trial in found["trials"][:5]] == [
        value >= threshold for value in (0, 0.5, 1, 1.5, 2)
    ]


def test_all_points_search_together():
    thresholds = np.random.default_rng(1).uniform(0.01, 1.9, 100)
    bench = Bench(lambda x, number: float(x >= thresholds[number]))
    found = bench.search(100)
    answers = np.array([search["found"] for _, search in found])
    assert ((answers >= thresholds) & (answers - thresholds < 0.001)).all()
    assert [outcome.point_id for outcome, _ in found] == [f"p{k}" for k in range(100)]
    assert bench.simulated == 1500
    assert bench.widest >= 100
    assert bench.calls <= 16


def test_each_finds_what_it_finds_alone():
    thresholds = [0.3, 5.0, 1.1, 0.0]
    together = Bench(lambda x, number: float(x >= thresholds[number])).search(4)
    for number, (_, found) in enumerate(together):
        ((_, alone),) = Bench(step_at(thresholds[number])).search()
        assert found == alone


def test_the_range_grows_until_something_is_found():
    ((_, found),) = Bench(step_at(3.3)).search()
    assert found["low"] < 3.3 <= found["high"]
    ((outcome, found),) = Bench(step_at(30)).search()
    assert (outcome.status, found["end"], found["found"]) == ("not_found", "never", None)
    assert outcome.error == "y >= 1 never holds up to 8"
    ((outcome, found),) = Bench(step_at(3.3)).search(limit=2)
    assert outcome.error == "y >= 1 never holds up to 2"
    assert max(trial["value"] for trial in found["trials"]) == 2


def test_it_ends_with_a_word_where_it_holds_from_the_beginning():
    ((outcome, found),) = Bench(lambda *_: 1.0).search()
    assert (outcome.status, found["end"]) == ("not_found", "holds without it")
    assert outcome.error == "y >= 1 holds without it, at 0"
    ((outcome, found),) = Bench(lambda *_: 1.0).search(range=[0.1, 2])
    assert found["end"] == "true everywhere"
    assert outcome.error == "y >= 1 holds everywhere from 0.1 to 2"
    ((outcome, found),) = Bench(lambda x, _: float(x < 1.2)).search(range=[0.1, 2])
    assert found["end"] == "out of bounds"


def test_of_several_changes_the_lowest_is_taken_and_told():
    ((outcome, found),) = Bench(lambda x, _: float(0.4 <= x < 0.9 or x >= 1.4)).search()
    assert found["found"] == pytest.approx(0.4, abs=0.001)
    assert found["changes"] == 2
    assert outcome.error == "the condition begins to hold 2 times; this is the first"


@pytest.mark.parametrize("threshold", [0.2, 1.5001])
def test_the_largest_value(threshold):
    bench = Bench(lambda x, _: float(x <= threshold))
    ((_, found),) = bench.search(smallest=None, largest="parameters.x")
    assert found["low"] == found["found"] <= threshold < found["high"]
    assert found["high"] - found["low"] <= 0.001


def test_the_largest_value_lies_further_up():
    bench = Bench(lambda x, _: float(1 <= x <= 3.7))
    ((_, found),) = bench.search(smallest=None, largest="parameters.x")
    assert found["found"] == pytest.approx(3.7, abs=0.001)
    ((outcome, found),) = Bench(lambda *_: 1.0).search(smallest=None, largest="parameters.x")
    assert (outcome.status, found["end"]) == ("not_found", "true everywhere")


def test_the_value_of_an_equation():
    equation = {"smallest": None, "value": "parameters.x", "such_that": "y == 5"}
    bench = Bench(lambda x, number: (x + number) ** 3)
    found = bench.search(3, **equation, tolerance=1e-6)
    root = 5 ** (1 / 3)
    for number in (0, 1):
        answer = found[number][1]
        assert answer["found"] == pytest.approx(root - number, abs=1e-6)
        assert answer["low"] <= root - number <= answer["high"]
        assert answer["high"] - answer["low"] <= 1e-6
    assert found[2][1]["end"] == "out of bounds"
    assert found[2][0].error == "y == 5 does not begin to hold between 0 and 8"
    # Halving would take 20 more.
    assert len(found[0][1]["trials"]) < 5 + 12


def test_a_relative_tolerance():
    ((_, found),) = Bench(step_at(0.0123)).search(tolerance=None, relative_tolerance=0.01)
    assert found["high"] - found["low"] <= 0.01 * found["high"]
    assert found["low"] < 0.0123 <= found["high"]


def test_trials_that_fail_above_the_answer_do_not_matter():
    ((outcome, found),) = Bench(step_at(0.4), fails=lambda x: x > 1).search()
    assert (outcome.status, found["found"]) == ("ok", pytest.approx(0.4, abs=0.001))
    ((outcome, found),) = Bench(step_at(3), fails=lambda x: x > 1).search()
    assert (outcome.status, found["end"]) == ("not_found", "simulation failed")
    assert outcome.error == "simulation failed at 1.5: too high"
    ((outcome, found),) = Bench(step_at(0.4), fails=lambda x: 0.3 < x < 0.45).search()
    assert (outcome.status, found["found"]) == ("not_found", None)


def test_a_solver_that_stops_is_a_trial_that_fails():
    bench = Bench(step_at(0.4), stops=lambda x: x > 1.2)
    ((outcome, found),) = bench.search()
    assert (outcome.status, found["found"]) == ("ok", pytest.approx(0.4, abs=0.001))
    # Of several points the group is halved to the culprit by others.
    with pytest.raises(GroupFailedError):
        bench.search(2)


def test_a_feature_that_does_not_exist_makes_no_condition_true():
    ((outcome, found),) = Bench(lambda *_: np.nan).search()
    assert (outcome.status, found["end"]) == ("not_found", "never")
    assert found["trials"][0]["excess"] is None


def test_in_a_fork_nothing_stays():
    seen = []

    def simulate(points):
        seen.append(points)
        if points == ["bad"]:
            raise GroupFailedError("the solver stopped")
        return len(points)

    assert in_a_fork(simulate, [1, 2]) == 2
    with pytest.raises(GroupFailedError, match="the solver stopped"):
        in_a_fork(simulate, ["bad"])
    with pytest.raises(GroupFailedError, match=r"ValueError: no"):
        in_a_fork(lambda _: (_ for _ in ()).throw(ValueError("no")), [])
    assert seen == []


def test_a_fork_that_dies_is_a_failure():
    import os
    import signal

    with pytest.raises(GroupFailedError, match="died of SIGKILL"):
        in_a_fork(lambda _: os.kill(os.getpid(), signal.SIGKILL), [])
