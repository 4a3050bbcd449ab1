"""One isopotential Hodgkin-Huxley compartment under a current step."""

from neuron import h

from dendroflow.model import Model, Signal, current_step, quantity


class SquidSoma(Model):
    """Membrane of the squid giant axon: NEURON's `hh`, after Hodgkin and Huxley 1952."""

    class Parameters(Model.Parameters):
        diameter: float = quantity(10.0, "µm", "length and diameter of the soma", gt=0)
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance", ge=0)
        gkbar: float = quantity(0.036, "S/cm²", "potassium conductance", ge=0)
        amplitude: float = quantity(0.02, "nA", "amplitude of the step")
        delay: float = quantity(5.0, "ms", "onset of the step", ge=0)
        width: float = quantity(5.0, "ms", "duration of the step", ge=0)

    signals = {"soma_v": Signal("mV", "membrane potential")}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = p.diameter
        self.soma.insert("hh")
        for segment in self.soma:
            segment.hh.gnabar, segment.hh.gkbar = p.gnabar, p.gkbar
        self.step = current_step(self.soma(0.5), p.delay, p.width, p.amplitude)
        self.record("soma_v", self.soma(0.5)._ref_v)
