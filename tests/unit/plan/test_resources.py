"""What a job asks of a cluster."""

import dataclasses

import pyarrow as pa
import pytest

from dendroflow.plan.resources import cores_of_batch, resources
from dendroflow.plan.stored import Plan

FIXED = {"simulation.duration": 100.0, "simulation.dt": 0.025, "simulation.sampling": None}


def plan(points=100, seconds=1.0, timeout_s=600.0, **swept):
    columns = {"point_id": [f"{n}" for n in range(points)], "batch": ["b"] * points}
    columns |= {f"simulation.{name}": values for name, values in swept.items()}
    fixed = {path: value for path, value in FIXED.items() if path not in columns}
    notes = {"fixed": fixed, "timeout_s": timeout_s, "feature_code": ""}
    return Plan(pa.table(columns), notes, ("b",), {"b": points * seconds})


@pytest.mark.parametrize(("points", "allowed", "cores"), [(100, 1, 1), (100, 8, 8), (3, 8, 3)])
def test_no_more_cores_than_points(points, allowed, cores):
    assert resources(plan(points), "b", 1, allowed).cores == cores


def test_a_batch_that_is_all_there_is_gets_all_cores():
    alone = plan()
    assert cores_of_batch(alone, "b", 1, 8) == 8
    # It has been simulated; it is one of two; its traces are kept for a job that measures them;
    # it is done before another process has started.
    cached = dataclasses.replace(alone, new=(), work={})
    assert cores_of_batch(cached, "b", 1, 8) == 1
    one_of_two = dataclasses.replace(alone, new=("a", "b"), work={"a": 100.0, "b": 100.0})
    assert cores_of_batch(one_of_two, "b", 1, 8) == 1
    kept = dataclasses.replace(alone, notes={**alone.notes, "feature_code": "0123456789abcdef"})
    assert cores_of_batch(kept, "b", 1, 8) == 1
    assert cores_of_batch(plan(seconds=0.001), "b", 1, 8) == 1


def test_the_time_holds_the_work_and_a_point_that_hangs():
    asked = resources(plan(), "b", 1, 1)
    assert asked.minutes * 60 >= 100 + 600
    assert resources(plan(timeout_s=7200.0), "b", 1, 1).minutes >= asked.minutes + 110
    slow = resources(plan(seconds=60.0), "b", 1, 1)
    assert slow.minutes > 2 * 100
    shared = resources(plan(seconds=60.0), "b", 1, 4)
    assert shared.minutes < slow.minutes / 2


def test_the_memory_follows_from_what_a_worker_records():
    def memory(points, signals=1, cores=1, **swept):
        # As much as the declared signals, if each is recorded in one place.
        samples = int(signals * (max(swept.get("duration", [100.0])) / 0.025 + 1))
        measured = samples if "sampling" not in swept else 1
        return resources(plan(points, **swept), "b", signals, cores, measured=measured).memory

    few = memory(1)
    # 4001 samples of 8 bytes are nothing beside the interpreter; those of 1000 points are not.
    assert memory(1000) - few == pytest.approx(3 * 32, abs=2)
    # A group is bounded, a point is not.
    assert memory(100_000) - few == pytest.approx(3 * 160, abs=2)
    assert memory(1, 2, duration=[1e6]) - few == pytest.approx(3 * 2 * 320, abs=2)
    assert memory(1, 2, duration=[1e6], sampling=[1.0]) - few == pytest.approx(3 * 16, abs=2)
    assert memory(1000, cores=4) > 2 * few


def test_segments_are_counted_where_a_point_has_told():
    declared = resources(plan(2), "b", 1, 1, measured=4001).memory
    # A signal in each of 2000 segments of 20 cells, for ten seconds.
    assert resources(plan(2), "b", 1, 1, measured=160_000_000).memory - declared > 3 * 1200
    # Before a point has told, there is room for a group.
    assert resources(plan(2), "b", 1, 1).memory - declared == pytest.approx(3 * 160, abs=2)


def test_each_attempt_gets_twice_the_memory_and_time():
    first, second, third = (resources(plan(), "b", 1, 2, attempt) for attempt in (1, 2, 3))
    assert (second.memory, second.minutes) == (2 * first.memory, 2 * first.minutes)
    assert (third.memory, third.minutes) == (4 * first.memory, 4 * first.minutes)
    assert first.cores == third.cores == 2


def test_a_stored_plan_knows_no_times_and_still_answers(tmp_path):
    plan().write(tmp_path / "plan.parquet")
    stored = Plan.read(tmp_path / "plan.parquet")
    assert not stored.work
    asked = resources(stored, "b", 1, 1)
    assert asked.memory == resources(plan(), "b", 1, 1).memory
    assert asked.minutes >= 10
