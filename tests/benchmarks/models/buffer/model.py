"""Calcium bound by a degradable buffer, in one well-mixed compartment."""

from neuron import h, rxd

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
    }
    isolated = True

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
        for name in self.signals:
            self.record(name, getattr(self, name).nodes(self.soma(0.5))[0]._ref_concentration)
