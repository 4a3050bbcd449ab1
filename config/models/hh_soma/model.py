"""One Hodgkin-Huxley compartment that leaves its stimuli and recordings to the experiment."""

from neuron import h

from dendroflow.model import Model, middle, quantity


class HHSoma(Model):
    """Membrane of the squid giant axon: NEURON's `hh`, after Hodgkin and Huxley 1952."""

    class Parameters(Model.Parameters):
        diameter: float = quantity(20.0, "µm", "length and diameter of the soma", gt=0)
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance", ge=0)
        gkbar: float = quantity(0.036, "S/cm²", "potassium conductance", ge=0)

    places = {"soma": "middle of the soma"}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = p.diameter
        self.soma.insert("hh")
        self.soma(0.5).hh.gnabar, self.soma(0.5).hh.gkbar = p.gnabar, p.gkbar
        self.place("soma", middle(self.soma))
