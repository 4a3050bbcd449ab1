"""A reconstructed pyramidal cell whose whole membrane is excitable."""

from dendroflow.model import Model, Signal, current_step, discretise, quantity


class ActivePyramidal(Model):
    """A reconstruction with `hh` and calcium everywhere: a spike travels into all branches."""

    class Parameters(Model.Parameters):
        amplitude: float = quantity(4.0, "nA", "amplitude of the step into the soma")
        delay: float = quantity(1.0, "ms", "onset of the step", ge=0)
        width: float = quantity(1.0, "ms", "duration of the step", ge=0)
        dendritic_share: float = quantity(
            1.0, "", "conductances of hh in the dendrites, relative to the soma's", ge=0
        )
        calcium: float = quantity(1e-4, "S/cm²", "calcium conductance", ge=0)
        axial_resistivity: float = quantity(100.0, "Ω·cm", "axial resistivity", gt=0)
        capacitance: float = quantity(1.0, "µF/cm²", "membrane capacitance", gt=0)
        d_lambda: float = quantity(0.1, "", "longest segment in length constants at 100 Hz", gt=0)

    signals = {
        "soma_v": Signal("mV", "somatic membrane potential"),
        "tip_v": Signal("mV", "membrane potential of the farthest apical tip"),
        "v": Signal("mV", "membrane potential"),
        "m": Signal("", "sodium activation m"),
        "ina": Signal("mA/cm²", "sodium current"),
        "cai": Signal("mM", "calcium below the membrane"),
    }
    required_sections = ("soma", "apic")

    def build(self, p):
        from neuron import h

        self.load_morphology()
        for section in self.all:
            section.Ra, section.cm = p.axial_resistivity, p.capacitance
        discretise(self.all, p.d_lambda)
        dendrites = {*self.dend, *self.apic}
        for section in self.all:
            for mechanism in ("hh", "calcium_channel", "calcium_pool"):
                section.insert(mechanism)
            share = p.dendritic_share if section in dendrites else 1.0
            for segment in section:
                segment.hh.gnabar *= share
                segment.hh.gkbar *= share
                segment.calcium_channel.gbar = p.calcium
        soma = self.soma[0](0.5)
        tip = max((s(1) for s in self.apic if not s.children()), key=lambda x: h.distance(soma, x))
        self.step = current_step(soma, p.delay, p.width, p.amplitude)
        self.record("soma_v", soma._ref_v)
        self.record("tip_v", tip._ref_v)
        for signal, variable in (("v", "v"), ("m", "m_hh"), ("ina", "ina"), ("cai", "cai")):
            self.record_segments(signal, variable, self.all, sampling=0.1)
