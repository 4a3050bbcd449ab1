"""A reconstructed pyramidal cell of which only the somatic potential is kept."""

from dendroflow.model import Model, Signal, current_step, discretise, quantity


class Reconstruction(Model):
    """`hh` in soma and axon, `pas` everywhere, and a current step."""

    class Parameters(Model.Parameters):
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance of soma and axon", ge=0)
        gkbar: float = quantity(0.036, "S/cm²", "potassium conductance of soma and axon", ge=0)
        amplitude: float = quantity(2.0, "nA", "amplitude of the step")

    signals = {"soma_v": Signal("mV", "somatic membrane potential")}
    required_sections = ("soma", "axon")

    def build(self, p):
        self.load_morphology()
        for section in self.all:
            section.Ra = 100
            section.insert("pas")
        discretise(self.all)
        for section in self.all:
            for segment in section:
                segment.pas.g, segment.pas.e = 1e-6, -65
        for section in [*self.soma, *self.axon]:
            section.insert("hh")
            for segment in section:
                segment.hh.gnabar, segment.hh.gkbar = p.gnabar, p.gkbar
        self.step = current_step(self.soma[0](0.5), 1, 1, p.amplitude)
        self.record("soma_v", self.soma[0](0.5)._ref_v)
