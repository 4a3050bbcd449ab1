"""A reconstructed pyramidal cell: active soma and axon, passive dendrites."""

from dendroflow.model import Model, Signal, current_step, discretise, quantity


class Pyramidal(Model):
    """A reconstruction with `hh` in soma and axon, `pas` everywhere, and a current step."""

    class Parameters(Model.Parameters):
        amplitude: float = quantity(2.0, "nA", "amplitude of the step")
        delay: float = quantity(1.0, "ms", "onset of the step", ge=0)
        width: float = quantity(1.0, "ms", "duration of the step", ge=0)
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance of soma and axon", ge=0)
        gkbar: float = quantity(0.036, "S/cm²", "potassium conductance of soma and axon", ge=0)
        g_pas: float = quantity(1e-6, "S/cm²", "leak conductance", ge=0)
        e_pas: float = quantity(-65.0, "mV", "reversal potential of the leak")
        axial_resistivity: float = quantity(100.0, "Ω·cm", "axial resistivity", gt=0)
        capacitance: float = quantity(1.0, "µF/cm²", "membrane capacitance", gt=0)
        d_lambda: float = quantity(0.1, "", "longest segment in length constants at 100 Hz", gt=0)

    signals = {
        "soma_v": Signal("mV", "somatic membrane potential"),
        "v": Signal("mV", "membrane potential"),
    }
    required_sections = ("soma", "axon")

    def build(self, p):
        self.load_morphology()
        for section in self.all:
            section.Ra, section.cm = p.axial_resistivity, p.capacitance
            section.insert("pas")
        discretise(self.all, p.d_lambda)
        for section in self.all:
            for segment in section:
                segment.pas.g, segment.pas.e = p.g_pas, p.e_pas
        for section in [*self.soma, *self.axon]:
            section.insert("hh")
            for segment in section:
                segment.hh.gnabar, segment.hh.gkbar = p.gnabar, p.gkbar
        self.step = current_step(self.soma[0](0.5), p.delay, p.width, p.amplitude)
        self.record("soma_v", self.soma[0](0.5)._ref_v)
        self.record_segments("v", "v", self.all, sampling=0.1)
