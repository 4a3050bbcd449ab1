"""Points over worker processes: a group that crashes or hangs is halved to the culprit."""

import logging
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy.ma  # noqa: F401  Arrow wants it; imported here, once for all forks.
import pyarrow as pa

from dendroflow.errors import ModelError
from dendroflow.kernel.globals import NotSharedError, SettingChangedError, known_globals
from dendroflow.kernel.lanes import GroupFailedError, GroupResult, Outcome, run_together
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.runs.blame import line_that_sets
from dendroflow.runs.loading import with_origins
from dendroflow.runs.results import Size, outcome_table, trace_table
from dendroflow.runs.search import Searching, in_a_fork, search_together
from dendroflow.runs.workers import Task, Workers
from dendroflow.runs.workload import Workload

# Names and values of what a run leaves of NEURON's globals.
Left = Sequence[tuple[str, float]]

logger = logging.getLogger(__name__)

# How much longer than its points took before a group may take.
PATIENCE = 10.0
# Groups ahead of the one whose turn it is: results are yielded in order, and one may take long.
GROUPS_PER_WORKER = 4


def run_points(
    workload: Workload,
    points: Sequence[Point],
    *,
    workers: int,
    timeout_s: float,
    alone: bool = False,
    size: Size | None = None,
) -> Iterator[GroupResult]:
    """Simulate points in worker processes; results come in the order of `points`.

    Points that share their settings must be neighbours to be advanced together. Whatever happens
    to a worker ends as the outcome of the point that did it: `failed`, `crashed` or `timeout`.

    Parameters
    ----------
    workers
        number of processes.
    timeout_s
        wall-clock limit of one point; that of a group grows with what its points are likely to
        take.
    alone
        whether each point gets a process of its own.
    size
        of a cell, if it is known.

    Yields
    ------
    GroupResult
        One per group.

    Raises
    ------
    NotSharedError
        If the points turn out to need a process each.
    ModelError
        If the model breaks its contract.
    """
    # For all workers: NEURON is loaded, and its globals are as the model's import has left them.
    known_globals()
    alone = alone or workload.model.process != "shared"
    progress = _Progress(points, workers, timeout_s, workload.searches, alone=alone, size=size)
    # What rxd creates is no section that could be deleted.
    single_use = alone or workload.model.builds_rxd()
    # Workers have the points since they were forked, and are told which.
    run = partial(_run, workload, points, alone)
    tasks: list[Task] = []
    to_start: deque[Task] = deque()
    with Workers(run, workers, single_use=single_use) as crew:
        while progress.goes_on or tasks:
            while progress.goes_on and len(tasks) < progress.groups_ahead:
                tasks.append(progress.next_group())
                to_start.append(tasks[-1])
            while to_start and crew.idle:
                crew.start(to_start.popleft())
            for task in crew.wait():
                if parts := progress.halves(task):
                    place = tasks.index(task)
                    tasks[place : place + 1] = parts
                    to_start.extendleft(reversed(parts))
            while tasks and tasks[0].status:
                result = _result(tasks[0], points, timeout_s)
                if tasks[0].status != "done" and workload.compare is not None:
                    workload.compare(result)
                progress.see(tasks.pop(0).group, result)
                yield result


