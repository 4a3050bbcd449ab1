"""Joining what batches hold with what an experiment asks for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dendroflow.errors import StoreError
from dendroflow.settings.expressions import Expression
from dendroflow.tables.schemas import POINT_ID, VALUES_SUFFIX, column_of
from dendroflow.tables.tables import read_table, write_table

# In a verdict that fails a run.
TOO_MANY = ", more than max_failed_share "
_STATUS = ("status", "error", "runtime_s")

FEATURE_VALUES = pa.schema(
    [
        POINT_ID,
        pa.field("feature", pa.string(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)


def gather(
    points: pa.Table,
    batches: Sequence[Path],
    features: Path,
    feature_values: Path,
    notes: Mapping[str, Any],
) -> None:
    """Store an experiment's requested points with their features.

    Parameters
    ----------
    points
        a row per requested point: point_id, batch, and the swept paths.
    batches
        the feature tables of all batches that hold a requested point.
    features
        receives point_id, swept columns by their leaf names, features, status, error, runtime_s
        and batch; rows in the order of `points`.
    feature_values
        receives every value of the features that have several, such as one per spike.
    notes
        kept with the features; its `columns` are told which hold means of several values.

    Raises
    ------
    StoreError
        If a requested point is in no batch, or in its batch twice.
    """
    tables = [read_table(path) for path in batches]
    measured = pa.concat_tables(tables).combine_chunks()
    holder = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
    measured = measured.take(_rows(points, [path.stem for path in batches], measured, holder))
    lists = [name for name in measured.column_names if name.endswith(VALUES_SUFFIX)]
    swept = [path for path in points.column_names if path not in ("point_id", "batch")]
    apart = {"point_id", *_STATUS, *lists}
    columns = {"point_id": points["point_id"]}
    columns |= {column_of(path): points[path] for path in swept}
    columns |= {name: measured[name] for name in measured.column_names if name not in apart}
    columns |= derived(columns, measured["status"], notes)
    columns |= {name: measured[name] for name in _STATUS}
    columns["batch"] = points["batch"]
    table = pa.table(columns)
    means = {name.removesuffix(VALUES_SUFFIX) for name in lists if _longest(measured[name]) > 1}
    described = [column | {"mean": column["name"] in means} for column in notes["columns"]]
    write_table(table, features, table.schema, {**notes, "columns": described})
    write_table(_long(measured, lists), feature_values, FEATURE_VALUES)


def derived(
    columns: Mapping[str, pa.ChunkedArray], status: pa.ChunkedArray, notes: Mapping[str, Any]
) -> dict[str, pa.Array]:
    """Columns that follow from others by expressions; null where the point is not ok.

    Parameters
    ----------
    columns
        swept values and features.
    notes
        of the plan: `derived` (name -> expression), and `fixed`.
    """
    if not notes.get("derived"):
        return {}
    fixed = {column_of(path): value for path, value in notes["fixed"].items()}
    found, ok = {}, pc.equal(status, "ok").to_numpy(zero_copy_only=False)
    for name, text in notes["derived"].items():
        expression = Expression(text)
        values = {
            needed: columns[needed].to_numpy().astype(float)
            if needed in columns
            else np.full(len(ok), fixed[needed], dtype=float)
            for needed in expression.names
        }
        result = np.broadcast_to(expression(values), ok.shape)
        found[name] = pa.array(result, mask=~ok | np.isnan(result))
    return found


def _rows(
    points: pa.Table, batches: Sequence[str], measured: pa.Table, holder: NDArray[np.intp]
) -> NDArray[np.intp]:
    """The row of each requested point among those that its own batch holds.

    A batch may also hold points of an earlier design, or such as the plan takes from another.
    """
    ids, own = points["point_id"], points["batch"]
    own = pc.index_in(own, pa.array(batches, own.type)).to_numpy()
    wanted = pc.index_in(measured["point_id"].cast(ids.type), ids).fill_null(-1).to_numpy()
    found = np.flatnonzero((wanted >= 0) & (own[wanted] == holder))
    rows = np.full(len(points), -1)
    rows[wanted[found]] = found
    if len(found) > np.count_nonzero(rows >= 0):
        twice = found[rows[wanted[found]] != found][0]
        raise StoreError(
            f"batch {batches[holder[twice]]} holds point {measured['point_id'][twice]} twice; "
            "delete that batch and run snakemake again"
        )
    lost = np.flatnonzero(rows < 0)
    if len(lost):
        point, batch = (points[name][int(lost[0])] for name in ("point_id", "batch"))
        raise StoreError(
            f"point {point} is not in the features of batch {batch} "
            f"({len(lost)} points in all); delete that batch and run snakemake again"
        )
    return rows


def _longest(lists: pa.ChunkedArray) -> int:
    return pc.max(pc.list_value_length(lists)).as_py() or 0


def _long(table: pa.Table, columns: Iterable[str]) -> pa.Table:
    """A row per value of the list columns; sorted, so that batches leave no trace."""
    parts: list[pa.Table] = [FEATURE_VALUES.empty_table()]
    for column in columns:
        lists = table[column].combine_chunks()
        lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
        owner = np.repeat(np.arange(len(lengths)), lengths)
        values = {
            "point_id": table["point_id"].combine_chunks().take(owner),
            "feature": pa.repeat(column.removesuffix(VALUES_SUFFIX), len(owner)),
            "position": np.arange(len(owner)) - (np.cumsum(lengths) - lengths)[owner],
            "value": pc.list_flatten(lists),
        }
        parts.append(pa.table(values, schema=FEATURE_VALUES))
    return pa.concat_tables(parts).sort_by(
        [("point_id", "ascending"), ("feature", "ascending"), ("position", "ascending")]
    )


def failures(experiment: str, table: pa.Table) -> list[dict[str, str]]:
    """The points of a table from `gather` that are not `ok`, with their values in words."""
    failed = table.filter(pc.not_equal(table["status"], "ok")).to_pylist()
    apart = {"point_id", "batch", *_STATUS}
    return [
        {
            "experiment": experiment,
            "point_id": row["point_id"],
            "status": row["status"],
            "error": row["error"],
            "values": ", ".join(
                f"{name}={value}"
                for name, value in row.items()
                if name not in apart and value is not None
            ),
        }
        for row in failed
    ]


def verdict(experiment: str, points: int, failed: Sequence[Mapping[str, str]], share: float) -> str:
    """Say how many points of an experiment failed; with reasons, if more than this share did.

    Parameters
    ----------
    failed
        as from `failures`.
    """
    said = f"{experiment}: {len(failed)} of {points} points failed"
    if len(failed) <= share * points:
        return said
    reasons = Counter(f"{row['status']}: {row['error']}" for row in failed).most_common(3)
    listed = "; ".join(f"{count} x {reason}" for reason, count in reasons)
    return f"{said}{TOO_MANY}{share:g} allows: {listed}"
