"""Statistics of features over points that repeat each other but for their replicates."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dendroflow.tables.tables import numeric

QUANTILES = {"low": 0.25, "median": 0.5, "high": 0.75}


def replicate_rows(
    points: pa.Table, columns: Sequence[Mapping[str, Any]], over: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Statistics of each feature over replicates: the columns of the table `replicates`.

    Parameters
    ----------
    points
        a row per point, from `tables.gathering.gather`.
    columns
        name and kind of each column of `points`.
    over
        swept columns that tell replicates apart.
    """
    if not over:
        return
    swept = [said["name"] for said in columns if said["kind"] == "swept"]
    shared = [name for name in swept if name not in over]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(zip(*(points[name].to_pylist() for name in shared), strict=True)):
        groups.setdefault(key, []).append(row)
    if not shared:
        groups = {(): list(range(len(points)))}
    ids = points["point_id"].to_pylist()
    for name in numeric(points, columns, "feature"):
        values = points[name].to_numpy().astype(float)
        for key, rows in groups.items():
            own = values[rows]
            there = own[np.isfinite(own)]
            yield {
                "point_id": ids[rows[0]],
                "shared": json.dumps(dict(zip(shared, key, strict=True))),
                "feature": name,
                "missing": len(rows) - len(there),
                **_statistics(there),
            }


def _statistics(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    n = len(values)
    found: dict[str, Any] = {"n": n}
    if n:
        found["mean"] = float(values.mean())
        quantiles = np.quantile(values, list(QUANTILES.values())).tolist()
        found |= dict(zip(QUANTILES, quantiles, strict=True))
    if n > 1:
        found["sd"] = float(values.std(ddof=1))
        found["sem"] = found["sd"] / n**0.5
    return found
