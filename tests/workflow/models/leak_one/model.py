"""A passive compartment whose leak is a mechanism of this folder."""

from neuron import h

from dendroflow.model import Model, quantity


class Leak(Model):
    """A soma that settles at the reversal potential of its leak."""

    class Parameters(Model.Parameters):
        g: float = quantity(0.001, "S/cm²", "conductance of the leak", gt=0)

    signals = {"soma_v": "mV"}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.insert("leak")
        self.soma(0.5).leak.g = p.g
        self.record("soma_v", self.soma(0.5)._ref_v)
