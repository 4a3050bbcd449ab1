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

# Value, status and error.
Measured = tuple[float | None, str, str | None]


class AbsentError(Exception):
    """The cell has no such part."""


def morphometrics(name: str, path: Path) -> pa.Table:
    """All morphometrics of a reconstruction, in the order of `analysis.names.UNITS`.

    Sections with a single child are merged with it, and soma and dendrites are taken as NeuroM
    takes them: what connects a dendrite with the soma's centre has no length.

    Returns
    -------
    pyarrow.Table
        columns of `MORPHOMETRICS`; a file that `morphology.files` refuses, or MorphIO cannot load,
        is a row of status `failed` per morphometric.
    """
    found: dict[str, Measured]
    try:
        cell = _load(path)
    except Exception as error:  # MorphIO's exceptions have no common base
        found = dict.fromkeys(UNITS, (None, "failed", _one_line(error)))
    else:
        found = {metric: _measured(metric, cell) for metric in UNITS}
    rows = [(name, metric, UNITS[metric], *found[metric]) for metric in UNITS]
    columns = [dict(zip(MORPHOMETRICS.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(columns, schema=MORPHOMETRICS)


def _load(path: Path) -> Any:
    import morphio.mut
    import neurom

    # MorphIO leaves out cycles, and only warns of orphans.
    read(path)
    morphology = morphio.mut.Morphology(path)
    morphology.remove_unifurcations()
    return neurom.load_morphology(morphology)


def _measured(metric: str, cell: Any) -> Measured:
    part, _, quantity = metric.partition("_")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = _of_soma(cell, quantity) if part == "soma" else _of_part(cell, part, quantity)
    except AbsentError as absent:
        return None, "absent", str(absent)
    except Exception as error:  # what NeuroM raises concerns this morphometric alone
        return None, "failed", _one_line(error)
    if not np.isfinite(value):
        return None, "failed", f"NeuroM gives {value}"
    return value, "ok", None


def _of_soma(cell: Any, quantity: str) -> float:
    if not len(cell.soma.points):
        raise AbsentError("the cell has no soma")
    return float(cell.soma.area if quantity == "area" else 2 * cell.soma.radius)


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


def _one_line(error: BaseException) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # MorphIO colours its messages
    return f"{type(error).__name__}: {' '.join(plain.split())}"[:500]
