from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from dendroflow.settings.features import Features
from dendroflow.stores.schemas import OUTCOMES, TRACES

DT = 0.025


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


@pytest.fixture(scope="session")
def squid() -> Callable[..., list[float]]:
    """Membrane potential (mV) of a Hodgkin-Huxley soma for 60 ms, every 0.025 ms."""
    from neuron import h

    h.load_file("stdrun.hoc")
    known: dict[tuple[float, float, float], list[float]] = {}

    def run(celsius: float, amplitude: float = 0.02, duration: float = 5.0) -> list[float]:
        key = (celsius, amplitude, duration)
        if key not in known:
            soma = h.Section("soma")
            soma.L = soma.diam = 10
            soma.insert("hh")
            soma(0.5).hh.gnabar = 0.12
            clamp = h.IClamp(soma(0.5))
            clamp.delay, clamp.dur, clamp.amp = 5, duration, amplitude
            v = h.Vector().record(soma(0.5)._ref_v)
            before, h.celsius, h.dt = h.celsius, celsius, DT
            try:
                h.finitialize(-65)
                h.continuerun(60)
            finally:
                h.celsius = before
            known[key] = np.array(v).tolist()
        return known[key]

    return run


STEP = {"signal": "soma_v", "stimulus": [5, 10]}
