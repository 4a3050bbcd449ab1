"""A calcium wave along a dendrite that is filled by cytosol and endoplasmic reticulum (ER).

Rates of NEURON's tutorial on calcium waves, after Wagner et al. 2004, Cell Calcium 35:433-447, and
Neymotin et al. 2015, Neural Comput 27:898-924. Here IP3 is the same everywhere, and what starts
the wave is calcium, so that the wave has one speed; and the store of the ER is that at rest.
"""

import numpy as np
from neuron import h, rxd

from dendroflow.model import Model, Signal, quantity

RESTING_CALCIUM = 1e-4  # mM
MM_PER_UM = 1e-3
FRONT = 5e-4  # mM; a wave has arrived where cytosolic calcium crosses it upwards
TIMED_STRETCH = (0.4, 0.8)  # shares of the length between which the speed is measured


class CalciumWave(Model):
    """Calcium released by IP3 receptors releases more, next to it; SERCA pumps it back."""

    class Parameters(Model.Parameters):
        ip3: float = quantity(0.3, "µM", "IP3", ge=0)
        dx: float = quantity(1.0, "µm", "length of a segment", gt=0)
        length: float = quantity(200.0, "µm", "length of the dendrite", gt=0)
        diameter: float = quantity(1.0, "µm", "diameter of the dendrite", gt=0)
        er_fraction: float = quantity(0.17, "", "share of the volume that is ER", gt=0, lt=1)
        diffusion: float = quantity(0.08, "µm²/ms", "diffusion coefficient of calcium", ge=0)
        release: float = quantity(
            12040.0, "molecules/(µm²·ms·mM)", "rate through open IP3 receptors", ge=0
        )
        pump: float = quantity(0.3913, "molecules/(µm²·ms)", "largest rate of SERCA", ge=0)
        leak: float = quantity(6.02, "molecules/(µm²·ms·mM)", "leak out of the ER", gt=0)
        half_ip3: float = quantity(0.15, "µM", "IP3 at which receptors are half activated", gt=0)
        half_activation: float = quantity(
            0.4, "µM", "calcium at which receptors are half activated", gt=0
        )
        half_inactivation: float = quantity(
            0.3, "µM", "calcium at which receptors are half inactivated", gt=0
        )
        half_pump: float = quantity(0.1, "µM", "calcium at which SERCA is half as fast", gt=0)
        tau: float = quantity(2000.0, "ms", "time constant of the inactivation", gt=0)
        stimulus: float = quantity(2.0, "µM", "calcium at the start of the stimulated end", ge=0)
        stimulated: float = quantity(10.0, "µm", "length of the stimulated end", gt=0)

    signals = {
        "ca": Signal("mM", "cytosolic calcium"),
        "ca_middle": Signal("mM", "cytosolic calcium in the middle"),
        "er_middle": Signal("mM", "calcium in the ER in the middle"),
        "gate_middle": Signal("", "receptors that are not inactivated, in the middle"),
        "speed": Signal("µm/s", "speed of the wave"),
        "calcium_error": Signal("", "relative change of all calcium"),
    }
    process = "alone"

    def build(self, p):
        segments = round(p.length / p.dx)
        if abs(segments * p.dx - p.length) > 1e-6 * p.length:
            raise ValueError(f"length {p.length} µm is not a multiple of dx {p.dx} µm")
        self.dend = h.Section("dend", self)
        self.dend.L, self.dend.diam, self.dend.nseg = p.length, p.diameter, segments
        h.define_shape()
        self.regions(p)
        self.reactions(p)
        self.start = h.FInitializeHandler(self.remember)
        self.record_segments("ca", "cai", [self.dend])
        middle = self.dend(0.5)
        self.record("ca_middle", self.ca[self.cytosol].nodes(middle)[0]._ref_concentration)
        self.record("er_middle", self.ca[self.er].nodes(middle)[0]._ref_concentration)
        self.record("gate_middle", self.gate[self.membrane].nodes(middle)[0]._ref_concentration)
        self.recorded = [h.Vector().record(s._ref_cai) for s in self.dend]
        self.time = h.Vector().record(h._ref_t)
        self.record_value("speed", self.speed)
        self.record_value("calcium_error", lambda: abs(self.total() / self.initial_total - 1))

    def regions(self, p):
        """Cytosol and ER share each segment; the membrane between them is the receptors' place.

        Its area is diameter times length, as in NEURON's tutorial, whose rates these are.
        """
        whole = [self.dend]
        self.cytosol = rxd.Region(
            whole,
            nrn_region="i",
            name="cytosol",
            geometry=rxd.FractionalVolume(1 - p.er_fraction, surface_fraction=1),
        )
        self.er = rxd.Region(whole, name="er", geometry=rxd.FractionalVolume(p.er_fraction))
        self.membrane = rxd.Region(
            whole, name="membrane", geometry=rxd.ScalableBorder(1, on_cell_surface=False)
        )

    def reactions(self, p):
        """Release, pump and leak, and the receptors' inactivation; at rest they balance."""
        gate, stored = self.resting_state(p)

        def initial(node):
            if node.region == self.er:
                return stored
            stimulated = node.x * p.length < p.stimulated
            return p.stimulus * MM_PER_UM if stimulated else RESTING_CALCIUM

        self.ca = rxd.Species(
            [self.cytosol, self.er], name="ca", charge=2, d=p.diffusion, initial=initial
        )
        self.gate = rxd.State(self.membrane, name="gate", initial=gate)
        # As rxd.Parameter, what is swept is data: rxd compiles the same code for all points.
        self.ip3 = rxd.Parameter(self.cytosol, name="ip3", value=p.ip3 * MM_PER_UM)
        ca, er, gate = self.ca[self.cytosol], self.ca[self.er], self.gate[self.membrane]
        ip3 = self.ip3[self.cytosol]
        half_ip3, half_activation, half_inactivation, half_pump = (
            MM_PER_UM * half
            for half in (p.half_ip3, p.half_activation, p.half_inactivation, p.half_pump)
        )
        active = ip3 / (ip3 + half_ip3) * ca / (ca + half_activation) * gate
        channels = p.release * active**3
        membrane = {"membrane": self.membrane}
        self.receptors = rxd.MultiCompartmentReaction(er, ca, channels, channels, **membrane)
        self.leaking = rxd.MultiCompartmentReaction(er, ca, p.leak, p.leak, **membrane)
        self.serca = rxd.MultiCompartmentReaction(
            ca, er, p.pump * ca**2 / (ca**2 + half_pump**2), custom_dynamics=True, **membrane
        )
        self.inactivation = rxd.Rate(
            gate, (half_inactivation / (half_inactivation + ca) - gate) / p.tau
        )

    @staticmethod
    def resting_state(p):
        """Gate, and calcium in the ER (mM), that balance pump, leak and receptors at rest."""
        ca = RESTING_CALCIUM / MM_PER_UM
        gate = p.half_inactivation / (p.half_inactivation + ca)
        active = p.ip3 / (p.ip3 + p.half_ip3) * ca / (ca + p.half_activation) * gate
        pumped = p.pump * ca**2 / (ca**2 + p.half_pump**2)
        return gate, RESTING_CALCIUM + pumped / (p.leak + p.release * active**3)

    def total(self):
        """All calcium, mM µm³."""
        nodes = self.ca.nodes
        return float(np.dot(nodes.concentration, nodes.volume))

    def remember(self):
        self.initial_total = self.total()

    def speed(self):
        """Slope of place over time of arrival (µm/s); None if no wave passes the stretch."""
        places = np.array([segment.x for segment in self.dend]) * self.dend.L
        low, high = (share * self.dend.L for share in TIMED_STRETCH)
        timed = np.flatnonzero((places >= low) & (places <= high))
        t = self.time.as_numpy()
        arrivals = [_crossing(t, vector.as_numpy()) for vector in self.recorded]
        passed = [arrivals[i] for i in timed]
        if None not in passed:
            return 1000 * np.polyfit(passed, places[timed], 1)[0]
        if max(time or 0 for time in arrivals) > 0.9 * t[-1]:
            raise ValueError("the wave is still on its way; choose a longer simulation.duration")
        return None


def _crossing(t, values):
    """Time at which values first cross FRONT upwards, interpolated (ms); None if they do not."""
    above = np.flatnonzero(values >= FRONT)
    if not len(above) or above[0] == 0:
        return None
    i = above[0]
    return np.interp(FRONT, values[i - 1 : i + 1], t[i - 1 : i + 1])
