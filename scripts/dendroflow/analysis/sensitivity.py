"""Sensitivity indices of features, of a table of points.

Sobol's indices by Saltelli et al. (2010), doi 10.1016/j.cpc.2009.09.018; PAWN by Pianosi and
Wagener (2018), doi 10.1016/j.envsoft.2018.07.019; both as SALib computes them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dendroflow.errors import StoreError
from dendroflow.settings.analysis import LEAVE_OUT, Sensitivity

Floats = np.ndarray[Any, np.dtype[np.float64]]

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


def indices(
    table: pa.Table,
    design: Sequence[int],
    axes: Mapping[str, tuple[float, float]],
    features: Sequence[str],
    settings: Sensitivity,
    *,
    second_order: bool = False,
) -> pa.Table:
    """Return the indices of some features: `INDICES`.

    A feature that does not vary, or of which too little is left, has none: `note` says so.

    Parameters
    ----------
    table
        a row per point, a column per swept value and feature.
    design
        rows of `table` in the order of Saltelli's design; for other methods, all of them once.
    axes
        column of each swept value -> the ends of its range, in the order of the design.
    """
    rows: list[dict[str, Any]] = []
    for feature in features:
        y = np.array(table[feature].to_pylist(), float)[list(design)]
        gone = ~np.isfinite(y)
        if settings.missing != LEAVE_OUT:
            y, gone = np.where(gone, settings.missing, y), np.zeros_like(gone)
        if settings.method == "sobol":
            width = (2 if second_order else 1) * len(axes) + 2
            kept = np.repeat(~gone.reshape(-1, width).any(axis=1), width)
            least = 2 * width
        else:
            kept, least = ~gone, 20
        said = {
            "feature": feature,
            "rows": int(kept.sum()),
            "left_out": float(1 - kept.mean()) if len(kept) else 0.0,
        }
        if kept.sum() < least:
            rows.append(said | {"note": f"at {kept.sum()} of {len(kept)} rows: too few"})
        elif np.ptp(y[kept]) <= 1e-12 * np.abs(y[kept]).max():
            rows.append(said | {"note": "it is the same at all points"})
        else:
            x = np.column_stack([np.array(table[name].to_pylist(), float) for name in axes])
            found = _METHODS[settings.method](
                x[list(design)][kept], y[kept], _problem(axes), settings, second_order
            )
            rows += [said | row for row in found]
    return pa.Table.from_pylist(rows, INDICES)


def _problem(axes: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    return {"num_vars": len(axes), "names": list(axes), "bounds": [list(e) for e in axes.values()]}


def _sobol(
    x: Floats, y: Floats, problem: dict[str, Any], settings: Sensitivity, second_order: bool
) -> Iterator[dict[str, Any]]:
    from SALib.analyze import sobol

    found = sobol.analyze(
        problem,
        y,
        calc_second_order=second_order,
        num_resamples=settings.resamples,
        conf_level=settings.confidence,
        seed=settings.seed,
    )
    names = problem["names"]
    for order in ("S1", "ST"):
        for name, value, half in zip(names, found[order], found[f"{order}_conf"], strict=True):
            yield _index(order, name, (value, value - half, value + half))
    if second_order:
        for i, one in enumerate(names):
            for j in range(i + 1, len(names)):
                value, half = found["S2"][i, j], found["S2_conf"][i, j]
                yield _index("S2", one, (value, value - half, value + half), names[j])


def _pawn(
    x: Floats, y: Floats, problem: dict[str, Any], settings: Sensitivity, second_order: bool
) -> Iterator[dict[str, Any]]:
    from SALib.analyze import pawn

    found = pawn.analyze(problem, x, y, S=10, seed=settings.seed)
    for k, name in enumerate(problem["names"]):
        yield _index("PAWN", name, [found[what][k] for what in ("median", "minimum", "maximum")])


_METHODS = {"sobol": _sobol, "pawn": _pawn}


def _index(
    kind: str, parameter: str, found: Sequence[float], other: str | None = None
) -> dict[str, Any]:
    """A row; `found` are the index, and the ends of its interval."""
    if not all(map(np.isfinite, found)):
        raise StoreError(f"{kind} of {parameter} is no number: the design is too small for it")
    numbers = dict(zip(("value", "low", "high"), map(float, found), strict=True))
    return {"kind": kind, "parameter": parameter, "other": other} | numbers
