"""Stored points simulated again, each alone in a fresh process, and compared to the last bit.

Those of a batch whose cells share a process, and say that they are only close to what they are
alone, are compared as closely.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dendroflow import layout
from dendroflow.features.extract import Asked, extract
from dendroflow.kernel.lanes import GroupResult
from dendroflow.plan.answers import points_to_run, searches_of
from dendroflow.plan.cached import Cached
from dendroflow.plan.stored import Plan
from dendroflow.runs.pool import run_points
from dendroflow.runs.proof import TOLERANCE
from dendroflow.runs.results import outcome_table, trace_table
from dendroflow.runs.workload import Workload
from dendroflow.settings.audit import Audit
from dendroflow.tables.audits import AUDITS, DIFFERS, SAME, made_at
from dendroflow.tables.schemas import TRACES, VALUES_SUFFIX, checked
from dendroflow.tables.tables import read_notes, read_table, write_table

logger = logging.getLogger(__name__)

Row = Mapping[str, Any]


def sample(points: pd.DataFrame, settings: Audit) -> dict[str, list[str]]:
    """Draw points, batch by batch, in another order than theirs.

    Points that were not finished in time are left out: how long one takes is chance.

    Parameters
    ----------
    points
        point_id, batch and status.

    Returns
    -------
    dict
        batch -> point_ids.
    """
    eligible = points[points["status"] != "timeout"].sort_values("point_id")
    generator = np.random.default_rng(settings.seed)
    chosen = generator.permutation(len(eligible))[: settings.size(len(points))]
    drawn = eligible.iloc[chosen]
    return {str(name): list(rows["point_id"]) for name, rows in drawn.groupby("batch", sort=False)}


def audit(
    results: Path,
    plan: Plan,
    workload: Workload,
    asked: Asked,
    settings: Audit,
    *,
    output: Path,
    workers: int,
    provenance: Mapping[str, str],
) -> pd.DataFrame:
    """Simulate a sample of an experiment's points again, and store how they compare.

    Parameters
    ----------
    workload
        what the points are simulated with.
    asked
        the features that are measured of their traces, under each protocol.
    output
        receives a row per point; columns as in `tables.audits.AUDITS`.

    Returns
    -------
    pandas.DataFrame
        what went into `output`.
    """
    experiment = plan.notes["experiment"]
    cached = Cached(results, experiment, plan.simulation_code, plan.feature_code)
    points = _runs(results, plan)
    drawn = sample(points, settings)
    workload = replace(workload, measure=None)
    rows: list[dict[str, Any]] = []
    for batch, ids in drawn.items():
        stored = _Stored(cached, results, batch, ids)
        own = plan.table.take(pc.index_in(pa.array(ids), value_set=plan.table[plan.run]))
        outcomes = [read_table(cached.outcomes(other)) for other in plan.searches(batch)]
        to_run, _ = points_to_run(
            own, plan.notes["fixed"], plan.notes["protocols"], searches_of(outcomes)
        )
        timeout_s = plan.notes["timeout_s"]
        for result in run_points(
            workload, to_run, workers=workers, timeout_s=timeout_s, alone=True
        ):
            rows.append(_compared(result, stored, asked) | {"batch": batch})
            if rows[-1]["verdict"] == DIFFERS:
                logger.warning("point %s: %s", rows[-1]["point_id"], rows[-1]["difference"])
    notes = {
        "experiment": experiment,
        "feature_code": plan.feature_code,
        "points": len(points),
        "seed": settings.seed,
        "batches": {batch: made_at(read_notes(cached.outcomes(batch))) for batch in drawn},
        "provenance": dict(provenance),
    }
    table = pa.Table.from_pylist(rows, schema=AUDITS)
    write_table(table, output, AUDITS, notes)
    logger.info("%d points, %d differ", len(rows), sum(row["verdict"] == DIFFERS for row in rows))
    found: pd.DataFrame = table.to_pandas()
    return found


def _runs(results: Path, plan: Plan) -> pd.DataFrame:
    """What was simulated: point_id, which may be that of a run under a protocol; batch; status."""
    experiment = plan.notes["experiment"]
    if not plan.notes["protocols"]:
        path = layout.FEATURES.below(results, experiment=experiment)
        points: pd.DataFrame = read_table(path, ["point_id", "batch", "status"]).to_pandas()
        return points
    path = layout.RUNS.below(results, experiment=experiment)
    runs: pd.DataFrame = read_table(path, ["run_id", "batch", "status"]).to_pandas()
    runs = runs[runs["status"] != "not_run"].drop_duplicates("run_id")
    return runs.rename(columns={"run_id": "point_id"})


class _Stored:
    """What is stored of some points of a batch: by the batch, and for the experiment."""

    def __init__(self, cached: Cached, results: Path, batch: str, ids: Sequence[str]) -> None:
        these = {"point_id": ids}
        path = cached.traces(batch)
        close = read_notes(cached.outcomes(batch)).get("sharing", {}).get("process") == "close"
        self._tolerance = TOLERANCE if close else 0.0
        self.traces = checked(read_table(path, where=these), TRACES) if path.exists() else None
        of_batch, of_experiment = (
            {row["point_id"]: row for row in read_table(table, where=these).to_pylist()}
            for table in (
                cached.features(batch),
                layout.FEATURES.below(results, experiment=cached.experiment),
            )
        )
        values = layout.FEATURE_VALUES.below(results, experiment=cached.experiment)
        for row in read_table(values, where=these).sort_by("position").to_pylist():
            lists = of_experiment[row["point_id"]]
            lists.setdefault(f"{row['feature']}{VALUES_SUFFIX}", []).append(row["value"])
        self._rows = {"the batch": of_batch}
        # Runs under protocols have rows of their own in their batch alone.
        if of_experiment:
            self._rows["the experiment"] = of_experiment

    def difference(self, point_id: str, traces: pa.Table, features: Row) -> str | None:
        """What differs first between a point and what is stored of it; None if nothing does."""
        for where, rows in self._rows.items():
            status = rows.get(point_id, {}).get("status")
            if status != features["status"]:
                error = f" ({features['error']})" if features["error"] else ""
                return f"status: {status} in the table of {where}, {features['status']} now{error}"
        if self.traces is not None:
            mine = self.traces.filter(pc.equal(self.traces["point_id"], point_id))
            if (found := difference_of_traces(mine, traces, self._tolerance)) is not None:
                return found
        for where, rows in self._rows.items():
            found = difference_of_features(rows[point_id], features, self._tolerance)
            if found is not None:
                return f"{found} (in the table of {where})"
        return None


def _compared(result: GroupResult, stored: _Stored, asked: Asked) -> dict[str, Any]:
    """A row of `AUDITS`, without its batch, for a point that was simulated again."""
    (outcome,) = result.outcomes
    traces = checked(trace_table(result), TRACES)
    (row,) = extract(traces, outcome_table(result), asked).to_pylist()
    difference = stored.difference(outcome.point_id, traces, row)
    return {
        "point_id": outcome.point_id,
        "compared": f"status, {'traces, ' if stored.traces is not None else ''}features",
        "verdict": SAME if difference is None else DIFFERS,
        "difference": difference,
    }


def difference_of_traces(stored: pa.Table, now: pa.Table, tolerance: float = 0.0) -> str | None:
    """What differs first between the traces of a point, or None.

    Parameters
    ----------
    stored, now
        tables of `tables.schemas.TRACES`.
    tolerance
        share of the largest sample by which samples may differ; by default they are compared as
        bits.
    """
    if len(stored) != len(now):
        return f"{len(stored)} traces are stored, {len(now)} come out now"
    for before, row in zip(stored.to_pylist(), now.to_pylist(), strict=True):
        name = f"{row['signal']} at {row['location']}" if row["location"] else row["signal"]
        for column, value in row.items():
            found = None
            if isinstance(value, list) and before[column] is not None:
                found = _difference_of_lists(before[column], value, tolerance)
            elif pa.types.is_list(now.schema.field(column).type):
                found = None if value is before[column] else "one is null and the other is not"
            elif repr(value) != repr(before[column]):
                found = f"{before[column]!r} is stored, {value!r} now"
            if found is not None:
                return f"{name}: {column}: {found}"
    return None


def _difference_of_lists(stored: list[float], now: list[float], tolerance: float) -> str | None:
    if len(stored) != len(now):
        return f"{len(stored)} samples are stored, {len(now)} come out now"
    before, after = (np.array(samples, dtype=float) for samples in (stored, now))
    differs = before.view(np.int64) != after.view(np.int64)
    if tolerance:
        differs &= ~(np.abs(after - before) <= tolerance * np.nanmax(np.abs(before), initial=0.0))
    differing = np.flatnonzero(differs)
    if not len(differing):
        return None
    first = int(differing[0])
    return (
        f"sample {first} of {len(now)}: {stored[first]!r} is stored, "
        f"{now[first]!r} now; {len(differing)} differ"
    )


def difference_of_features(stored: Row, now: Row, tolerance: float = 0.0) -> str | None:
    """What differs first between the features of a point, or None.

    Parameters
    ----------
    stored, now
        column -> value; of columns with all values of a feature, a missing one is an empty one.
    tolerance
        of samples; features may differ by a thousand times this share of themselves.
    """
    for column, value in now.items():
        if column in ("point_id", "protocol", "status", "error", "runtime_s"):
            continue
        empty: list[float] | None = [] if column.endswith(VALUES_SUFFIX) else None
        found, expected = (empty if one is None else one for one in (value, stored.get(column)))
        # To the bit, and a NaN is a NaN.
        if repr(expected) != repr(found) and not _are_close(expected, found, 1e3 * tolerance):
            return f"{column}: {expected!r} is stored, {found!r} now"
    return None


def _are_close(first: Any, second: Any, share: float) -> bool:
    try:
        return bool(share) and np.allclose(first, second, rtol=share, atol=0.0)
    except (TypeError, ValueError):
        return False
