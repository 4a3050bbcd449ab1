"""A passive soma, and a current step that moves its potential."""

from neuron import h

from dendroflow.model import Model, Signal, current_step, quantity


class Soma(Model):
    """One compartment with a leak."""

    class Parameters(Model.Parameters):
        diameter: float = quantity(20.0, "µm", "length and diameter of the soma", gt=0)
        g: float = quantity(1e-4, "S/cm²", "leak conductance", gt=0)
        e: float = quantity(-65.0, "mV", "reversal potential of the leak")
        amplitude: float = quantity(0.01, "nA", "amplitude of the step")
        delay: float = quantity(20.0, "ms", "onset of the step", ge=0)
        width: float = quantity(1000.0, "ms", "duration of the step", ge=0)

    signals = {"soma_v": Signal("mV", "somatic potential")}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = p.diameter
        self.soma.insert("leak")
        for segment in self.soma:
            segment.leak.g, segment.leak.e = p.g, p.e
        self.step = current_step(self.soma(0.5), p.delay, p.width, p.amplitude)
        self.record("soma_v", self.soma(0.5)._ref_v)
