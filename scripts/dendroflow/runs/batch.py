"""One job: simulate a batch of points and store its traces and outcomes."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from dendroflow.kernel.globals import NotSharedError
from dendroflow.kernel.lanes import GroupResult, Outcome
from dendroflow.kernel.points import Point
from dendroflow.runs.proof import run_proved
from dendroflow.runs.results import outcome_table, trace_table
from dendroflow.runs.workload import Workload
from dendroflow.tables.schemas import OUTCOMES, TRACES
from dendroflow.tables.sharing import Verdict, worst
from dendroflow.tables.tables import read_table, writing
from dendroflow.tables.unfinished import (
    Unfinished,
    groups_with,
    has_sections,
    kept_in,
    notes_of,
    remove,
    statuses,
)

SECONDS_BETWEEN_MESSAGES = 5.0

logger = logging.getLogger(__name__)

Tables = tuple[pa.Table, pa.Table]


def simulate_batch(
    workload: Workload,
    points: list[Point],
    files: tuple[Path, Path],
    schema: pa.Schema,
    *,
    workers: int,
    timeout_s: float,
    notes: Mapping[str, Any],
    sharing: Path,
    unfinished: Path,
    refused: Sequence[Outcome] = (),
    retry: Collection[str] = (),
    check: Callable[[], None] = lambda: None,
) -> dict[str, int]:
    """Simulate points and store what comes of them; both files appear when all is done.

    Until then each group that is finished is kept in `unfinished`, from where a job takes what its
    points have already.

    Parameters
    ----------
    files
        for the traces, or for the features if the workload measures them; and for the outcomes.
    schema
        of the first of them.
    notes
        provenance, kept in the metadata of the outcomes.
    sharing
        file that keeps whether points of this `simulation_code` share a process.
    unfinished
        folder of groups of this `simulation_code`.
    refused
        outcomes of runs that cannot be simulated.
    retry
        statuses of points that are simulated again.
    check
        is called before the files get their names, and raises if they must not.

    Returns
    -------
    dict
        status -> number of points.
    """
    known, number = Verdict.read(sharing), len(points) + len(refused)
    taken = _taken(unfinished, points, workload.sections, retry)
    while True:
        there = {point_id for ids in taken.values() for point_id in ids}
        rest = [point for point in points if point.point_id not in there]
        verdict, results = run_proved(
            workload, rest, workers=workers, timeout_s=timeout_s, known=known
        )
        doubtful = [path for path in taken if notes_of(path)["sharing"]["process"] != "alone"]
        if verdict.process == "alone" and verdict.seconds and doubtful:
            # What was simulated together before may be wrong, too.
            known, taken = verdict, {p: ids for p, ids in taken.items() if p not in doubtful}
            for path in doubtful:
                remove(path)
            continue
        if verdict.why:
            logger.warning("%s: %s", verdict.process, verdict.why)
        before = [Verdict(**notes_of(path)["sharing"]) for path in taken]
        said = {**notes, "sharing": vars(worst([verdict, *before]))}
        own = Unfinished(unfinished, files[1].stem, said)
        counts: dict[str, int] = {}
        told = time.monotonic()
        try:
            with writing(files[0], schema) as rows, writing(files[1], OUTCOMES, said) as outcomes:
                results = chain([GroupResult(tuple(refused), {})] * bool(refused), results)
                for tables in _all(taken, results, workload, own):
                    rows.write(tables[0])
                    outcomes.write(tables[1])
                    _count(tables[1], counts)
                    if time.monotonic() - told > SECONDS_BETWEEN_MESSAGES:
                        told = time.monotonic()
                        done = sum(counts.values())
                        failed = done - counts.get("ok", 0)
                        logger.info("%d of %d points, %d failed", done, number, failed)
                check()
        except NotSharedError as error:
            own.remove()
            known = replace(verdict, process="alone", why=str(error))
            continue
        logger.info("%d of %d points; %s", sum(counts.values()), number, counts)
        own.remove()
        _remove_held(unfinished, files[1].parent)
        verdict.keep(sharing)
        return counts


def _taken(
    folder: Path, points: Sequence[Point], sections: Mapping[str, str], retry: Collection[str]
) -> dict[Path, list[str]]:
    """Which of some points each file of unfinished groups has."""
    wanted = {point.point_id for point in points}
    found: dict[Path, list[str]] = {}
    for path in kept_in(folder):
        if has_sections(notes_of(path), sections):
            ids = [i for i, status in statuses(path).items() if i in wanted and status not in retry]
            wanted.difference_update(ids)
            found |= {path: ids} if ids else {}
    return found


def _all(
    taken: Mapping[Path, Collection[str]],
    results: Iterator[GroupResult],
    workload: Workload,
    own: Unfinished,
) -> Iterator[Tables]:
    """Rows and outcomes of the groups that are there, and of those that come."""
    for path, ids in taken.items():
        yield from groups_with(path, ids)
    for result in results:
        tables = _rows(result, workload), outcome_table(result)
        own.append(*tables)
        yield tables


def _count(outcomes: pa.Table, counts: dict[str, int]) -> None:
    for row in outcomes.to_pylist():
        counts[row["status"]] = counts.get(row["status"], 0) + 1
        if row["status"] != "ok":
            logger.warning("point %s: %s: %s", row["point_id"], row["status"], row["error"])


def _remove_held(folder: Path, outcomes: Path) -> None:
    """Remove files of unfinished groups whose points are all in batches by now."""
    if not (files := kept_in(folder)):
        return
    batches = [read_table(path, columns=["point_id"]) for path in outcomes.glob("*.parquet")]
    held = {point_id for table in batches for point_id in table["point_id"].to_pylist()}
    for path in files:
        if (ids := statuses(path)) and held.issuperset(ids):
            remove(path)


def _rows(result: GroupResult, workload: Workload) -> pa.Table:
    if workload.measure is not None:
        return features_of(result, workload)
    return trace_table(result)


def features_of(result: GroupResult, workload: Workload) -> pa.Table:
    """The features of a group, by a workload that measures them."""
    if result.features is not None:
        return result.features
    # The worker died with its point: there is nothing to measure, and the row says so.
    assert workload.measure is not None
    return workload.measure(TRACES.empty_table(), outcome_table(result))
