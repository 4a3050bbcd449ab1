"""An active soma with a passive dendrite of twenty segments."""

from neuron import h

from dendroflow.model import Model, Signal, current_step, quantity


class BallAndStick(Model):
    """`hh` in the soma, `pas` in a dendrite of 20 segments, and a current step."""

    class Parameters(Model.Parameters):
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance of the soma", ge=0)
        gkbar: float = quantity(0.036, "S/cm²", "potassium conductance of the soma", ge=0)
        amplitude: float = quantity(0.3, "nA", "amplitude of the step")

    signals = {"soma_v": Signal("mV", "somatic membrane potential")}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.dend = h.Section("dend", self)
        self.dend.connect(self.soma(1))
        self.soma.L = self.soma.diam = 20
        self.dend.L, self.dend.diam, self.dend.nseg = 400, 2, 20
        self.soma.insert("hh")
        self.dend.insert("pas")
        for section in (self.soma, self.dend):
            section.Ra = 100
        for segment in self.dend:
            segment.pas.g, segment.pas.e = 1e-4, -65
        self.soma(0.5).hh.gnabar, self.soma(0.5).hh.gkbar = p.gnabar, p.gkbar
        self.step = current_step(self.soma(0.5), 5, 5, p.amplitude)
        self.record("soma_v", self.soma(0.5)._ref_v)
