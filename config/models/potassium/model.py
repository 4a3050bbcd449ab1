"""Potassium in the space around a cell, from a point source or from the cell's own spikes."""

from typing import Literal

from neuron import h, rxd

from dendroflow.model import Model, Signal, current_step, plane_of_voxels, quantity

AVOGADRO = 6.02214076e23
ELEMENTARY_CHARGE = 1.602176634e-19
MOLECULES_PER_MM_UM3 = AVOGADRO * 1e-18
MOLECULES_PER_NA_MS = 1e-12 / ELEMENTARY_CHARGE


class Potassium(Model):
    """A soma in the middle of a cube of tissue, whose walls let nothing through."""

    class Parameters(Model.Parameters):
        membrane: Literal["hh", "pas"] = quantity("hh", "", "membrane of the soma")
        amplitude: float = quantity(0.05, "nA", "amplitude of the step into the soma")
        delay: float = quantity(5.0, "ms", "onset of the step", ge=0)
        width: float = quantity(1e9, "ms", "duration of the step", ge=0)
        release: float = quantity(0.0, "nA", "current of potassium from the point source", ge=0)
        volume_fraction: float = quantity(0.2, "", "extracellular volume fraction", gt=0, le=1)
        tortuosity: float = quantity(1.6, "", "tortuosity", ge=1)
        diffusion: float = quantity(2.62, "µm²/ms", "diffusion coefficient in water", gt=0)
        resting: float = quantity(2.5, "mM", "potassium outside at first", gt=0)
        side: float = quantity(150.0, "µm", "side of the cube", gt=0)
        dx: float = quantity(10.0, "µm", "edge of a voxel", gt=0)
        field_sampling: float = quantity(2.0, "ms", "interval of the map", gt=0)

    signals = {
        "soma_v": Signal("mV", "membrane potential"),
        "k_source": Signal("mM", "potassium at the source"),
        "k_20": Signal("mM", "potassium 20 µm away"),
        "k_40": Signal("mM", "potassium 40 µm away"),
        "k_60": Signal("mM", "potassium 60 µm away"),
        "k": Signal("mM", "extracellular potassium"),
        "mass_error": Signal("", "relative error of the mass balance"),
    }
    process = "alone"

    def build(self, p):
        # An odd number of voxels, so that the soma lies in the middle of one.
        voxels = 2 * round((p.side / p.dx - 1) / 2) + 1
        if abs(voxels * p.dx - p.side) > 1e-6 * p.side:
            raise ValueError(
                f"side {p.side:g} µm must be an odd multiple of dx {p.dx:g} µm, "
                f"such as {voxels * p.dx:g} µm"
            )
        if p.side < 2 * 60 + p.dx:
            raise ValueError(f"side {p.side:g} µm is too small for what is recorded 60 µm away")
        self.soma = h.Section("soma", self)
        for x in (-5, 5):
            self.soma.pt3dadd(x, 0, 0, 10)
        self.soma.insert(p.membrane)
        self.step = current_step(self.soma(0.5), p.delay, p.width, p.amplitude)

        half = p.side / 2
        self.space = rxd.Extracellular(
            *(-half,) * 3,
            *(half,) * 3,
            dx=p.dx,
            volume_fraction=p.volume_fraction,
            tortuosity=p.tortuosity,
        )
        self.k = rxd.Species(self.space, name="k", charge=1, d=p.diffusion, initial=p.resting)
        outside = self.k[self.space]
        source = outside.node_by_location(0, 0, 0)
        if p.release:
            source.include_flux(p.release * MOLECULES_PER_NA_MS, units="molecule/ms")
        self.record("soma_v", self.soma(0.5)._ref_v)
        self.record("k_source", source._ref_concentration)
        for distance in (20, 40, 60):
            node = outside.node_by_location(distance, 0, 0)
            self.record(f"k_{distance}", node._ref_concentration)
        self.record_field("k", *plane_of_voxels(outside, z=0), p.field_sampling)

        self.time = h.Vector().record(h._ref_t)
        self.efflux = None
        if p.membrane == "hh":
            self.efflux = h.Vector().record(self.soma(0.5)._ref_ik)
        self.record_value("mass_error", lambda: self.mass_error(p))

    def mass_error(self, p):
        """Relative difference between what came into the space and what is there in addition.

        A fixed step adds the current at its end times its length.
        """
        time = self.time.as_numpy()
        released = p.release * MOLECULES_PER_NA_MS * (time[-1] - time[0])
        if self.efflux is not None:
            area = self.soma(0.5).area() * 1e-8  # cm²
            current = self.efflux.as_numpy() * area * 1e6  # nA
            steps = time[1:] - time[:-1]
            released += float((current[1:] * steps).sum()) * MOLECULES_PER_NA_MS
        volume = p.dx**3 * p.volume_fraction * MOLECULES_PER_MM_UM3
        added = float((self.k[self.space].states3d - p.resting).sum()) * volume
        return abs(added - released) / released
