"""Stored points simulated again, each alone in a fresh process, and compared to the last bit."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dendroflow import layout
from dendroflow.features.extract import extract
from dendroflow.kernel.lanes import GroupResult
from dendroflow.kernel.points import Point, points_of
from dendroflow.plan.cached import Cached
from dendroflow.plan.stored import Plan
from dendroflow.runs.pool import outcome_table, run_points
from dendroflow.runs.workload import Workload
from dendroflow.settings.audit import Audit
from dendroflow.settings.features import Features
from dendroflow.tables.audits import AUDITS, DIFFERS, SAME, made_at
from dendroflow.tables.schemas import TRACES, VALUES_SUFFIX, checked
from dendroflow.tables.tables import read_notes, read_table, write_table

logger = logging.getLogger(__name__)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Stored:
    """Where the results of an experiment are."""

    results: Path
    plan: Plan

    @property
    def experiment(self) -> str:
        """Its name."""
        return str(self.plan.notes["experiment"])

    @property
    def cached(self) -> Cached:
        """The batches."""
        codes = (self.plan.simulation_code, self.plan.feature_code)
        return Cached(self.results, self.experiment, *codes)

    def table(self, pattern: layout.Pattern) -> Path:
        """A table of the experiment."""
        return pattern.below(self.results, experiment=self.experiment)


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


@dataclass(frozen=True)
class Anew:
    """What a point needs to be made again: as its batch has it, but measured afterwards."""

    workload: Workload
    features: Features
    workers: int

    def run(self, points: Sequence[Point], timeout_s: float) -> Iterator[GroupResult]:
        """Simulate points, each in a process of its own."""
        model = self.workload.model
        alone = type(model.__name__, (model,), {"process": "alone", "__module__": model.__module__})
        workload = replace(self.workload, model=alone, measure=None)
        return run_points(workload, points, workers=self.workers, timeout_s=timeout_s)


def audit(
    stored: Stored, anew: Anew, settings: Audit, output: Path, provenance: Mapping[str, str]
) -> pd.DataFrame:
    """Simulate a sample of an experiment's points again, and store how they compare.

    Parameters
    ----------
    output
        receives a row per point; columns as in `tables.audits.AUDITS`.

    Returns
    -------
    pandas.DataFrame
        what went into `output`.
    """
    points = read_table(
        stored.table(layout.FEATURES), columns=["point_id", "batch", "status"]
    ).to_pandas()
    drawn = sample(points, settings)
    rows: list[dict[str, Any]] = []
    for batch, ids in drawn.items():
        for row in _of_batch(stored, batch, ids, anew):
            rows.append(row)
            if row["verdict"] == DIFFERS:
                logger.warning("point %s: %s", row["point_id"], row["difference"])
    notes = {
        "experiment": stored.experiment,
        "feature_code": stored.plan.feature_code,
        "points": len(points),
        "seed": settings.seed,
        "batches": {batch: made_at(read_notes(stored.cached.outcomes(batch))) for batch in drawn},
        "provenance": dict(provenance),
    }
    table = pa.Table.from_pylist(rows, schema=AUDITS)
    write_table(table, output, AUDITS, notes)
    logger.info("%d points, %d differ", len(rows), sum(row["verdict"] == DIFFERS for row in rows))
    found: pd.DataFrame = table.to_pandas()
    return found


def _of_batch(
    stored: Stored, batch: str, ids: Sequence[str], anew: Anew
) -> Iterator[dict[str, Any]]:
    """A row of `AUDITS` for each of these points of a batch."""
    plan = stored.plan
    drawn = plan.table.take(pc.index_in(pa.array(ids), value_set=plan.table["point_id"]))
    to_run = points_of(drawn.to_pydict(), plan.notes["fixed"])
    tables = _StoredRows(stored, batch, ids)
    for result in anew.run(to_run, plan.notes["timeout_s"]):
        (outcome,) = result.outcomes
        traces = _traces(result)
        (row,) = extract(traces, outcome_table(result), anew.features).to_pylist()
        difference = tables.difference(outcome.point_id, traces, row)
        yield {
            "point_id": outcome.point_id,
            "batch": batch,
            "compared": f"status, {'traces, ' if tables.traces is not None else ''}features",
            "verdict": SAME if difference is None else DIFFERS,
            "difference": difference,
        }


def _traces(result: GroupResult) -> pa.Table:
    return checked(pa.table(result.traces), TRACES) if result.traces else TRACES.empty_table()


class _StoredRows:
    """What is stored of some points of a batch: by the batch, and for the experiment."""

    def __init__(self, stored: Stored, batch: str, ids: Sequence[str]) -> None:
        these = {"point_id": ids}
        path = stored.cached.traces(batch)
        self.traces = checked(read_table(path, where=these), TRACES) if path.exists() else None
        self._rows = {
            "the batch": _by_point(read_table(stored.cached.features(batch), where=these))
        }
        whole = _by_point(read_table(stored.table(layout.FEATURES), where=these))
        values = read_table(stored.table(layout.FEATURE_VALUES), where=these)
        for row in values.sort_by("position").to_pylist():
            lists = whole[row["point_id"]].setdefault(f"{row['feature']}{VALUES_SUFFIX}", [])
            lists.append(row["value"])
        self._rows["the experiment"] = whole

    def difference(self, point_id: str, traces: pa.Table, features: Row) -> str | None:
        """What differs first between a point and what is stored of it; None if nothing does."""
        for where, rows in self._rows.items():
            status = rows.get(point_id, {}).get("status")
            if status != features["status"]:
                error = f" ({features['error']})" if features["error"] else ""
                return f"status: {status} in the table of {where}, {features['status']} now{error}"
        if self.traces is not None:
            mine = self.traces.filter(pc.equal(self.traces["point_id"], point_id))
            if (found := difference_of_traces(mine, traces)) is not None:
                return found
        for where, rows in self._rows.items():
            found = difference_of_features(rows[point_id], features)
            if found is not None:
                return f"{found} (in the table of {where})"
        return None


def _by_point(table: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["point_id"]: row for row in table.to_pylist()}


def difference_of_traces(stored: pa.Table, now: pa.Table) -> str | None:
    """What differs first between the traces of a point, or None; samples are compared as bits.

    Parameters
    ----------
    stored, now
        tables of `stores.schemas.TRACES`.
    """
    if len(stored) != len(now):
        return f"{len(stored)} traces are stored, {len(now)} come out now"
    for position in range(len(now)):
        signal = now["signal"][position].as_py()
        where = now["location"][position].as_py()
        name = f"{signal} at {where}" if where else signal
        for column in now.column_names:
            one, other = (table[column][position] for table in (stored, now))
            if not pa.types.is_list(one.type):
                if not _equal(one.as_py(), other.as_py()):
                    return f"{name}: {column}: {one.as_py()!r} is stored, {other.as_py()!r} now"
            elif (found := _difference_of_lists(one, other)) is not None:
                return f"{name}: {column}: {found}"
    return None


def _difference_of_lists(stored: pa.ListScalar, now: pa.ListScalar) -> str | None:
    if not (stored.is_valid and now.is_valid):
        both = stored.is_valid == now.is_valid
        return None if both else "one is null and the other is not"
    one, other = (
        np.asarray(scalar.values.to_numpy(zero_copy_only=False)) for scalar in (stored, now)
    )
    if len(one) != len(other):
        return f"{len(one)} samples are stored, {len(other)} come out now"
    bits = f"u{one.dtype.itemsize}"
    differing = np.flatnonzero(one.view(bits) != other.view(bits))
    if not len(differing):
        return None
    first = int(differing[0])
    return (
        f"sample {first} of {len(one)}: {float(one[first])!r} is stored, "
        f"{float(other[first])!r} now; {len(differing)} differ"
    )


def difference_of_features(stored: Row, now: Row) -> str | None:
    """What differs first between the features of a point, or None.

    Parameters
    ----------
    stored, now
        column -> value; of columns with all values of a feature, a missing one is an empty one.
    """
    for column, value in now.items():
        if column in ("point_id", "status", "error", "runtime_s"):
            continue
        empty: list[float] | None = [] if column.endswith(VALUES_SUFFIX) else None
        found, expected = (empty if one is None else one for one in (value, stored.get(column)))
        if not _equal(expected, found):
            return f"{column}: {expected!r} is stored, {found!r} now"
    return None


def _equal(one: Any, other: Any) -> bool:
    """Whether values are the same to the bit; a NaN is a NaN."""
    return repr(one) == repr(other)
