"""A compartment whose parameters have no bounds, and that does what models should not do."""

import math
from typing import Literal

from neuron import h

from dendroflow.model import Model, current_step, quantity

Trick = Literal[
    "none",
    "nan amplitude",
    "inf amplitude",
    "nan conductance",
    "bad hoc",
    "missing hoc file",
    "quit",
]


class Loose(Model):
    """A soma with `hh` that takes any number."""

    class Parameters(Model.Parameters):
        length: float = quantity(10.0, "µm", "length")
        diameter: float = quantity(10.0, "µm", "diameter")
        resistivity: float = quantity(35.4, "Ω cm", "axial resistivity")
        capacitance: float = quantity(1.0, "µF/cm²", "membrane capacitance")
        nseg: int = quantity(1, "", "number of segments")
        gnabar: float = quantity(0.12, "S/cm²", "sodium conductance")
        amplitude: float = quantity(0.02, "nA", "amplitude of the step")
        mechanism: str = quantity("hh", "", "what is inserted")
        trick: Trick = quantity("none", "", "what is done besides")

    signals = {"soma_v": "mV"}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.nseg = p.nseg
        self.soma.L, self.soma.diam = p.length, p.diameter
        self.soma.Ra, self.soma.cm = p.resistivity, p.capacitance
        self.soma.insert(p.mechanism)
        self.soma.gnabar_hh = math.nan if p.trick == "nan conductance" else p.gnabar
        amplitude = {"nan amplitude": math.nan, "inf amplitude": math.inf}.get(p.trick, p.amplitude)
        self.step = current_step(self.soma(0.5), 5, 5, amplitude)
        if p.trick == "bad hoc":
            h("this is no hoc")
        if p.trick == "missing hoc file":
            h.load_file("no_such_file.hoc")
        if p.trick == "quit":
            h.quit()
        self.record("soma_v", self.soma(0.5)._ref_v)
