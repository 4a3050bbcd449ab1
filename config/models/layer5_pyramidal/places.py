"""Places along a cell by their path from the soma, and an axon cut to its initial part."""

from neuron import h

from dendroflow.model import middle, path_distance


def path(cell, segment):
    """Path (µm) from the middle of the soma to a segment."""
    return path_distance(middle(cell.soma), segment)


def place_at(cell, sections, distance):
    """Find the segment at a path from the middle of the soma.

    Parameters
    ----------
    cell : Model
        The cell, with its `soma`.
    sections : list of Section
        Where to look. Several branches may reach as far: the last one counts.
    distance : float
        Path (µm).

    Returns
    -------
    Segment

    Raises
    ------
    ValueError
        If no section reaches as far.
    """
    for section in reversed(sections):
        near, far = path(cell, section(0)), path(cell, section(1))
        if near <= distance <= far:
            return section((distance - near) / (far - near))
    raise ValueError(f"no section lies {distance:g} µm from the soma")


def replace_axon(cell, length=30.0):
    """Replace the axon of a cell by two cylinders in a row, at the end of its soma.

    The first is as thick as the axon's first section, the second as its first section whose middle
    is farther from the soma than both cylinders are long, or as the first if there is none. Set
    `nseg` before: the diameter of a section is that of its middle segment.

    Parameters
    ----------
    cell : Model
        The cell, whose lists `axon` and `all` are changed; its `axon` is not empty.
    length : float
        Length of each cylinder (µm).
    """
    first = cell.axon[0]
    beyond = (section for section in cell.axon if path(cell, section(0.5)) > 2 * length)
    diameters = [first.diam, next(beyond, first).diam]
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
