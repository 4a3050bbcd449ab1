"""Joining what batches hold with what an experiment asks for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dendroflow.errors import StoreError
from dendroflow.settings.expressions import Expression
from dendroflow.tables.population import accepted
from dendroflow.tables.protocols import RUNS, STATUS, Columns, side_by_side
from dendroflow.tables.schemas import POINT_ID, VALUES_SUFFIX, column_of
from dendroflow.tables.scoring import score_columns
from dendroflow.tables.tables import read_table, write_table

# In a verdict that fails a run.
TOO_MANY = ", more than max_failed_share "
_OF_OUTCOMES = {"point_id", "protocol", "search", *STATUS}

FEATURE_VALUES = pa.schema(
    [
        POINT_ID,
        pa.field("feature", pa.string(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)

# What is read of the morphometrics of each morphology.
MEASURED = pa.schema(
    [
        pa.field("morphology", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
    ]
)


def gather(
    points: pa.Table,
    batches: Sequence[Path],
    files: tuple[Path, Path, Path],
    notes: Mapping[str, Any],
    morphometrics: Sequence[Path] = (),
) -> None:
    """Store an experiment's requested points with their features.

    Parameters
    ----------
    points
        of the plan: a row per requested point, or per run of it under a protocol.
    batches
        the feature tables of all batches that hold one.
    files
        three, which receive the points: point_id, swept columns by their leaf names, features,
        status, error, runtime_s and batch, in the order of `points`; every value of the features
        that have several, such as one per spike; and what became of each run, as in
        `tables.protocols.RUNS`.
    notes
        kept with the points; its `columns` are told which hold means of several values.
    morphometrics
        tables of the morphologies, if `notes` name morphometrics.

    Raises
    ------
    StoreError
        If a requested point is in no batch, or in its batch twice.
    """
    tables = {path.stem: read_table(path) for path in batches}
    found = pa.concat_tables(
        [
            MEASURED.empty_table(),
            *(read_table(path, columns=MEASURED.names) for path in morphometrics),
        ]
    )
    table, lists, ran = joined(points, tables, notes, found)
    means = {name.removesuffix(VALUES_SUFFIX) for name in lists if _longest(lists[name]) > 1}
    described = [column | {"mean": column["name"] in means} for column in notes["columns"]]
    features, feature_values, runs = files
    write_table(table, features, table.schema, {**notes, "columns": described})
    write_table(_long(table["point_id"], lists), feature_values, FEATURE_VALUES)
    write_table(ran, runs, RUNS)


def joined(
    rows: pa.Table,
    batches: Mapping[str, pa.Table],
    notes: Mapping[str, Any],
    morphometrics: pa.Table | None = None,
) -> tuple[pa.Table, Columns, pa.Table]:
    """Join what a plan asks for with what was measured.

    Parameters
    ----------
    rows
        of the plan.
    batches
        name -> features of its points.
    notes
        of the plan.

    Returns
    -------
    tuple
        a row per point; the columns with all values of a feature; and the table of `RUNS`.
    """
    measured = pa.concat_tables(batches.values(), promote_options="default").combine_chunks()
    sizes = [table.num_rows for table in batches.values()]
    holder = np.repeat(np.arange(len(batches)), sizes)

    def take(these: pa.Table) -> pa.Table:
        return measured.take(_rows(these, list(batches), measured, holder))

    if notes["protocols"]:
        points, own, lists, status, ran = side_by_side(rows, take, notes["protocols"])
    else:
        points, found, ran = rows, take(rows), RUNS.empty_table()
        lists = {n: found[n] for n in found.column_names if n.endswith(VALUES_SUFFIX)}
        status = {name: found[name] for name in STATUS}
        apart = {*_OF_OUTCOMES, *lists}
        own = {name: found[name] for name in found.column_names if name not in apart}
    swept = [path for path in points.column_names if path not in ("point_id", "batch")]
    columns = {"point_id": points["point_id"]}
    columns |= {column_of(path): points[path] for path in swept} | own
    if morphometrics is not None:
        columns |= of_morphologies(columns, morphometrics, notes)
    columns |= derived(columns, status["status"], notes)
    columns |= scored(columns, notes)
    columns |= accepted(columns, status["status"], notes.get("population", {})) | status
    columns["batch"] = points["batch"]
    return pa.table(columns), lists, ran


def of_morphologies(
    columns: Mapping[str, pa.ChunkedArray], found: pa.Table, notes: Mapping[str, Any]
) -> dict[str, pa.Array]:
    """The morphometrics of each point's morphology; null where the cell has no such part.

    Parameters
    ----------
    columns
        swept values; without `morphology` among them, all points have that of `notes`.
    found
        columns of `MEASURED`.
    notes
        of the plan: `morphometrics`, and `fixed`.
    """
    asked = notes.get("morphometrics", ())
    if not asked:
        return {}
    names = columns.get("morphology")
    if names is None:
        names = pa.repeat(notes["fixed"]["morphology"], len(columns["point_id"]))
    values: dict[str, dict[str, float | None]] = {}
    for row in found.to_pylist():
        values.setdefault(row["metric"], {})[row["morphology"]] = row["value"]
    return {
        metric: pa.array([values[metric].get(name) for name in names.to_pylist()], pa.float64())
        for metric in asked
    }


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
    if notes["protocols"]:
        # One of them may have failed alone.
        ok = np.ones_like(ok)
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


def scored(columns: Mapping[str, pa.ChunkedArray], notes: Mapping[str, Any]) -> dict[str, pa.Array]:
    """Scores of the targets that have a mean, their sum and the largest."""
    targets = {n: t for n, t in notes.get("targets", {}).items() if t["mean"] is not None}
    values = {name: columns[name].to_numpy().astype(float) for name in targets}
    return {name: pa.array(found) for name, found in score_columns(values, targets).items()}


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


def _long(point_ids: pa.ChunkedArray, columns: Columns) -> pa.Table:
    """A row per value of the list columns; sorted, so that batches leave no trace."""
    parts: list[pa.Table] = [FEATURE_VALUES.empty_table()]
    for column, content in columns.items():
        lists = content.combine_chunks()
        lengths = pc.list_value_length(lists).fill_null(0).to_numpy()
        owner = np.repeat(np.arange(len(lengths)), lengths)
        values = {
            "point_id": point_ids.combine_chunks().take(owner),
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
    apart = {"point_id", "batch", *STATUS}
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
