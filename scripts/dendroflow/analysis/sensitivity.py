"""Sensitivity indices of features, of a table of points.

Sobol's indices by Saltelli et al. (2010), doi 10.1016/j.cpc.2009.09.018, as SALib computes them;
elementary effects by Morris (1991), doi 10.1080/00401706.1991.10484804, and Campolongo et al.
(2007), doi 10.1016/j.envsoft.2006.10.004, as SALib computes them; PAWN by Pianosi and Wagener
(2018), doi 10.1016/j.envsoft.2018.07.019.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dendroflow.errors import StoreError
from dendroflow.settings.analysis import LEAVE_OUT, Sensitivity

Floats = np.ndarray[Any, np.dtype[np.float64]]
Indices = Iterator[dict[str, Any]]

# PAWN: each value of an axis of few values is a slice; of more, tenths of the points are.
SLICES = 10
LEAST_ROWS_OF_PAWN = 20

INDICES = pa.schema(
    [
        ("feature", pa.string()),
        ("kind", pa.string()),
        ("parameter", pa.string()),
        ("other", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("rows", pa.int64()),
        ("left_out", pa.float64()),
        ("note", pa.string()),
    ]
)


@dataclass(frozen=True)
class Design:
    """The points of a sweep in the order of its design.

    Attributes
    ----------
    rows
        of the table of points, in the order of the design; for PAWN, all of them once.
    axes
        columns of the swept values, in the order of the design.
    second_order
        whether Saltelli's design has the rows for it.
    levels
        of Morris' design.
    """

    rows: Sequence[int]
    axes: Sequence[str]
    second_order: bool = False
    levels: int = 0


def indices(
    table: pa.Table, design: Design, features: Sequence[str], settings: Sensitivity
) -> pa.Table:
    """Return the indices of some features: `INDICES`.

    A feature that does not vary, or of which too little is left, has none: `note` says so.

    Parameters
    ----------
    table
        a row per point; columns: `status`, and each swept value and feature.
    """
    axes = design.axes
    taken = table.take(list(design.rows))
    x = np.column_stack([_numbers(taken, name) for name in axes])
    ran = np.array(taken["status"].to_pylist()) == "ok"
    rows: list[dict[str, Any]] = []
    for feature in features:
        y = _numbers(taken, feature)
        if settings.missing != LEAVE_OUT:
            y = np.where(ran & ~np.isfinite(y), settings.missing, y)
        gone = ~np.isfinite(y)
        # Rows that are left out together.
        width = {
            "sobol": (2 if design.second_order else 1) * len(axes) + 2,
            "morris": len(axes) + 1,
            "pawn": 1,
        }[settings.method]
        kept = np.repeat(~gone.reshape(-1, width).any(axis=1), width)
        least = 2 * width if width > 1 else LEAST_ROWS_OF_PAWN
        said = {
            "feature": feature,
            "rows": int(kept.sum()),
            "left_out": float(1 - kept.mean()) if len(kept) else 0.0,
        }
        if kept.sum() < least:
            rows.append(said | {"note": f"at {kept.sum()} of {len(kept)} rows: too few"})
        elif _constant(y[kept]):
            rows.append(said | {"note": "it is the same at all points"})
        elif settings.method == "sobol":
            if _constant(y[kept].reshape(-1, width)[:, [0, -1]]):
                note = "it is the same at all points of the design's two samples"
                rows.append(said | {"note": note})
                continue
            rows += [said | row for row in _sobol(y[kept], axes, settings, design.second_order)]
        elif settings.method == "morris":
            rows += [said | row for row in _morris(x[kept], y[kept], axes, settings, design.levels)]
        else:
            rows += [said | row for row in _pawn(x[kept], y[kept], axes)]
    return pa.Table.from_pylist(rows, INDICES)


def _numbers(table: pa.Table, name: str) -> Floats:
    return np.array(table[name].to_pylist(), float)


def _constant(values: Floats) -> bool:
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _sobol(y: Floats, axes: Sequence[str], settings: Sensitivity, second_order: bool) -> Indices:
    from SALib.analyze import sobol

    found = sobol.analyze(
        {"num_vars": len(axes), "names": list(axes)},
        y,
        calc_second_order=second_order,
        num_resamples=settings.resamples,
        conf_level=settings.confidence,
        seed=settings.seed,
    )
    for order in ("S1", "ST"):
        for name, value, half in zip(axes, found[order], found[f"{order}_conf"], strict=True):
            yield _index(order, name, (value, value - half, value + half))
    if second_order:
        for i, one in enumerate(axes):
            for j in range(i + 1, len(axes)):
                value, half = found["S2"][i, j], found["S2_conf"][i, j]
                yield _index("S2", one, (value, value - half, value + half), axes[j])


def _morris(
    x: Floats, y: Floats, axes: Sequence[str], settings: Sensitivity, levels: int
) -> Indices:
    """Mean of absolute elementary effects over whole ranges, and their SD, in the unit of `y`."""
    from SALib.analyze import morris

    found = morris.analyze(
        {"num_vars": len(axes), "names": list(axes), "groups": None},
        x,
        y,
        num_resamples=settings.resamples,
        conf_level=settings.confidence,
        num_levels=levels,
        seed=settings.seed,
    )
    for k, name in enumerate(axes):
        value, half = float(found["mu_star"][k]), float(found["mu_star_conf"][k])
        yield _index("mu_star", name, (value, value - half, value + half))
        spread = float(found["sigma"][k])
        yield _index("sigma", name, (spread, spread, spread))


def _pawn(x: Floats, y: Floats, axes: Sequence[str]) -> Indices:
    """Distances of Kolmogorov and Smirnov between slices of an axis and all points."""
    from scipy.stats import ks_2samp

    for values, name in zip(x.T, axes, strict=True):
        levels = np.unique(values)
        if len(levels) > SLICES:
            # Equal values stay in one slice; the first edge is the least value.
            levels = np.unique(np.quantile(values, np.arange(SLICES) / SLICES))
        slices = np.searchsorted(levels, values, side="right")
        apart = [
            ks_2samp(y[slices == k], y, method="asymp").statistic for k in range(1, len(levels) + 1)
        ]
        yield _index("PAWN", name, (float(np.median(apart)), min(apart), max(apart)))


def _index(
    kind: str, parameter: str, found: Sequence[float], other: str | None = None
) -> dict[str, Any]:
    """A row; `found` are the index, and the ends of its interval."""
    if not all(map(np.isfinite, found)):
        raise StoreError(f"{kind} of {parameter} is no number: the design is too small for it")
    numbers = dict(zip(("value", "low", "high"), map(float, found), strict=True))
    return {"kind": kind, "parameter": parameter, "other": other} | numbers
