from collections.abc import Callable

import numpy as np
import pytest
from feature_tables import DT


@pytest.fixture(scope="session")
def squid() -> Callable[..., list[float]]:
    """Membrane potential (mV) of a Hodgkin-Huxley soma for 60 ms or more, every 0.025 ms."""
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
                h.continuerun(max(60.0, duration + 10))
            finally:
                h.celsius = before
            known[key] = np.array(v).tolist()
        return known[key]

    return run
