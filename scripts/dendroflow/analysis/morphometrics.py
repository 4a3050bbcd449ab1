"""Morphometrics of one reconstruction, by NeuroM."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dendroflow.analysis.names import PARTS, QUANTITIES, UNITS
from dendroflow.morphology.files import read

# One row per morphometric. `absent`: the cell has no such part; `failed`: NeuroM or MorphIO raised.
MORPHOMETRICS = pa.schema(
    [
        pa.field("morphology", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("error", pa.string()),
    ]
)


class AbsentError(Exception):
    """The cell has no such part."""


def morphometrics(name: str, path: Path) -> pa.Table:
    """All morphometrics of a reconstruction, in the order of `analysis.names.UNITS`.

    Sections with a single child are merged with it, and soma and dendrites are taken as NeuroM
    takes them: what connects a dendrite with the soma's centre has no length.

    Returns
    -------
    pyarrow.Table
        Columns of `MORPHOMETRICS`; of a file that `morphology.files` refuses, or MorphIO cannot
        load, each morphometric is `failed`.
    """
    try:
        cell = _load(path)
    except Exception as error:  # MorphIO's exceptions have no common base
        cell = error
    rows = [
        {"morphology": name, "metric": metric, "unit": unit} | _measured(metric, cell)
        for metric, unit in UNITS.items()
    ]
    return pa.Table.from_pylist(rows, schema=MORPHOMETRICS)


def _load(path: Path) -> Any:
    import morphio.mut
    import neurom

    # MorphIO leaves out cycles, and only warns of orphans.
    read(path)
    morphology = morphio.mut.Morphology(path)
    morphology.remove_unifurcations()
    return neurom.load_morphology(morphology)


def _measured(metric: str, cell: Any) -> dict[str, Any]:
    if isinstance(cell, Exception):
        return _failed(cell)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = float(_value(metric, cell))
    except AbsentError as absent:
        return {"status": "absent", "error": str(absent)}
    except Exception as error:  # what NeuroM raises concerns this morphometric alone
        return _failed(error)
    if not np.isfinite(value):
        return {"status": "failed", "error": f"NeuroM gives {value}"}
    return {"value": value, "status": "ok"}


def _value(metric: str, cell: Any) -> float:
    part, _, quantity = metric.partition("_")
    if part == "soma":
        return float(_soma(cell).area if quantity == "area" else 2 * _soma(cell).radius)
    return _of_part(cell, part, quantity)


def _soma(cell: Any) -> Any:
    if not len(cell.soma.points):
        raise AbsentError("the cell has no soma")
    return cell.soma


def _of_part(cell: Any, part: str, quantity: str) -> float:
    from neurom import NeuriteType, get

    name, kinds = PARTS[part]
    present = {tree.type for tree in cell.neurites}
    wanted = [NeuriteType[kind] for kind in kinds if NeuriteType[kind] in present]
    if not wanted:
        raise AbsentError(f"the cell has no {name}")
    feature = QUANTITIES[quantity].neurom
    parts = [np.atleast_1d(get(feature, cell, neurite_type=kind)) for kind in wanted]
    return _COMBINED[QUANTITIES[quantity].combined](np.concatenate(parts))


_COMBINED: dict[str, Callable[[Any], float]] = {
    "sum": lambda values: float(values.sum()),
    "max": lambda values: float(values.max()),
    "twice the mean": lambda values: float(2 * values.mean()),
}


def _failed(error: Exception) -> dict[str, str]:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # MorphIO colours its messages
    reason = f"{type(error).__name__}: {' '.join(plain.split())}"
    return {"status": "failed", "error": reason[:500]}
