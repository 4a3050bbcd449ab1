"""An unmyelinated axon with Hodgkin and Huxley's channels, and electrodes at two places."""

import math

from neuron import h

from dendroflow.model import Model, Signal, current_step, quantity

# Conductance of hh at rest (S/cm²), at its default densities.
RESTING_CONDUCTANCE = 6.8e-4


class Axon(Model):
    """A uniform axon with `hh`, stimulated at one end; by default that of the squid."""

    class Parameters(Model.Parameters):
        diameter: float = quantity(476.0, "µm", "diameter", gt=0)
        axial_resistivity: float = quantity(35.4, "Ω·cm", "axial resistivity", gt=0)
        capacitance: float = quantity(1.0, "µF/cm²", "membrane capacitance", gt=0)
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance", ge=0)
        gkbar: float = quantity(0.036, "S/cm²", "potassium conductance", ge=0)
        approach: float = quantity(20.0, "mm", "axon on either side of the electrodes", gt=0)
        distance: float = quantity(20.0, "mm", "distance between the electrodes", gt=0)
        dx: float = quantity(100.0, "µm", "segment length", gt=0)
        drive: float = quantity(
            150.0, "mV", "depolarisation that the stimulus would reach in a passive axon"
        )
        width: float = quantity(0.5, "ms", "duration of the stimulus", gt=0)

    signals = {
        "near_v": Signal("mV", "potential at the near electrode"),
        "far_v": Signal("mV", "potential at the far electrode"),
        "distance": Signal("µm", "distance between the electrodes"),
    }

    def build(self, p):
        lengths = {"before": p.approach, "between": p.distance, "beyond": p.approach}
        self.before, self.between, self.beyond = (h.Section(name, self) for name in lengths)
        self.between.connect(self.before(1))
        self.beyond.connect(self.between(1))
        for section, length in zip(self.before.wholetree(), lengths.values(), strict=True):
            section.L, section.diam = 1e3 * length, p.diameter
            section.Ra, section.cm = p.axial_resistivity, p.capacitance
            section.nseg = max(1, round(section.L / p.dx))
            section.insert("hh")
            for segment in section:
                segment.hh.gnabar, segment.hh.gkbar = p.gnabar, p.gkbar
        amplitude = p.drive * input_conductance(p.diameter, p.axial_resistivity)
        self.step = current_step(self.before(0), 0, p.width, amplitude)
        # Where sections meet there is a node, at the same place for every segment length.
        self.record("near_v", self.before(1)._ref_v)
        self.record("far_v", self.between(1)._ref_v)
        self.record_value("distance", lambda: self.between.L)


def input_conductance(diameter: float, axial_resistivity: float) -> float:
    """Input conductance (µS) at the end of a long resting axon of a diameter in µm.

    Rall 1959, Exp Neurol 1:491-527: (π/2) d^(3/2) / sqrt(Rm Ra).
    """
    resistance = math.sqrt(axial_resistivity / RESTING_CONDUCTANCE)
    return 1e6 * math.pi / 2 * (1e-4 * diameter) ** 1.5 / resistance
