"""Calcium bound by a degradable buffer, in one well-mixed compartment."""

from neuron import h, rxd

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
    }

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 10

    @classmethod
    def build_rxd(cls, cells):
        cytosol = rxd.Region([cell.soma for cell in cells], nrn_region="i", name="cytosol")
        ca = rxd.Species(cytosol, name="ca", charge=2, initial=swept("total_calcium"))
        buf = rxd.Species(cytosol, name="buf", initial=swept("total_buffer"))
        cabuf = rxd.Species(cytosol, name="cabuf", initial=0)
        # As rxd.Parameter, constants are data, and differ from cell to cell.
        kf = rxd.Parameter(cytosol, name="kf", value=swept("kf"))
        kb = rxd.Parameter(cytosol, name="kb", value=swept("kb"))
        kd = rxd.Parameter(cytosol, name="kd", value=swept("degradation"))
        binding = rxd.Reaction(
            2 * ca + buf, cabuf, kf * ca**2 * buf, kb * cabuf, custom_dynamics=True
        )
        decay = rxd.Rate(buf, -kd * buf)
        for name, species in {"ca": ca, "buf": buf, "cabuf": cabuf}.items():
            for cell in cells:
                cell.record(name, species.nodes(cell.soma(0.5))[0]._ref_concentration)
        return cytosol, ca, buf, cabuf, kf, kb, kd, binding, decay
