"""A passive cell that theory solves: a soma and one dendrite, or the dendrite alone."""

import math

from neuron import h

from dendroflow.model import Model, Signal, current_step, quantity

# Diameter in µm of a soma whose membrane is nothing beside the dendrite's: a place to inject at.
NO_SOMA = 0.01


class BallAndStick(Model):
    """A passive dendrite, sealed at its far end, with or without a soma; a step at the near end."""

    class Parameters(Model.Parameters):
        soma_diameter: float = quantity(20.0, "µm", "diameter of the soma", ge=0)  # 0 for none
        diameter: float = quantity(2.0, "µm", "diameter of the dendrite", gt=0)
        electrotonic_length: float = quantity(1.0, "", "electrotonic length L", gt=0)
        membrane_resistance: float = quantity(20e3, "Ω·cm²", "specific membrane resistance", gt=0)
        axial_resistivity: float = quantity(150.0, "Ω·cm", "axial resistivity", gt=0)
        capacitance: float = quantity(1.0, "µF/cm²", "membrane capacitance", gt=0)
        rest: float = quantity(-70.0, "mV", "reversal potential of the leak")
        amplitude: float = quantity(0.01, "nA", "amplitude of the step")
        delay: float = quantity(20.0, "ms", "onset of the step", ge=0)
        width: float = quantity(300.0, "ms", "duration of the step", gt=0)
        segments: int = quantity(301, "", "segments of the dendrite", ge=1, le=32767)

    signals = {
        "near_v": Signal("mV", "potential where the current is injected"),
        "far_v": Signal("mV", "potential at the far end"),
        "attenuation": Signal("", "steady potential, far over near end"),
    }

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = p.soma_diameter or NO_SOMA
        self.dendrite = h.Section("dendrite", self)
        self.dendrite.diam, self.dendrite.nseg = p.diameter, p.segments
        self.dendrite.L = p.electrotonic_length * length_constant(p)
        # At its middle, so that the soma is one point, as in theory.
        self.dendrite.connect(self.soma(0.5), 0)
        near, far = self.soma(0.5), self.dendrite(1)
        sections = (self.soma, self.dendrite)
        for section in sections:
            section.Ra, section.cm = p.axial_resistivity, p.capacitance
            section.insert("pas")
            for segment in section:
                segment.pas.g, segment.pas.e = 1 / p.membrane_resistance, p.rest
        self.step = current_step(near, p.delay, p.width, p.amplitude)
        self.record("near_v", near._ref_v)
        self.record("far_v", far._ref_v)
        self.near, self.far = (h.Vector().record(end._ref_v) for end in (near, far))
        self.record_value("attenuation", lambda: deflection(self.far, p) / deflection(self.near, p))


def length_constant(p):
    """Length constant in µm; Rall 1959, Exp Neurol 1:491-527."""
    return 1e4 * math.sqrt(1e-4 * p.diameter / 4 * p.membrane_resistance / p.axial_resistivity)


def deflection(potential, p):
    """Largest departure of a recorded potential from rest (mV), with its sign."""
    return max(potential.max() - p.rest, potential.min() - p.rest, key=abs)
