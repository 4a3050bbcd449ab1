"""Several pyramidal cells in space, connected by distance, and the potential between them."""

import math

import numpy as np
from neuron import h
from scipy.spatial.transform import Rotation

from dendroflow.model import (
    ExtracellularPotential,
    Model,
    Signal,
    discretise,
    quantity,
    square,
)

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


class Population(Model):
    """Cells of one morphology; the one in the middle spikes, and excites the others."""

    class Parameters(Model.Parameters):
        cells: int = quantity(10, "", "number of cells", ge=2, le=50)
        spacing: float = quantity(60.0, "µm", "distance of the nearest neighbour", gt=0)
        drive: float = quantity(0.2, "µS", "synaptic conductance that makes the first cell spike")
        weight: float = quantity(0.02, "µS", "synaptic conductance at no distance", ge=0)
        reach: float = quantity(150.0, "µm", "distance over which weights fall to 1/e", gt=0)
        velocity: float = quantity(100.0, "µm/ms", "speed at which spikes are handed on", gt=0)
        electrode: float = quantity(50.0, "µm", "distance of the electrode", gt=0)
        conductivity: float = quantity(0.3, "S/m", "conductivity of the tissue", gt=0)
        axial_resistivity: float = quantity(100.0, "Ω·cm", "axial resistivity", gt=0)
        d_lambda: float = quantity(0.3, "", "longest segment in length constants at 100 Hz", gt=0)
        field: float = quantity(600.0, "µm", "width of the map of the potential", gt=0)

    signals = {
        "soma_v": Signal("mV", "potential of the spiking cell"),
        "near_v": Signal("mV", "potential of the nearest cell"),
        "far_v": Signal("mV", "potential of the farthest cell"),
        "v": Signal("mV", "membrane potential"),
        "spiking_v": Signal("mV", "membrane potential of the spiking cell"),
        "electrode_v": Signal("mV", "extracellular potential at the electrode"),
        "phi": Signal("mV", "extracellular potential"),
        "imbalance": Signal("nA", "sum of all membrane currents"),
    }
    required_sections = ("soma", "axon")

    def build(self, p):
        angles = np.random.default_rng(self.random123()).uniform(0, 360, p.cells)
        places = [self.place(k, p.spacing) for k in range(p.cells)]
        self.cells = [
            self.place_morphology(
                f"pyramidal[{k}]", places[k], Rotation.from_euler("y", angles[k], degrees=True)
            )
            for k in range(p.cells)
        ]
        for cell in self.cells:
            self.furnish(cell, p)
        self.connect(places, p)
        somata = [cell.soma[0](0.5) for cell in self.cells]
        for signal, k in (("soma_v", 0), ("near_v", 1), ("far_v", -1)):
            self.record(signal, somata[k]._ref_v)
        sections = [section for cell in self.cells for section in cell.all]
        self.record_segments("v", "v", sections, sampling=0.25)
        self.record_segments("spiking_v", "v", self.cells[0].all, sampling=0.25)

        voxels = square((0, 0, 0), p.field, 24)
        electrode = (0.0, 0.0, -p.electrode)
        self.potential = ExtracellularPotential(sections, [electrode, *voxels], p.conductivity)
        self.sample("electrode_v", lambda: self.potential.at(0), sampling=0.05)
        self.sample("imbalance", lambda: self.potential.currents.sum(), sampling=0.25)
        self.record_field("phi", voxels, lambda: self.potential()[1:], sampling=0.25)

    @staticmethod
    def place(k, spacing):
        """Where soma k lies: on a spiral in the horizontal plane, x, y, z (µm)."""
        radius, angle = spacing * math.sqrt(k), k * GOLDEN_ANGLE
        return (radius * math.cos(angle), 0.0, radius * math.sin(angle))

    def furnish(self, cell, p):
        """Passive membrane everywhere, `hh` in soma and axon."""
        for section in cell.all:
            section.Ra, section.cm = p.axial_resistivity, 1.0
            section.insert("pas")
        discretise(cell.all, p.d_lambda)
        for section in cell.all:
            for segment in section:
                segment.pas.g, segment.pas.e = 1e-5, -65
        for section in [*cell.soma, *cell.axon]:
            section.insert("hh")

    def connect(self, places, p):
        """The first cell gets one strong event; its spike reaches each other by distance."""
        self.synapses = [h.ExpSyn(cell.soma[0](0.5)) for cell in self.cells]
        for synapse in self.synapses:
            synapse.tau = 1
        self.stimulus = h.NetStim()
        self.stimulus.number, self.stimulus.start, self.stimulus.noise = 1, 1, 0
        start = h.NetCon(self.stimulus, self.synapses[0])
        start.delay, start.weight[0] = 0, p.drive
        self.connections = [start]
        soma = self.cells[0].soma[0]
        for synapse, place in zip(self.synapses[1:], places[1:], strict=True):
            distance = math.dist(place, places[0])
            connection = h.NetCon(soma(0.5)._ref_v, synapse, sec=soma)
            connection.threshold = 0
            connection.delay = 0.5 + distance / p.velocity
            connection.weight[0] = p.weight * math.exp(-distance / p.reach)
            self.connections.append(connection)
