"""A passive cable against theory."""

import numpy as np
import pyarrow as pa
import pytest

from dendroflow.kernel.lanes import run_together
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.model import Model, current_step, quantity


class PassiveCable(Model):
    """A cylinder with a leak, sealed at both ends, and a step at one of them."""

    class Parameters(Model.Parameters):
        length: float = quantity(1.0, "µm", gt=0)
        diameter: float = quantity(2.0, "µm", gt=0)
        g: float = quantity(5e-5, "S/cm²", gt=0)
        resistivity: float = quantity(100.0, "Ω·cm", gt=0)
        amplitude: float = quantity(1e-3, "nA")

    signals = {"near": "mV", "far": "mV"}

    def build(self, p):
        from neuron import h

        self.cable = h.Section("cable", self)
        self.cable.L, self.cable.diam, self.cable.nseg = p.length, p.diameter, 201
        self.cable.Ra, self.cable.cm = p.resistivity, 1.0
        self.cable.insert("pas")
        for segment in self.cable:
            segment.pas.g, segment.pas.e = p.g, -70.0
        self.step = current_step(self.cable(0.0), 0, 1e9, p.amplitude)
        self.record("near", self.cable(0.0)._ref_v)
        self.record("far", self.cable(1.0)._ref_v)


def run(duration, **parameters):
    settings = SolverSettings(duration, 0.025, -70.0, 6.3, "crank_nicolson", 1e-3, 0.0, None)
    result = run_together(PassiveCable, [Point("a", parameters, settings, 1, None)], {}, {})
    assert result.outcomes[0].status == "ok", result.outcomes[0].error
    table = pa.table(result.traces)
    return (np.array(values) + 70.0 for values in table["values"].to_pylist())


def test_input_resistance_and_time_constant_of_a_short_cable():
    near, _ = run(200.0, length=1.0)
    area = np.pi * 2e-4 * 1e-4  # cm²
    resistance = 1 / (5e-5 * area) * 1e-6  # MΩ
    assert near[-1] == pytest.approx(1e-3 * resistance, rel=1e-3)
    tau = 1e-6 / 5e-5 * 1e3  # cm / g, ms
    reached = np.interp(1 - np.exp(-1), near / near[-1], np.arange(len(near)) * 0.025)
    assert reached == pytest.approx(tau, rel=2e-3)


@pytest.mark.parametrize("constants", [0.5, 1.0, 2.0])
def test_steady_attenuation_of_a_sealed_cable(constants):
    """v(L)/v(0) = 1/cosh(L/lambda) (Rall 1959)."""
    space = np.sqrt(2e-4 / 4 / (100.0 * 5e-5)) * 1e4  # µm
    near, far = run(400.0, length=constants * space)
    # A clamp at the end of an unbranched cable acts on the middle of the first segment.
    assert far[-1] / near[-1] == pytest.approx(1 / np.cosh(constants * (1 - 0.5 / 201)), rel=1e-4)
