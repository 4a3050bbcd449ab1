"""What published models do to a cell: values by section list and by distance, a cut axon."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from dendroflow.kernel.places import middle, path_distance

# Distance along the path from the soma (µm) to a value.
Distribution = Callable[[float], float]
# Those belong to a section as a whole.
_OF_SECTIONS = ("L", "Ra", "nseg", "rallbranch")


def insert(sections: Iterable[Any], mechanism: str, origin: Any = None, **values: Any) -> None:
    """Insert a mechanism in sections, such as `self.apic`, and set its values.

    Parameters
    ----------
    mechanism
        such as `"pas"`.
    origin
        the segment from which distances are measured, such as `middle(self.soma)`; for values that
        depend on them.
    **values
        of the mechanism's range variables without its name, such as `g=3e-5`: a number, or a
        function of the distance (µm) along the path to a segment's middle.
    """
    sections = list(sections)
    for section in sections:
        section.insert(mechanism)
    assign(sections, origin, **{f"{name}_{mechanism}": value for name, value in values.items()})


def assign(sections: Iterable[Any], origin: Any = None, **values: Any) -> None:
    """Set values of sections and of their segments: `cm`, `Ra`, `ena`, `g_pas`, ...

    Parameters
    ----------
    origin, **values
        as for `insert`.
    """
    for section in sections:
        for name, value in values.items():
            if not callable(value):
                # NEURON sets it in all segments.
                setattr(section, name, value)
            elif name in _OF_SECTIONS:
                setattr(section, name, value(path_distance(origin, section(0.5))))
            else:
                for segment in section:
                    setattr(segment, name, value(path_distance(origin, segment)))


def exponential(value: float, offset: float, factor: float, rate: float) -> Distribution:
    """Value · (offset + factor · exp(rate · distance)); `rate` in 1/µm.

    Ih of Kole et al. 2006, J Neurosci 26:1677-1687, has -0.8696, 2.087 and 0.0031; a decay has 0
    and 1, and a negative rate.
    """
    return lambda distance: value * (offset + factor * math.exp(rate * distance))


def linear(value: float, slope: float) -> Distribution:
    """Value + slope · distance; `slope` in the unit of the value per µm."""
    return lambda distance: value + slope * distance


def sigmoid(value: float, half: float, width: float) -> Distribution:
    """Value / (1 + exp((half - distance) / width)); a negative `width` (µm) lets it fall."""
    return lambda distance: value / (1 + math.exp((half - distance) / width))


def step(value: float, begin: float, end: float, outside: float = 0.0) -> Distribution:
    """Value between two distances (µm), such as a zone of calcium channels; elsewhere `outside`."""
    return lambda distance: value if begin < distance < end else outside


def replace_axon(cell: Any, length: float = 30.0) -> None:
    """Replace the axon of a cell by two cylinders in a row, at the end of its soma.

    The first is as thick as the axon's first section, the second as its first section whose middle
    is farther from the soma than both cylinders are long, or as the first if there is none; without
    an axon both are 1 µm thick. Set `nseg` before: the diameter of a section is that of its middle
    segment. It is what BluePyOpt's `replace_axon` does.

    Parameters
    ----------
    cell
        a model with `soma`, `axon` and `all`, whose lists `axon` and `all` are changed.
    length
        of each cylinder (µm).
    """
    from neuron import h

    origin, diameters = middle(cell.soma), [1.0, 1.0]
    if cell.axon:
        beyond = (s for s in cell.axon if path_distance(origin, s(0.5)) > 2 * length)
        diameters = [cell.axon[0].diam, next(beyond, cell.axon[0]).diam]
    cell.all = [section for section in cell.all if section not in cell.axon]
    for section in cell.axon:
        h.delete_section(sec=section)
    cell.axon, parent = [], cell.soma[0]
    for k, diameter in enumerate(diameters):
        section = h.Section(f"axon[{k}]", cell)
        section.L, section.diam = length, diameter
        section.connect(parent(1))
        cell.axon.append(section)
        parent = section
    cell.all += cell.axon
