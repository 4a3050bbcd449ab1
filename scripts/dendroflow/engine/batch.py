"""One job: simulate a batch of points and store its traces and outcomes."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa

from dendroflow.engine.lanes import Clock, GroupResult, Point
from dendroflow.engine.pool import Workload, outcome_table, run_points
from dendroflow.stores.schemas import OUTCOMES, TRACES
from dendroflow.stores.tables import writing

SECONDS_BETWEEN_MESSAGES = 5.0

logger = logging.getLogger(__name__)


def points_to_run(columns: Mapping[str, Sequence[Any]], fixed: Mapping[str, Any]) -> list[Point]:
    """Make points from the columns of a plan; those that share a clock become neighbours.

    Parameters
    ----------
    columns
        point_id and the swept paths; a value per point.
    fixed
        path -> value of all that is not swept.
    """
    swept = [path for path in columns if path not in ("point_id", "batch")]
    clocks: dict[Clock, Clock] = {}
    points = []
    for point_id, *values in zip(
        columns["point_id"], *(columns[path] for path in swept), strict=True
    ):
        points.append(_point(point_id, {**fixed, **dict(zip(swept, values, strict=True))}, clocks))
    order = {clock: position for position, clock in enumerate(clocks)}
    return sorted(points, key=lambda point: order[point.clock])


def simulate_batch(
    workload: Workload,
    points: list[Point],
    files: tuple[Path, Path],
    schema: pa.Schema,
    *,
    workers: int,
    timeout_s: float,
    notes: Mapping[str, Any],
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

    Returns
    -------
    dict
        status -> number of points.
    """
    counts: dict[str, int] = {}
    said = time.monotonic()
    results = run_points(workload, points, workers=workers, timeout_s=timeout_s)
    with writing(files[0], schema) as rows, writing(files[1], OUTCOMES, notes) as outcomes:
        for result in results:
            rows.write(_rows(result, workload))
            outcomes.write(outcome_table(result))
            for outcome in result.outcomes:
                counts[outcome.status] = counts.get(outcome.status, 0) + 1
                if outcome.status != "ok":
                    logger.warning(
                        "point %s: %s: %s", outcome.point_id, outcome.status, outcome.error
                    )
            if time.monotonic() - said > SECONDS_BETWEEN_MESSAGES:
                said = time.monotonic()
                logger.info("%d of %d points; %s", sum(counts.values()), len(points), counts)
    logger.info("%d of %d points; %s", sum(counts.values()), len(points), counts)
    return counts


def _rows(result: GroupResult, workload: Workload) -> pa.Table:
    traces = pa.table(result.traces) if result.traces else TRACES.empty_table()
    if workload.measure is None:
        return traces
    if result.features is not None:
        return result.features
    # The worker died with its point: there is nothing to measure, and the row says so.
    return workload.measure(traces, outcome_table(result))


def _point(point_id: str, values: Mapping[str, Any], clocks: dict[Clock, Clock]) -> Point:
    """A point; equal clocks are one object."""
    prefix = "parameters."
    parameters = {
        path.removeprefix(prefix): value
        for path, value in values.items()
        if path.startswith(prefix)
    }
    clock = Clock(**{field.name: values[f"simulation.{field.name}"] for field in fields(Clock)})
    clock = clocks.setdefault(clock, clock)
    return Point(point_id, parameters, clock, int(values["simulation.seed"]), values["morphology"])
