"""Calcium bound by a degradable buffer, in one well-mixed compartment."""

import numpy as np
from neuron import h, rxd
from scipy.integrate import solve_ivp

from dendroflow.model import Model, Signal, quantity, swept


class CalciumBuffer(Model):
    """2 Ca + Buf <-> CaBuf, while free buffer is degraded."""

    class Parameters(Model.Parameters):
        kf: float = quantity(1e5, "1/(mM²·ms)", "rate of binding", ge=0)
        kb: float = quantity(1e-2, "1/ms", "rate of unbinding", ge=0)
        degradation: float = quantity(1e-3, "1/ms", "rate of degradation of the free buffer", ge=0)
        total_calcium: float = quantity(1e-3, "mM", "initial calcium", ge=0)
        total_buffer: float = quantity(1e-4, "mM", "initial buffer", ge=0)

    signals = {
        "ca": Signal("mM", "free calcium"),
        "buf": Signal("mM", "free buffer"),
        "cabuf": Signal("mM", "bound buffer"),
        "ca_error": Signal("", "largest relative error of free calcium"),
        "buf_error": Signal("", "largest relative error of free buffer"),
        "cabuf_error": Signal("", "largest relative error of bound buffer"),
        "conservation_error": Signal("", "largest relative error of all calcium"),
    }
    _errors = None

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 10
        self.time = h.Vector().record(h._ref_t, 1.0)
        for name in ("ca", "buf", "cabuf"):
            self.record_value(f"{name}_error", lambda name=name: self.errors()[name])
        self.record_value("conservation_error", self.conservation_error)

    @classmethod
    def build_rxd(cls, cells):
        cytosol = rxd.Region([cell.soma for cell in cells], nrn_region="i", name="cytosol")
        ca = rxd.Species(cytosol, name="ca", charge=2, initial=swept("total_calcium"))
        buf = rxd.Species(cytosol, name="buf", initial=swept("total_buffer"))
        cabuf = rxd.Species(cytosol, name="cabuf", initial=0)
        # As rxd.Parameter, constants are data: they differ from cell to cell, the code does not.
        kf = rxd.Parameter(cytosol, name="kf", value=swept("kf"))
        kb = rxd.Parameter(cytosol, name="kb", value=swept("kb"))
        kd = rxd.Parameter(cytosol, name="kd", value=swept("degradation"))
        binding = rxd.Reaction(
            2 * ca + buf, cabuf, kf * ca**2 * buf, kb * cabuf, custom_dynamics=True
        )
        decay = rxd.Rate(buf, -kd * buf)
        for cell in cells:
            cell.watch({"ca": ca, "buf": buf, "cabuf": cabuf})
        return cytosol, ca, buf, cabuf, kf, kb, kd, binding, decay

    def watch(self, species):
        """Record the concentration of each species, at every step and for its error."""
        self.recorded = {}
        for name, substance in species.items():
            reference = substance.nodes(self.soma(0.5))[0]._ref_concentration
            self.record(name, reference)
            self.recorded[name] = h.Vector().record(reference, 1.0)

    def errors(self):
        """Largest relative error of each species against scipy's stiff solver, sampled every ms.

        From the first ms on: the bound buffer starts from zero.
        """
        if self._errors is None:
            times = self.time.as_numpy()
            expected = reference(self.p, times)
            self._errors = {
                name: np.max(np.abs(samples.as_numpy() - wanted)[1:] / wanted[1:])
                for (name, samples), wanted in zip(self.recorded.items(), expected, strict=True)
            }
        return self._errors

    def conservation_error(self):
        """Free and bound calcium against what there was at the start: no proof of accuracy."""
        ca, cabuf = (self.recorded[name].as_numpy() for name in ("ca", "cabuf"))
        return np.max(np.abs(ca + 2 * cabuf - self.p.total_calcium)) / self.p.total_calcium


def reference(p, times):
    """Free calcium, free buffer and bound buffer (mM) at `times` (ms), of shape (3, n)."""

    def rates(_, y):
        ca, buf, cabuf = y
        bound = p.kf * ca**2 * buf - p.kb * cabuf
        return -2 * bound, -bound - p.degradation * buf, bound

    start = (p.total_calcium, p.total_buffer, 0.0)
    # Far below the errors that it is to measure, and below the least concentration.
    solved = solve_ivp(
        rates, (0, times[-1]), start, method="Radau", t_eval=times, rtol=1e-10, atol=1e-18
    )
    if not solved.success:
        raise RuntimeError(f"the reference solution: {solved.message}")
    return solved.y
