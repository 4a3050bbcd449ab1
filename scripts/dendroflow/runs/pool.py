"""Points over worker processes: a group that crashes or hangs is halved to the culprit."""

import logging
import math
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa

from dendroflow.kernel.lanes import GroupFailedError, GroupResult, Outcome, run_together
from dendroflow.kernel.loading import builds_rxd
from dendroflow.kernel.model import Model
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.runs.workers import Task, Workers
from dendroflow.runs.workload import Workload
from dendroflow.tables.schemas import OUTCOMES

logger = logging.getLogger(__name__)

# A group of this many compartments keeps a core busy; more gains nothing.
COMPARTMENTS_PER_GROUP = 2000
LANES_AT_MOST = 512
# Recorded samples that a group may hold in memory: 160 MB.
SAMPLES_PER_GROUP = 20_000_000
# Groups ahead of the one whose turn it is: results are yielded in order, and one may take long.
GROUPS_PER_WORKER = 4


def _run(workload: Workload, points: Sequence[Point], group: range) -> GroupResult:
    result = run_together(
        workload.model,
        points[group.start : group.stop],
        workload.morphologies,
        workload.plausible,
        coreneuron=workload.coreneuron,
    )
    if workload.measure is not None:
        features = workload.measure(pa.table(result.traces), outcome_table(result))
        return GroupResult(result.outcomes, {}, features)
    return result


def outcome_table(result: GroupResult) -> pa.Table:
    """The outcomes of a group as a table of `stores.schemas.OUTCOMES`."""
    return pa.Table.from_pylist([vars(outcome) for outcome in result.outcomes], schema=OUTCOMES)


def run_points(
    workload: Workload, points: Sequence[Point], *, workers: int, timeout_s: float
) -> Iterator[GroupResult]:
    """Simulate points in worker processes; results come in the order of `points`.

    Points that share a settings must be neighbours to be advanced together. Whatever happens to
    a worker ends as the outcome of the point that did it: `failed`, `crashed` or `timeout`.

    Parameters
    ----------
    workers
        number of processes.
    timeout_s
        wall-settings limit of one point, and of each group.

    Yields
    ------
    GroupResult
        One per group.
    """
    model = workload.model
    begun = 0
    tasks: list[Task] = []
    to_start: deque[Task] = deque()
    compartments: int | None = None
    # Workers have the points since they were forked, and are told which.
    run = partial(_run, workload, points)
    # What rxd creates is no section that the engine could delete.
    single_use = model.process != "shared" or builds_rxd(model)
    with Workers(run, workers, timeout_s, single_use=single_use) as crew:
        while begun < len(points) or tasks:
            # One for each worker until it is known how large a cell is.
            ahead = workers if compartments is None else GROUPS_PER_WORKER * workers
            while begun < len(points) and len(tasks) < ahead:
                task = Task(_next_group(points, begun, model, compartments, workers))
                begun = task.group.stop
                tasks.append(task)
                to_start.append(task)
            while to_start and crew.idle:
                crew.start(to_start.popleft())
            for task in crew.wait():
                if parts := _halves(task):
                    place = tasks.index(task)
                    tasks[place : place + 1] = parts
                    to_start.extendleft(reversed(parts))
            while tasks and tasks[0].status:
                result = _result(tasks.pop(0), points, timeout_s)
                sizes = [outcome.compartments or 0 for outcome in result.outcomes]
                compartments = max(sizes) or compartments
                yield result


def _next_group(
    points: Sequence[Point], start: int, model: type[Model], compartments: int | None, workers: int
) -> range:
    """The next points that can be advanced together; one while their size is not known."""
    settings = points[start].settings
    size = 1
    alone = model.process != "shared" or settings.variable_step
    if not (alone or compartments is None):
        left = len(points) - start
        size = lanes_per_group(compartments, len(model.signals), settings)
        # The last points are for all workers, in groups that are still worth their start.
        size = min(left, size, max(math.ceil(left / workers), size // 8))
    end = start + 1
    # Equal settings are nearly always one object, which `in` compares first.
    while end < start + size and (
        points[end].settings is settings or points[end].settings == settings
    ):
        end += 1
    return range(start, end)


def lanes_per_group(compartments: int, signals: int, settings: SolverSettings) -> int:
    """Number of cells to advance together, from their size and what they record."""
    samples = signals * (settings.duration / (settings.sampling or settings.dt) + 1)
    by_memory = int(SAMPLES_PER_GROUP // samples)
    by_size = COMPARTMENTS_PER_GROUP // max(compartments, 1)
    return max(1, min(LANES_AT_MOST, by_memory, by_size))


def _halves(task: Task) -> list[Task]:
    """The tasks that take the place of a group in which some point failed for all; or none."""
    group = task.group
    failed = task.status in ("crashed", "timeout") or isinstance(task.value, GroupFailedError)
    if not failed or len(group) == 1:
        return []
    logger.info("a group of %d points %s: %s; halving it", len(group), task.status, task.value)
    half = len(group) // 2
    return [Task(group[:half]), Task(group[half:])]


def _result(task: Task, points: Sequence[Point], timeout_s: float) -> GroupResult:
    """Result of a group that ran, or of a single point that did not come through."""
    if task.status == "done":
        result: GroupResult = task.value
        return result
    if task.status == "raised" and not isinstance(task.value, GroupFailedError):
        raise task.value
    status = "failed" if task.status == "raised" else task.status
    runtime = timeout_s if status == "timeout" else None
    point_id = points[task.group.start].point_id
    return GroupResult((Outcome(point_id, status, str(task.value), runtime, None),), {})
