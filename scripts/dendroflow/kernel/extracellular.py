"""Potentials and concentrations outside of cells: where they are taken, and from what."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dendroflow.kernel.outlines import outlines

Array = NDArray[np.float64]
Voxel = tuple[float, float, float, float]


class ExtracellularPotential:
    """The potential that the membrane currents of sections make in a homogeneous medium.

    Each segment is a line source: its current leaves evenly along its axis, which is straight
    between its ends. The medium is infinite, ohmic and isotropic, and acts on no cell.

    Parameters
    ----------
    sections
        all sections of the cells that are heard, with their final `nseg` and 3-D points.
    places
        electrodes: x, y, z (µm); shape (n, 3). What comes after z is not looked at, so that voxels
        can be given.
    conductivity
        of the medium, S/m.

    Notes
    -----
    Switches NEURON's `use_fast_imem` on for the process, which changes no voltage. What an
    `IClamp` injects is part of NEURON's membrane currents, so it appears as a source; synapses
    return what they inject, so that the currents of a cell sum to zero.

    References
    ----------
    Holt, Koch 1999, J. Comput. Neurosci. 6:169-184, eq. 8.
    """

    def __init__(
        self, sections: Iterable[Any], places: Sequence[Sequence[float]], conductivity: float = 0.3
    ) -> None:
        from neuron import h

        h.CVode().use_fast_imem(True)
        segments, lines = [], []
        for section in sections:
            for segment, outline in zip(section, outlines(section), strict=True):
                segments.append(segment)
                lines.append((*outline[:3], *outline[-4:-1], segment.diam / 2))
        self._pointers = h.PtrVector(len(segments))
        for i, segment in enumerate(segments):
            self._pointers.pset(i, segment._ref_i_membrane_)
        self._gathered = h.Vector(len(segments))
        ends = np.array(lines)
        electrodes = np.array([place[:3] for place in places], dtype=float)
        self.resistances = line_source_resistances(
            ends[:, :3], ends[:, 3:6], ends[:, 6], electrodes, conductivity
        )

    @property
    def currents(self) -> Array:
        """What leaves each segment now, nA."""
        self._pointers.gather(self._gathered)
        return np.array(self._gathered)

    def at(self, index: int) -> float:
        """The potential at one of the places now, mV."""
        return float(self.resistances[index] @ self.currents)

    def __call__(self) -> Array:
        """The potential at each place now, mV."""
        potentials: Array = self.resistances @ self.currents
        return potentials


def line_source_resistances(
    starts: Array, ends: Array, radii: Array, places: Array, conductivity: float
) -> Array:
    """Potential (mV) at each place per current (nA) that leaves each line: MΩ.

    Parameters
    ----------
    starts, ends
        of the lines, µm; shape (n, 3). A line without length is a point.
    radii
        no place is nearer to a line than this, µm; shape (n,).
    places
        µm; shape (m, 3).
    conductivity
        of the medium, S/m.

    Returns
    -------
    array
        shape (m, n).

    Raises
    ------
    ValueError
        If the conductivity or a radius is not positive.
    """
    if not conductivity > 0 or not (radii > 0).all():
        raise ValueError("conductivity and radii must be positive")
    axes = ends - starts
    lengths = np.linalg.norm(axes, axis=1)
    points = lengths < 1e-6 * radii
    units = np.divide(axes, lengths[:, None], out=np.zeros_like(axes), where=~points[:, None])
    result = np.empty((len(places), len(starts)))
    for row, place in enumerate(places):
        arms = place - starts
        along = np.einsum("ij,ij->i", arms, units)
        across = np.maximum(np.linalg.norm(arms - along[:, None] * units, axis=1), radii)
        distances = np.maximum(np.linalg.norm(arms, axis=1), radii)
        spans = np.arcsinh(along / across) - np.arcsinh((along - lengths) / across)
        mean = np.divide(spans, lengths, out=1 / distances, where=~points)
        result[row] = mean / (4 * math.pi * conductivity)
    return result


def square(
    middle: Sequence[float], width: float, count: int, normal: str = "z"
) -> list[tuple[float, float, float, float]]:
    """A square of `count` times `count` voxels around `middle`, for `record_field`.

    Parameters
    ----------
    middle
        x, y, z (µm).
    width
        of the square, µm.
    normal
        the axis to which it is perpendicular: "x", "y" or "z".
    """
    edge = width / count
    steps = [edge * (i + 0.5) - width / 2 for i in range(count)]
    across = ["xyz".index(axis) for axis in "xyz" if axis != normal]
    voxels = []
    for first in steps:
        for second in steps:
            place = [float(value) for value in middle]
            place[across[0]] += first
            place[across[1]] += second
            voxels.append((place[0], place[1], place[2], edge))
    return voxels


def plane_of_voxels(concentration: Any, z: float) -> tuple[list[Voxel], Callable[[], Array]]:
    """The voxels of `rxd.Extracellular` in the layer that holds `z`, and how to read them.

    Parameters
    ----------
    concentration
        `species[extracellular]`, whose voxels are cubes.
    z
        µm.

    Returns
    -------
    voxels, function
        for `Model.record_field`; the function returns the concentrations, mM.
    """
    first, second = concentration.node_by_ijk(0, 0, 0), concentration.node_by_ijk(1, 0, 0)
    edge = float(second.x3d - first.x3d)
    columns, rows, layers = concentration.states3d.shape
    layer = math.floor((z - (first.z3d - edge / 2)) / edge)
    if not 0 <= layer < layers:
        raise ValueError(f"z {z:g} µm lies outside of the extracellular space")
    middle = float(first.z3d + layer * edge)
    voxels = [
        (float(first.x3d + i * edge), float(first.y3d + j * edge), middle, edge)
        for i in range(columns)
        for j in range(rows)
    ]
    return voxels, lambda: np.array(concentration.states3d[:, :, layer]).ravel()
