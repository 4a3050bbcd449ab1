"""A Hodgkin-Huxley compartment that goes wrong in the way that is asked for."""

import os
from typing import Literal

from neuron import h

from dendroflow.model import Model, current_step, quantity

Fault = Literal[
    "none", "raises", "not_a_number", "segfault", "hangs", "exits", "undeclared", "unrecorded"
]


class Faulty(Model):
    """A soma with `hh`, a current step, and a fault."""

    class Parameters(Model.Parameters):
        fault: Fault = quantity("none", "", "what goes wrong")
        amplitude: float = quantity(0.02, "nA", "amplitude of the step")

    signals = {"soma_v": "mV"}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 10
        self.soma.insert("hh")
        self.step = current_step(self.soma(0.5), 5, 5, p.amplitude)
        self.fault = h.Fault(self.soma(0.5))
        if p.fault == "raises":
            raise ValueError("this model\nis made to raise")
        if p.fault == "exits":
            os._exit(7)
        if p.fault == "not_a_number":
            self.soma(0.5).hh.gnabar = float("nan")
        self.fault.crash = p.fault == "segfault"
        self.fault.hang = p.fault == "hangs"
        if p.fault == "undeclared":
            self.record("surprise", self.soma(0.5)._ref_v)
        if p.fault != "unrecorded":
            self.record("soma_v", self.soma(0.5)._ref_v)
