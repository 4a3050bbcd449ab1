"""Calcium released at a point of a real dendrite, diffusing in one or three dimensions."""

from typing import Literal

import numpy as np
from neuron import h, rxd

from dendroflow.model import Model, Signal, quantity

MOLECULES_PER_MM_UM3 = 602214.076  # Avogadro's number times 1e-3 mol/l times 1e-15 l


class DendriticSource(Model):
    """A branch cut out of a reconstruction, its ends sealed, with a release in its middle."""

    class Parameters(Model.Parameters):
        branch: str = quantity("apic[106]", "", "branch of the dendrite")
        dimension: Literal[1, 3] = quantity(1, "", "dimension")
        dx: float = quantity(0.2, "µm", "edge of a voxel in three dimensions", gt=0)
        segment_length: float = quantity(1.0, "µm", "longest segment", gt=0)
        diffusion: float = quantity(0.2, "µm²/ms", "diffusion coefficient", ge=0)
        tau: float = quantity(1.0, "ms", "decay of the release", gt=0)
        weight: float = quantity(1000.0, "molecules/ms", "rate of release after an event", gt=0)
        onset: float = quantity(1.0, "ms", "time of the event", ge=0)

    signals = {
        "ca": Signal("mM", "calcium at the membrane"),
        "ca_source": Signal("mM", "calcium in the segment of the source"),
        "ca_membrane": Signal("mM", "calcium at the membrane beside the source"),
        "spread": Signal("µm", "spread of the molecules along the branch"),
        "mass_error": Signal("", "relative error of the mass balance"),
        "volume": Signal("µm³", "volume of all compartments"),
        "branch_volume": Signal("µm³", "volume of the branch"),
    }
    process = "alone"
    needs_morphology = True

    def build(self, p):
        if p.dimension == 3:
            rxd.set_solve_type(dimension=3)
        self.cut(p.branch)
        self.branch.nseg = 2 * int(np.ceil(self.branch.L / p.segment_length) // 2) + 1
        self.cytosol = rxd.Region([self.branch], nrn_region="i", dx=p.dx)
        self.ca = rxd.Species(self.cytosol, name="ca", charge=2, d=p.diffusion, initial=0)
        self.nodes = [self.ca.nodes(segment) for segment in self.branch]
        if not all(self.nodes):
            raise ValueError(
                f"dx {p.dx} µm leaves segments of {self.branch.L / self.branch.nseg:.3g} µm "
                "without voxels; choose a smaller dx or longer segments"
            )
        self.volumes = [np.array(nodes.volume) for nodes in self.nodes]
        self.places = self.branch.L * np.array([s.x - 0.5 for s in self.branch])
        self.release(p)
        self.record_signals()

    def cut(self, name):
        """Keep one section of the morphology, with its 3-D points; sections are freed with it."""
        self.load_morphology()
        sections = {section.name().rpartition(".")[2]: section for section in self.all}
        if name not in sections:
            raise ValueError(f"the morphology has no section {name}, but e.g. {list(sections)[-1]}")
        whole = sections[name]
        self.points = [
            (whole.x3d(i), whole.y3d(i), whole.z3d(i), whole.diam3d(i)) for i in range(whole.n3d())
        ]
        del whole
        sections.clear()
        self.soma, self.axon, self.dend, self.apic, self.all = [], [], [], [], []
        self.branch = h.Section("branch", self)
        for point in self.points:
            self.branch.pt3dadd(*point)

    def release(self, p):
        """A synapse that releases molecules into the compartment in the middle of the branch."""
        middle = self.branch(0.5)
        self.synapse = h.RxDSyn(middle)
        self.synapse.tau = p.tau
        self.event = h.NetStim()
        self.event.number, self.event.start, self.event.noise = 1, p.onset, 0
        self.connection = h.NetCon(self.event, self.synapse)
        self.connection.delay, self.connection.weight[0] = 0, p.weight
        self.source_node().include_flux(self.synapse._ref_g, units="molecule/ms")
        self.rate = h.Vector().record(self.synapse._ref_g)
        self.time = h.Vector().record(h._ref_t)

    def record_signals(self):
        source = self.branch.nseg // 2
        self.record_segments("ca", "cai", [self.branch], sampling=0.5)
        # In three dimensions, what NEURON calls cai is the mean over the voxels of the surface.
        self.record("ca_membrane", self.branch(0.5)._ref_cai)
        self.sample(
            "ca_source",
            lambda: np.average(self.nodes[source].concentration, weights=self.volumes[source]),
            sampling=0.25,
        )
        self.sample("spread", self.spread, sampling=0.25)
        self.record_value("mass_error", self.mass_error)
        self.record_value("volume", lambda: sum(map(np.sum, self.volumes)))
        self.record_value("branch_volume", lambda: sum(segment.volume() for segment in self.branch))

    def source_node(self):
        """The voxel that is nearest to the middle of the path, or the segment in one dimension."""
        nodes = self.nodes[self.branch.nseg // 2]
        if not hasattr(nodes[0], "x3d"):
            return nodes[0]
        arcs = [self.branch.arc3d(i) for i in range(self.branch.n3d())]
        x, y, z = (
            np.interp(self.branch.L / 2, arcs, axis)
            for axis in list(zip(*self.points, strict=True))[:3]
        )
        return min(nodes, key=lambda n: (n.x3d - x) ** 2 + (n.y3d - y) ** 2 + (n.z3d - z) ** 2)

    def molecules(self):
        """Number of molecules in each segment."""
        held = [
            np.dot(nodes.concentration, volumes)
            for nodes, volumes in zip(self.nodes, self.volumes, strict=True)
        ]
        return MOLECULES_PER_MM_UM3 * np.array(held)

    def spread(self):
        """Standard deviation of the molecules' distances along the path (µm); 0 without any."""
        held = self.molecules()
        if held.sum() < 1:
            return 0.0
        mean = np.average(self.places, weights=held)
        return np.sqrt(np.average((self.places - mean) ** 2, weights=held))

    def mass_error(self):
        """Relative difference between what lies in the branch and what was released into it.

        A fixed step adds the rate at its end times dt (right-endpoint rule).
        """
        rate, time = self.rate.as_numpy(), self.time.as_numpy()
        released = float((rate[1:] * np.diff(time)).sum())
        return abs(self.molecules().sum() - released) / released
