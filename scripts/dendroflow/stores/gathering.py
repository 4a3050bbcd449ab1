"""Joining what batches hold with what an experiment asks for."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dendroflow.errors import StoreError
from dendroflow.stores.schemas import POINT_ID
from dendroflow.stores.tables import read_table, write_table

VALUES_SUFFIX = ".values"

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
    points: pd.DataFrame,
    batches: Sequence[Path],
    features: Path,
    feature_values: Path,
    notes: Mapping[str, Any],
) -> pd.DataFrame:
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

    Returns
    -------
    pandas.DataFrame
        what went into `features`.

    Raises
    ------
    StoreError
        If a requested point is in no batch.
    """
    # A batch may also hold points of an earlier design, or such as the plan takes from another.
    mine = {str(batch): ids.tolist() for batch, ids in points.groupby("batch")["point_id"]}
    wanted = pa.concat_tables(_rows(path, mine.get(path.stem, [])) for path in batches)
    lists = [name for name in wanted.column_names if name.endswith(VALUES_SUFFIX)]
    scalars = wanted.drop_columns(lists).to_pandas()
    table = points.merge(scalars, on="point_id", how="left")
    if len(table) > len(points):
        twice = table.loc[table["point_id"].duplicated(), ["point_id", "batch"]].iloc[0]
        raise StoreError(
            f"batch {twice['batch']} holds point {twice['point_id']} twice; delete that batch and "
            "run snakemake again"
        )
    lost = table["status"].isna()
    if lost.any():
        missing = table.loc[lost, ["point_id", "batch"]].iloc[0]
        raise StoreError(
            f"point {missing['point_id']} is not in the features of batch {missing['batch']} "
            f"({int(lost.sum())} points in all); delete that batch and run snakemake again"
        )
    swept = {path: path.rpartition(".")[2] for path in points.columns}
    measured = [name for name in scalars.columns if name not in ("point_id", *_STATUS)]
    table = table.rename(columns=swept)
    table = table[[*_leaves(swept), *measured, *_STATUS, "batch"]]
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    write_table(arrow, features, arrow.schema.remove_metadata(), notes)
    write_table(_long(wanted, lists), feature_values, FEATURE_VALUES)
    return table


def _rows(path: Path, ids: Sequence[str]) -> pa.Table:
    table = read_table(path)
    return table.filter(pc.is_in(table.column("point_id"), pa.array(ids, pa.string())))


def _leaves(swept: Mapping[str, str]) -> list[str]:
    return [name for name in swept.values() if name != "batch"]


def _long(table: pa.Table, columns: Iterable[str]) -> pa.Table:
    """A row per value of the list columns; sorted, so that batches leave no trace."""
    parts: list[pa.Table] = [FEATURE_VALUES.empty_table()]
    for column in columns:
        lists = table.column(column).combine_chunks()
        parents = pc.list_parent_indices(lists)
        if not len(parents):
            continue
        parts.append(
            pa.table(
                {
                    "point_id": table.column("point_id").combine_chunks().take(parents),
                    "feature": pa.array(
                        [column.removesuffix(VALUES_SUFFIX)] * len(parents), pa.string()
                    ),
                    "position": _positions(parents),
                    "value": pc.list_flatten(lists),
                },
                schema=FEATURE_VALUES,
            )
        )
    return pa.concat_tables(parts).sort_by(
        [("point_id", "ascending"), ("feature", "ascending"), ("position", "ascending")]
    )


def _positions(parents: pa.Array) -> pa.Array:
    """0, 1, 2, ... within each run of equal parents."""
    owner = parents.to_numpy()
    index = np.arange(len(owner))
    first = np.r_[True, owner[1:] != owner[:-1]]
    return pa.array(index - np.maximum.accumulate(np.where(first, index, 0)), pa.int32())


def failures(experiment: str, table: pd.DataFrame) -> pd.DataFrame:
    """The points that are not `ok`: experiment, point_id, swept values, status, error."""
    failed = table[table["status"] != "ok"]
    swept = [name for name in table.columns[1:] if name not in ("batch", *_STATUS)]
    values = [
        ", ".join(f"{name}={row[name]}" for name in swept if pd.notna(row[name]))
        for _, row in failed.iterrows()
    ]
    return pd.DataFrame(
        {
            "experiment": experiment,
            "point_id": failed["point_id"],
            "status": failed["status"],
            "error": failed["error"],
            "values": values,
        }
    )
