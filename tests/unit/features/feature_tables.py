"""Small tables of traces and outcomes, and features, for the tests of this folder."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from dendroflow.settings.features import Features
from dendroflow.tables.schemas import OUTCOMES, TRACES

DT = 0.025
STEP = {"signal": "soma_v", "stimulus": [5, 10]}


def trace(point: str, values: Sequence[float], **changed: Any) -> dict[str, Any]:
    row = {"point_id": point, "signal": "soma_v", "unit": "mV", "t0": 0.0, "dt": DT}
    return row | {"values": list(values)} | changed


def traces(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TRACES)


def outcomes(*points: str, **status: str) -> pa.Table:
    """Outcomes of `points`; those named in `status` have another one than ok."""
    rows = [
        {
            "point_id": point,
            "status": status.get(point, "ok"),
            "error": "it broke" if point in status else None,
            "runtime_s": 0.5,
            "compartments": 1,
        }
        for point in points
    ]
    return pa.Table.from_pylist(rows, schema=OUTCOMES)


def features(*blocks: dict[str, Any]) -> Features:
    return Features.model_validate(list(blocks))
