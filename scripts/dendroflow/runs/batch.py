"""One job: simulate a batch of points and store its traces and outcomes."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from dendroflow.kernel.globals import NotSharedError
from dendroflow.kernel.lanes import GroupResult
from dendroflow.kernel.points import Point
from dendroflow.runs.pool import outcome_table
from dendroflow.runs.proof import run_proved
from dendroflow.runs.workload import Workload
from dendroflow.tables.schemas import OUTCOMES, TRACES
from dendroflow.tables.sharing import Verdict
from dendroflow.tables.tables import TableWriter, writing

SECONDS_BETWEEN_MESSAGES = 5.0

logger = logging.getLogger(__name__)


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
    check: Callable[[], None] = lambda: None,
) -> dict[str, int]:
    """Simulate points and store what comes of them; both files appear when all is done.

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
    check
        is called before the files get their names, and raises if they must not.

    Returns
    -------
    dict
        status -> number of points.
    """
    verdict = Verdict("shared")

    def store(known: Verdict | None) -> dict[str, int]:
        nonlocal verdict
        verdict, results = run_proved(
            workload, points, workers=workers, timeout_s=timeout_s, known=known
        )
        if verdict.why:
            logger.warning("%s: %s", verdict.process, verdict.why)
        said = {**notes, "sharing": vars(verdict)}
        with writing(files[0], schema) as rows, writing(files[1], OUTCOMES, said) as outcomes:
            counts = _store(workload, len(points), results, rows, outcomes)
            check()
        return counts

    try:
        counts = store(Verdict.read(sharing))
    except NotSharedError as error:
        # What came before may be wrong, too.
        counts = store(replace(verdict, process="alone", why=str(error)))
    verdict.keep(sharing)
    return counts


def _store(
    workload: Workload,
    number: int,
    results: Iterator[GroupResult],
    rows: TableWriter,
    outcomes: TableWriter,
) -> dict[str, int]:
    counts: dict[str, int] = {}
    said = time.monotonic()
    for result in results:
        rows.write(_rows(result, workload))
        outcomes.write(outcome_table(result))
        for outcome in result.outcomes:
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
            if outcome.status != "ok":
                logger.warning("point %s: %s: %s", outcome.point_id, outcome.status, outcome.error)
        if time.monotonic() - said > SECONDS_BETWEEN_MESSAGES:
            said = time.monotonic()
            logger.info("%d of %d points; %s", sum(counts.values()), number, counts)
    logger.info("%d of %d points; %s", sum(counts.values()), number, counts)
    return counts


def _rows(result: GroupResult, workload: Workload) -> pa.Table:
    if workload.measure is not None:
        return features_of(result, workload)
    return pa.table(result.traces) if result.traces else TRACES.empty_table()


def features_of(result: GroupResult, workload: Workload) -> pa.Table:
    """The features of a group, by a workload that measures them."""
    if result.features is not None:
        return result.features
    # The worker died with its point: there is nothing to measure, and the row says so.
    assert workload.measure is not None
    return workload.measure(TRACES.empty_table(), outcome_table(result))
