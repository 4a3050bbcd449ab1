"""The squid's soma under a voltage clamp that follows an action potential recorded from it."""

from pathlib import Path

from neuron import h

from dendroflow.model import Model, Signal, play, quantity, read_trace

# The experiment action_potential, exported as results/action_potential/traces.csv.
RECORDED = Path(__file__).parent / "traces.csv"


class ActionPotentialClamp(Model):
    """A spherical soma with `hh`, clamped to a recorded action potential."""

    class Parameters(Model.Parameters):
        diameter: float = quantity(10.0, "µm", "length and diameter", gt=0)
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance", ge=0)
        gkbar: float = quantity(0.036, "S/cm²", "potassium conductance", ge=0)
        series_resistance: float = quantity(1e-3, "MΩ", "series resistance of the clamp", gt=0)

    signals = {
        "soma_v": Signal("mV", "somatic potential"),
        "clamp_current": Signal("nA", "current of the clamp"),
    }

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = p.diameter
        self.soma.insert("hh")
        self.soma(0.5).hh.gnabar, self.soma(0.5).hh.gkbar = p.gnabar, p.gkbar
        self.clamp = h.SEClamp(self.soma(0.5))
        self.clamp.dur1, self.clamp.rs = 1e9, p.series_resistance
        self.played = play(self.clamp._ref_amp1, *read_trace(RECORDED, "soma_v"))
        self.record("soma_v", self.soma(0.5)._ref_v)
        self.record("clamp_current", self.clamp._ref_i)
