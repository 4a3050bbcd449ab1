"""Worker processes: a group that crashes or hangs is halved until the culprit stands alone."""

import ctypes
import gc
import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from dendroflow.engine.lanes import (
    Clock,
    GroupFailedError,
    GroupResult,
    Outcome,
    Point,
    run_together,
)
from dendroflow.model import Geometry, Model
from dendroflow.stores.schemas import OUTCOMES

logger = logging.getLogger(__name__)

# A group of this many compartments keeps a core busy; more gains nothing.
COMPARTMENTS_PER_GROUP = 2000
LANES_AT_MOST = 512
# Recorded samples that a group may hold in memory: 160 MB.
SAMPLES_PER_GROUP = 20_000_000

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Workload:
    """What a worker needs besides its points; handed over by fork, so never copied.

    `measure`, where given, makes features of traces and outcomes in the worker, so that the
    traces never leave it.
    """

    model: type[Model]
    geometries: Mapping[str, Geometry]
    plausible: Mapping[str, tuple[float, float]]
    measure: Callable[[pa.Table, pa.Table], pa.Table] | None = None


_workload: Workload | None = None


def _start_worker(workload: Workload, parent: int) -> None:
    global _workload  # noqa: PLW0603
    _workload = workload
    # What the job has imported is there to stay: the collector need not look at it again.
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A worker must not outlive its job, not even one that was killed with SIGKILL.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _run(points: Sequence[Point]) -> GroupResult:
    assert _workload is not None
    result = run_together(_workload.model, points, _workload.geometries, _workload.plausible)
    if _workload.measure is None:
        return result
    features = _workload.measure(pa.table(result.traces), outcome_table(result))
    return GroupResult(result.outcomes, {}, features)


def outcome_table(result: GroupResult) -> pa.Table:
    """The outcomes of a group as a table of `stores.schemas.OUTCOMES`."""
    return pa.Table.from_pylist([vars(outcome) for outcome in result.outcomes], schema=OUTCOMES)


@dataclass
class _Task:
    points: tuple[Point, ...]
    future: "ProcessFuture[GroupResult]"


def run_points(
    workload: Workload, points: Sequence[Point], *, workers: int, timeout_s: float
) -> Iterator[GroupResult]:
    """Simulate points in worker processes; results come in the order of `points`.

    Points that share a clock must be neighbours to be advanced together. Whatever happens to
    a worker ends as the outcome of the point that did it: `failed`, `crashed` or `timeout`.

    Parameters
    ----------
    workers
        number of processes.
    timeout_s
        wall-clock limit of one point, and of each group.

    Yields
    ------
    GroupResult
        One per group.
    """
    alone = workload.model.isolated
    waiting = deque(points)
    tasks: deque[_Task] = deque()
    compartments: int | None = None
    # Forked workers share what the job has imported: NEURON, mechanisms, model, geometries.
    pool = ProcessPool(
        max_workers=workers,
        max_tasks=1 if alone else 0,
        initializer=_start_worker,
        initargs=(workload, os.getpid()),
        context=multiprocessing.get_context("fork"),
    )

    def schedule(group: tuple[Point, ...]) -> _Task:
        return _Task(group, pool.schedule(_run, args=(group,), timeout=timeout_s))

    with pool:
        try:
            while waiting or tasks:
                while waiting and len(tasks) < 2 * workers:
                    tasks.append(schedule(_next_group(waiting, workload.model, compartments)))
                task = tasks.popleft()
                result = _result(task, timeout_s)
                if result is None:
                    half = len(task.points) // 2
                    for part in (task.points[half:], task.points[:half]):
                        tasks.appendleft(schedule(part))
                    continue
                sizes = [outcome.compartments or 0 for outcome in result.outcomes]
                compartments = max(sizes) or compartments
                yield result
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]
            raise


def _next_group(
    waiting: deque[Point], model: type[Model], compartments: int | None
) -> tuple[Point, ...]:
    """Take the next points that can be advanced together; one while their size is not known."""
    clock = waiting[0].clock
    size = 1
    if not (model.isolated or clock.variable_step or compartments is None):
        size = lanes_per_group(compartments, len(model.signals), clock)
    group: list[Point] = []
    while waiting and len(group) < size and waiting[0].clock == clock:
        group.append(waiting.popleft())
    return tuple(group)


def lanes_per_group(compartments: int, signals: int, clock: Clock) -> int:
    """Number of cells to advance together, from their size and what they record."""
    samples = signals * (clock.duration / (clock.sampling or clock.dt) + 1)
    by_memory = int(SAMPLES_PER_GROUP // samples)
    by_size = COMPARTMENTS_PER_GROUP // max(compartments, 1)
    return max(1, min(LANES_AT_MOST, by_memory, by_size))


def _result(task: _Task, timeout_s: float) -> GroupResult | None:
    """Result of a group; of a single point also when it failed; None if it is to be halved."""
    runtime: float | None = None
    try:
        result: GroupResult = task.future.result()
        return result
    except FutureTimeoutError:
        status, error = "timeout", f"not finished after {timeout_s:g} s"
        runtime = timeout_s
    except ProcessExpired as expired:
        status, error = "crashed", _cause_of_death(expired)
    except GroupFailedError as failed:
        status, error = "failed", str(failed)
    if len(task.points) > 1:
        logger.info("a group of %d points: %s, %s; halving it", len(task.points), status, error)
        return None
    return GroupResult((Outcome(task.points[0].point_id, status, error, runtime, None),), {})


def _cause_of_death(expired: Any) -> str:
    code = expired.exitcode
    if code is not None and code < 0:
        return f"the process died of {signal.Signals(-code).name}"
    return f"the process ended with exit code {code}"
