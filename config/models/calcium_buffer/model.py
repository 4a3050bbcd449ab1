"""Calcium bound by a degradable buffer, in one well-mixed compartment."""

import numpy as np
from neuron import h, rxd
from scipy.integrate import solve_ivp

from dendroflow.model import Model, Signal, quantity


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
    isolated = True
    _errors = None

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 10
        self.cytosol = rxd.Region([self.soma], nrn_region="i", name="cytosol")
        self.ca = rxd.Species(self.cytosol, name="ca", charge=2, initial=p.total_calcium)
        self.buf = rxd.Species(self.cytosol, name="buf", initial=p.total_buffer)
        self.cabuf = rxd.Species(self.cytosol, name="cabuf", initial=0)
        # As rxd.Parameter, constants are data: rxd compiles the same code for all points.
        self.kf = rxd.Parameter(self.cytosol, name="kf", value=p.kf)
        self.kb = rxd.Parameter(self.cytosol, name="kb", value=p.kb)
        self.kd = rxd.Parameter(self.cytosol, name="kd", value=p.degradation)
        self.binding = rxd.Reaction(
            2 * self.ca + self.buf,
            self.cabuf,
            self.kf * self.ca**2 * self.buf,
            self.kb * self.cabuf,
            custom_dynamics=True,
        )
        self.decay = rxd.Rate(self.buf, -self.kd * self.buf)
        self.time = h.Vector().record(h._ref_t, 1.0)
        self.recorded = {}
        for name in ("ca", "buf", "cabuf"):
            reference = getattr(self, name).nodes(self.soma(0.5))[0]._ref_concentration
            self.record(name, reference)
            self.recorded[name] = h.Vector().record(reference, 1.0)
            self.measure(f"{name}_error", lambda name=name: self.errors(p)[name])
        self.measure("conservation_error", lambda: self.conservation_error(p))

    def errors(self, p):
        """Largest relative error of each species against scipy's stiff solver, sampled every ms.

        From the first ms on: the bound buffer starts from zero.
        """
        if self._errors is None:
            times = self.time.as_numpy()
            expected = reference(p, times)
            self._errors = {
                name: np.max(np.abs(samples.as_numpy() - wanted)[1:] / wanted[1:])
                for (name, samples), wanted in zip(self.recorded.items(), expected, strict=True)
            }
        return self._errors

    def conservation_error(self, p):
        """Free and bound calcium against what there was at the start: no proof of accuracy."""
        ca, cabuf = (self.recorded[name].as_numpy() for name in ("ca", "cabuf"))
        return np.max(np.abs(ca + 2 * cabuf - p.total_calcium)) / p.total_calcium


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
