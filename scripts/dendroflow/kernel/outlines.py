"""Where the segments of a section lie, by its 3-D points."""

import itertools
from typing import Any


def short_name(section: Any) -> str:
    """`"dend[3]"` for NEURON's `"cell.dend[3]"`."""
    return str(section.name()).removeprefix(f"{section.cell()}.")


def outlines(section: Any) -> list[tuple[float, ...]]:
    """x, y, z, diameter (µm) of the 3-D points in each segment, its ends interpolated."""
    count = section.n3d()
    points = [
        (section.x3d(i), section.y3d(i), section.z3d(i), section.diam3d(i)) for i in range(count)
    ]
    arcs = [section.arc3d(i) for i in range(count)]
    edges = [arcs[-1] * k / section.nseg for k in range(section.nseg + 1)]

    def at(arc: float) -> tuple[float, ...]:
        i = next((i for i in range(1, count) if arcs[i] >= arc), count - 1)
        span = arcs[i] - arcs[i - 1]
        share = (arc - arcs[i - 1]) / span if span else 0.0
        return tuple(a + share * (b - a) for a, b in zip(points[i - 1], points[i], strict=True))

    found = []
    for start, end in itertools.pairwise(edges):
        within = [p for p, arc in zip(points, arcs, strict=True) if start < arc < end]
        outline = [at(start), *within, at(end)]
        found.append(tuple(value for point in outline for value in point))
    return found