class _Progress:
    """Which points come next, and what those that have come say of all."""

    def __init__(
        self,
        points: Sequence[Point],
        workers: int,
        timeout_s: float,
        searches: Mapping[str, Searching],
        *,
        alone: bool,
        size: Size | None,
    ) -> None:
        self._points, self._workers, self._timeout_s = points, workers, timeout_s
        self._searches = searches
        self._alone = alone
        self._begun = 0
        self._size = size
        # Groups that failed as such, until a point is to blame, and why.
        self._suspected: dict[range, str] = {}
        self._globals: dict[SolverSettings, Left] = {}

    @property
    def goes_on(self) -> bool:
        """Whether some points have not been begun."""
        return self._begun < len(self._points)

    @property
    def groups_ahead(self) -> int:
        """How many groups may be under way; one a worker until it is known how large a cell is."""
        return self._workers if self._size is None else GROUPS_PER_WORKER * self._workers

    def next_group(self) -> Task:
        """The next points that can be advanced together; one while their size is not known."""
        start, points = self._begun, self._points
        settings, size = points[start].settings, 1
        if not self._alone and self._size is not None:
            left = len(points) - start
            size = self._size.lanes
            # The last points are for all workers, in groups that are still worth their start.
            size = min(left, size, max(math.ceil(left / self._workers), size // 8))
        end, searched = start + 1, self._searched(points[start])
        # Equal settings are nearly always one object, which `is` compares first.
        while (
            end < start + size
            and (points[end].settings is settings or points[end].settings == settings)
            and self._searched(points[end]) == searched
        ):
            end += 1
        self._begun = end
        return self._task(range(start, end))

    def _searched(self, point: Point) -> str:
        """The protocol whose search it is for, "" if none."""
        return point.protocol if point.protocol in self._searches else ""

    def _task(self, group: range) -> Task:
        point = self._points[group.start]
        settings = point.settings
        seconds = self._size.seconds if self._size else 0.0
        searching = self._searches.get(point.protocol)
        simulations = searching.search.simulations if searching else 1
        limit = self._timeout_s * simulations + PATIENCE * seconds * (len(group) - 1)
        return Task(group, (settings.celsius, settings.dt, settings.solver), limit)

    def halves(self, task: Task) -> list[Task]:
        """The tasks in place of a group in which some point failed for all; or none."""
        group = task.group
        failed = task.status in ("crashed", "timeout") or isinstance(task.value, GroupFailedError)
        if not failed or len(group) == 1:
            return []
        logger.info("a group of %d points %s: %s; halving it", len(group), task.status, task.value)
        if task.status != "timeout" and not any(group.start in r for r in self._suspected):
            self._suspected[group] = str(task.value)
        half = len(group) // 2
        return [self._task(group[:half]), self._task(group[half:])]

    def see(self, group: range, result: GroupResult) -> None:
        """Learn from a result.

        Raises
        ------
        NotSharedError
            If points have changed a global otherwise than those before them, or failed only
            together.
        """
        self._size = Size.of(result) or self._size
        if self._alone:
            return
        if result.left:
            settings = self._points[group.start].settings
            refuse_other_globals(self._globals.setdefault(settings, result.left), result.left)
        for suspected, why in list(self._suspected.items()):
            if group.start not in suspected:
                continue
            if any(outcome.status != "ok" for outcome in result.outcomes):
                del self._suspected[suspected]
            elif group.stop == suspected.stop:
                raise NotSharedError(
                    f"{len(suspected)} points fail together ({why}), and none of them alone"
                )


def _run(workload: Workload, points: Sequence[Point], alone: bool, group: range) -> GroupResult:
    """Simulate a group in this process, and measure it if the workload says how."""
    chosen = points[group.start : group.stop]

    def run(these: Sequence[Point]) -> GroupResult:
        result = run_together(
            workload.model,
            these,
            workload.morphologies,
            workload.plausible,
            record=workload.record,
            folder=workload.folder,
            coreneuron=workload.coreneuron,
            alone=alone,
        )
        left = [pair for pair in result.left if pair[0] not in workload.assigned]
        return replace(result, left=left)

    def simulate(these: Sequence[Point]) -> GroupResult:
        # CVODE would choose one step for all cells.
        varying = these[0].settings.variable_step
        return _joined([run([point]) for point in these]) if varying else run(these)

    try:
        if searching := workload.searches.get(chosen[0].protocol):
            alone_each = partial(in_a_fork, simulate)
            how = alone_each if alone or workload.model.builds_rxd() else simulate
            result = search_together(chosen, searching, how)
        else:
            result = simulate(chosen)
    except SettingChangedError as error:
        line = line_that_sets(error.setting, workload.model, lambda: run(chosen))
        raise ModelError(f"{line}{error}") from None
    outcomes = tuple(
        outcome if outcome.error is None else replace(outcome, error=with_origins(outcome.error))
        for outcome in result.outcomes
    )
    result = replace(result, outcomes=outcomes)
    if workload.compare is not None:
        result = replace(result, close=workload.compare(result))
    if workload.measure is not None:
        features = workload.measure(trace_table(result), outcome_table(result))
        result = replace(result, traces={}, features=features)
    return result


def refuse_other_globals(*lefts: Left) -> None:
    """Refuse to let points share a process after whose run globals are not the same."""
    for pairs in zip(*lefts, strict=True):
        if len(set(pairs)) > 1:
            raise NotSharedError(
                f"h.{pairs[0][0]} is not the same after the run of all points; as RANGE in its "
                ".mod file it would be fast"
            )


def _joined(results: Sequence[GroupResult]) -> GroupResult:
    """Results of points that were simulated one after the other."""
    refuse_other_globals(*(result.left for result in results))
    columns = results[0].traces
    return replace(
        results[0],
        outcomes=tuple(outcome for result in results for outcome in result.outcomes),
        traces={
            name: pa.concat_arrays([result.traces[name] for result in results]) for name in columns
        },
        samples=max(result.samples for result in results),
    )


def _result(task: Task, points: Sequence[Point], timeout_s: float) -> GroupResult:
    """Result of a group that ran, or of a single point that did not come through."""
    if task.status == "done":
        result: GroupResult = task.value
        return result
    if task.status == "raised" and not isinstance(task.value, GroupFailedError):
        raise task.value
    status = "failed" if task.status == "raised" else task.status
    runtime = timeout_s if status == "timeout" else None
    point = points[task.group.start]
    error = with_origins(str(task.value))
    outcome = Outcome(point.point_id, status, error, runtime, None, point.protocol)
    return GroupResult((outcome,), {})
