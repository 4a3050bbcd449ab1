"""Calcium released at a point in a dendrite by a synapse, diffusing in one or three dimensions."""

from typing import Literal

import numpy as np
from neuron import h, rxd

from dendroflow.model import Model, Signal, quantity

MOLECULES_PER_MM_UM3 = 602214.076  # Avogadro's number times 1e-3 mol/l times 1e-15 l


class PointSource(Model):
    """A cylinder into whose middle `RxDSyn` releases molecules, as an event decays with `tau`."""

    class Parameters(Model.Parameters):
        dimension: Literal[1, 3] = quantity(1, "", "dimension of the diffusion")
        dx: float = quantity(0.25, "µm", "edge of a voxel in three dimensions", gt=0)
        segments: int = quantity(5, "", "number of segments", ge=1)
        length: float = quantity(10.0, "µm", "length of the cylinder", gt=0)
        diameter: float = quantity(4.0, "µm", "diameter of the cylinder", gt=0)
        diffusion: float = quantity(1.0, "µm²/ms", "diffusion coefficient", ge=0)
        tau: float = quantity(3.0, "ms", "decay of the release", gt=0)
        weight: float = quantity(1000.0, "molecules/ms", "rate of release after an event", gt=0)
        onset: float = quantity(1.0, "ms", "time of the event", ge=0)

    signals = {
        "ca_source": Signal("mM", "calcium in the segment of the source"),
        "ca_end": Signal("mM", "calcium in the last segment"),
        "ca_membrane": Signal("mM", "calcium at the membrane beside the source"),
        "release": Signal("molecules/ms", "rate of release"),
        "mass_error": Signal("", "relative error of the mass balance"),
        "volume": Signal("µm³", "volume of the voxels"),
    }
    process = "alone"

    def build(self, p):
        if p.dimension == 3:
            rxd.set_solve_type(dimension=3)
        self.dend = h.Section("dend", self)
        self.dend.nseg = p.segments
        self.dend.pt3dclear()
        for x in (0, p.length):
            self.dend.pt3dadd(x, 0, 0, p.diameter)
        self.cytosol = rxd.Region([self.dend], nrn_region="i", dx=p.dx)
        self.ca = rxd.Species(self.cytosol, name="ca", charge=2, d=p.diffusion, initial=0)
        for segment in self.dend:
            if not self.ca.nodes(segment):
                raise ValueError(
                    f"dx {p.dx} µm leaves segment {segment.x:g} without voxels: its length is "
                    f"{p.length / p.segments:g} µm; choose a smaller dx or fewer segments"
                )
        self.synapse = h.RxDSyn(self.dend(0.5))
        self.synapse.tau = p.tau
        self.event = h.NetStim()
        self.event.number, self.event.start, self.event.noise = 1, p.onset, 0
        self.connection = h.NetCon(self.event, self.synapse)
        self.connection.delay, self.connection.weight[0] = 0, p.weight
        self.source_node().include_flux(self.synapse._ref_g, units="molecule/ms")
        self.rate = h.Vector().record(self.synapse._ref_g)
        self.time = h.Vector().record(h._ref_t)

        self.record_mean("ca_source", self.dend(0.5))
        self.record_mean("ca_end", self.dend(1 - 0.5 / p.segments))
        # In three dimensions, what NEURON calls cai is the mean over the voxels of the surface.
        self.record("ca_membrane", self.dend(0.5)._ref_cai)
        self.record("release", self.synapse._ref_g)
        self.record_value("mass_error", self.mass_error)
        self.record_value("volume", lambda: sum(self.ca.nodes.volume))

    def record_mean(self, signal, segment):
        """Record the concentration in a segment, averaged over its volume."""
        nodes = self.ca.nodes(segment)
        volumes = np.array(nodes.volume)
        self.sample(signal, lambda: np.average(nodes.concentration, weights=volumes), sampling=0.25)

    def source_node(self):
        """The voxel on the axis, or the whole segment in one dimension."""
        nodes = self.ca.nodes(self.dend(0.5))
        middle = self.dend.L / 2
        return min(
            nodes,
            key=lambda node: (
                (node.x3d - middle) ** 2 + node.y3d**2 + node.z3d**2 if hasattr(node, "x3d") else 0
            ),
        )

    def mass_error(self):
        """Relative difference between what lies in the cylinder and what was released into it.

        A fixed step adds the rate at its end times dt (right-endpoint rule).
        """
        rate, time = self.rate.as_numpy(), self.time.as_numpy()
        released = float((rate[1:] * (time[1:] - time[:-1])).sum())
        nodes = self.ca.nodes
        held = MOLECULES_PER_MM_UM3 * sum(
            c * v for c, v in zip(nodes.concentration, nodes.volume, strict=True)
        )
        return abs(held - released) / released
