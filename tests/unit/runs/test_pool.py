import multiprocessing
import os
import time

import pytest
from engine_models import MODELS, PLAUSIBLE, Fragile, point, settings, statuses, voltages

from dendroflow.kernel.reactions import share_compiled_reactions
from dendroflow.model import Model, quantity
from dendroflow.runs.loading import load_model
from dendroflow.runs.pool import run_points
from dendroflow.runs.results import Size
from dendroflow.runs.workload import Workload


def run(model, points, workers=1, timeout_s=120.0):
    workload = Workload(model, {}, PLAUSIBLE)
    return list(run_points(workload, points, workers=workers, timeout_s=timeout_s))


@pytest.fixture(scope="module")
def sound():
    points = [point(i, amplitude=0.01 * i) for i in range(20)]
    return points, voltages(run(Fragile, points))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_bit_identical_over_any_number_of_workers(sound, workers):
    points, expected = sound
    results = run(Fragile, points[::-1], workers)
    assert voltages(results) == expected
    order = [outcome.point_id for result in results for outcome in result.outcomes]
    assert order == [p.point_id for p in points[::-1]]


@pytest.mark.parametrize(
    ("mode", "status", "message"),
    [
        ("segfault", "crashed", "SIGSEGV"),
        ("exit", "crashed", "exit code 3"),
        ("solver", "failed", "RuntimeError"),
        ("hang", "timeout", "not finished after 4 s"),
        ("surrogate", "failed", "ValueError: \\ud800 \\x1b[31m"),
        ("mute", "failed", "MuteError: (its text cannot be made)"),
        ("odd", "failed", "OddError: odd"),
        ("long", "failed", "ValueError: xxx"),
        ("stop", "failed", "StopIteration"),
        ("exit of Python", "crashed", "exit code 7"),
        ("interrupt", "crashed", "exit code 1"),
        ("close", "crashed", "exit code"),
        ("fork", "ok", None),
        ("print", "ok", None),
    ],
)
def test_the_culprit_stands_alone(sound, mode, status, message):
    points, expected = sound
    bad = point("bad", mode=mode)
    results = run(Fragile, [*points[:13], bad, *points[13:]], timeout_s=4.0)
    found = statuses(results)
    of_bad, error = found.pop("bad")
    assert of_bad == status
    assert error is message or message in error
    assert set(found.values()) == {("ok", None)}
    assert len(found) == 20
    traces = voltages(results)
    assert {key: traces[key] for key in expected} == expected
    # Nothing is left of the forks of a model.
    assert not multiprocessing.active_children()


def test_two_culprits_in_one_group(sound):
    points, expected = sound
    mixed = [*points[:5], point("x", mode="segfault"), *points[5:9], point("y", mode="raise")]
    results = run(Fragile, [*mixed, *points[9:]])
    found = statuses(results)
    assert found["x"][0] == "crashed"
    assert found["y"][0] == "failed"
    assert voltages(results) == expected


def test_points_are_advanced_together_only_if_they_share_their_settings():
    model = load_model(MODELS / "squid_soma")
    warm = settings(celsius=10.0)
    points = [point(i) for i in range(10)] + [point(f"w{i}", warm) for i in range(10)]
    sizes = [len(result.outcomes) for result in run(model, points)]
    assert sizes == [1, 9, 10]


def test_cvode_advances_one_point_after_the_other():
    model = load_model(MODELS / "squid_soma")
    points = [point(i, settings(solver="cvode"), amplitude=0.01 * i) for i in range(6)]
    alone = voltages(
        run_points(Workload(model, {}, {}), points, workers=1, timeout_s=60, alone=True)
    )
    assert voltages(run(model, points)) == alone


def test_group_size_follows_size_memory_and_time():
    assert Size(1, 2401, 0.001).lanes == 504
    assert Size(20, 2401, 0.001).lanes == 300
    assert Size(1000, 2401, 0.5).lanes == 6
    # Recorded in each of 100 segments for ten seconds.
    assert Size(100, 40_000_000, 0.1).lanes == 1
    assert Size(1, 2_400_001, 0.001).lanes == 8
    # A model that takes a second to build.
    assert Size(1, 2401, 1.0).lanes == 10


def test_no_worker_is_left(sound):
    before = multiprocessing.active_children()
    run(Fragile, [point("x", mode="segfault"), *sound[0][:3]], workers=2)
    assert multiprocessing.active_children() == before
    stopped = run_points(Workload(Fragile, {}, PLAUSIBLE), sound[0], workers=2, timeout_s=60)
    next(stopped)
    assert len(multiprocessing.active_children()) > len(before)
    stopped.close()
    assert multiprocessing.active_children() == before


def test_many_sudden_deaths_are_all_told_by_their_cause(sound):
    bad = [point(f"bad{i}", mode="segfault" if i % 2 else "exit") for i in range(40)]
    found = statuses(run(Fragile, [*bad, *sound[0]], workers=3))
    for i in range(40):
        status, error = found[f"bad{i}"]
        assert status == "crashed"
        assert ("SIGSEGV" if i % 2 else "exit code 3") in error
    assert all(found[p.point_id] == ("ok", None) for p in sound[0])


class Reaction(Model):
    """Decay of a species, in which the process that ran it can be told."""

    class Parameters(Model.Parameters):
        rate: float = quantity(0.1)

    signals = {"a": "mM", "process": ""}
    process = "alone"

    def build(self, p):
        from neuron import h, rxd

        self.soma = h.Section("soma", self)
        self.region = rxd.Region([self.soma])
        left_behind.append(rxd.Species(self.region, name="a", initial=1))
        self.rate = rxd.Parameter(self.region, name="rate", value=p.rate)
        self.decay = rxd.Rate(left_behind[-1], -self.rate * left_behind[-1])
        self.record("a", left_behind[-1].nodes[0]._ref_concentration)
        self.record_value("process", os.getpid)


left_behind = []


def test_a_point_of_rxd_gets_a_process_and_the_same_bits_after_any_other(tmp_path):
    from neuron import rxd  # noqa: F401

    share_compiled_reactions(tmp_path)
    points = [point(i, settings(duration=2.0), rate=0.01 * i) for i in range(6)]
    found = voltages(run(Reaction, points, workers=2))
    again = voltages(run(Reaction, points[::-1]))
    for run_ in (found, again):
        assert len({v for (_, signal), v in run_.items() if signal == "process"}) == 6
    for i in range(6):
        assert found[str(i), "a"] == again[str(i), "a"]


def test_a_slow_build_takes_no_group_with_it():
    class Slow(Fragile):
        def build(self, p):
            time.sleep(0.4)
            super().build(p)

    points = [point(i, amplitude=0.01 * i) for i in range(12)]
    results = run(Slow, points, workers=2, timeout_s=1.5)
    # Together they take longer than one may.
    assert max(len(result.outcomes) for result in results) > 3
    assert set(statuses(results).values()) == {("ok", None)}
