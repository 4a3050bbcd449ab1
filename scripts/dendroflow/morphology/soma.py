"""How an SWC file becomes one that NEURON reads as it is meant, the soma above all.

===============================================  ===================================================
the soma's points                                what is simulated
===============================================  ===================================================
one                                              a sphere of its radius
the root and two of its radius that hang on it   a sphere of the root's radius (NeuroMorpho.Org)
a root, and others around it on its surface      a sphere of the root's radius
a closed line of points that are thin            a sphere about their centre, of their mean distance
                                                 from it (NeuroMorpho.Org's rule for an outline)
any other                                        cylinders from point to point
===============================================  ===================================================

The order of the rows plays no part: NEURON gets the soma first. A branching soma that begins with
two points of its own stays as it is; the order of its rows numbers its sections. Where a point and
the one that goes on from it are not neighbours in the file, NEURON starts another section, or joins
the point to the row that follows; such rows are sorted, branch by branch.
"""

import logging
from dataclasses import replace

import numpy as np

from dendroflow.morphology.graph import Floats, PointGraph, chosen, frustum_area

logger = logging.getLogger(__name__)

# NEURON takes side points that are off by less as NeuroMorpho.Org's.
_THREE_POINTS = 0.01
# The points of a star lie on the sphere, or within it.
_STAR = 1.25
# The points of an outline are this much thinner than the outline is wide.
_THIN = 0.25


def standard(tree: PointGraph) -> PointGraph:
    """Return a checked tree in an order that NEURON reads, its soma a point if it is a sphere.

    Lines stay those of the file. A tree that is so already is returned as it is, and so are the
    outlines of Neurolucida, which NEURON converts by itself.
    """
    if tree.outline:
        return tree
    count = int(tree.somatic.sum())
    sorted_tree = tree
    if not tree.somatic[:count].all():
        sorted_tree = chosen(tree, np.argsort(~tree.somatic, kind="stable"))
    sphere = _sphere(sorted_tree, count)
    if sphere is not None:
        tree = _with_sphere(sorted_tree, count, *sphere)
    elif _is_three_points(sorted_tree, count) or not _branches_from_the_start(tree):
        tree = sorted_tree
    return _by_branches(tree) if _is_cut_or_misread(tree) else tree


def _with_sphere(tree: PointGraph, count: int, centre: Floats, radius: float) -> PointGraph:
    xyz, radii, parents = tree.xyz.copy(), tree.radii.copy(), tree.parents.copy()
    xyz[0], radii[0] = centre, radius
    parents[(parents >= 0) & (parents < count)] = 0
    moved = replace(tree, xyz=xyz, radii=radii, parents=parents)
    logger.warning(
        "%s, line %d: the %d points of the soma are read as a sphere of radius %.4g µm",
        *(tree.source, tree.lines[0], count, radius),
    )
    return chosen(moved, np.array([0, *range(count, len(tree))]))


def _is_cut_or_misread(tree: PointGraph) -> bool:
    """Whether NEURON cuts a stretch, or joins the start of a neurite to a row of another one."""
    alone = tree.inner & (tree.child_counts[tree.parents] == 1) & tree.stems[tree.parents]
    follows = np.flatnonzero(tree.goes_on | alone)
    if (tree.parents[follows] != follows - 1).any():
        return True
    for point in np.flatnonzero(tree.stems & (tree.child_counts > 1)).tolist():
        children = np.flatnonzero(tree.parents == point)
        apart = children[children > point + 1]
        own = tree.types[point]
        if len(apart) and (
            children[0] != point + 1
            or (tree.types[point + 1] != own and tree.types[apart[-1]] == own)
        ):
            return True
    return False


def _by_branches(tree: PointGraph) -> PointGraph:
    """Rows such that each branch follows its start at once, those of its own type first."""
    rest = np.flatnonzero(~tree.somatic)
    children: dict[int, list[int]] = {}
    for point in rest.tolist():
        children.setdefault(int(tree.parents[point]), []).append(point)
    found = np.flatnonzero(tree.somatic).tolist()
    ahead = [point for start in found[::-1] for point in children.get(start, [])[::-1]]
    while ahead:
        point = ahead.pop()
        found.append(point)
        after = sorted(children.get(point, []), key=lambda k: tree.types[k] != tree.types[point])
        ahead += after[::-1]
    return chosen(tree, np.array(found))


def is_sphere(tree: PointGraph) -> bool:
    """Whether the soma of a tree that has it first is one point, or is read as one."""
    count = int(tree.somatic.sum())
    return count == 1 or _is_three_points(tree, count) or _sphere(tree, count) is not None


def soma_area(tree: PointGraph) -> float:
    """Area of the soma (µm²) of a tree that `standard` returned, by the rule that it follows."""
    count = int(tree.somatic.sum())
    if count == 1 or _is_three_points(tree, count):
        return float(4 * np.pi * tree.radii[0] ** 2)
    inner = np.flatnonzero(tree.somatic & tree.linked)
    return frustum_area(tree.steps[inner], tree.radii[inner], tree.radii[tree.parents[inner]])


def as_swc(tree: PointGraph) -> bytes:
    """Return a tree as an SWC file, its points numbered from 1."""
    rows = (
        f"{i + 1} {kind} {x!r} {y!r} {z!r} {radius!r} {parent + 1 if parent >= 0 else -1}\n"
        for i, (kind, (x, y, z), radius, parent) in enumerate(
            zip(
                tree.types.tolist(),
                tree.xyz.tolist(),
                tree.radii.tolist(),
                tree.parents.tolist(),
                strict=True,
            )
        )
    )
    return "".join(rows).encode()


def _branches_from_the_start(tree: PointGraph) -> bool:
    """Whether NEURON makes cylinders of a branching soma as it stands, in the order of its rows."""
    parents = tree.parents[tree.somatic & tree.linked]
    return bool(tree.somatic[1:2].any() and len(np.unique(parents)) < len(parents))


def _is_three_points(tree: PointGraph, count: int) -> bool:
    """Whether NEURON takes the soma as NeuroMorpho.Org's three points, a sphere."""
    if count != 3 or tree.parents[1:3].any() or np.ptp(tree.radii[:3]):
        return False
    carries = bool((tree.child_counts[1:3] > 0).any())
    length = tree.steps[1:3].sum() / (2 * tree.radii[0])
    return not carries and bool(abs(length - 1) < _THREE_POINTS)


def _sphere(tree: PointGraph, count: int) -> tuple[Floats, float] | None:
    """Centre and radius (µm) of a soma that stands for a sphere, unless NEURON sees it itself."""
    xyz, radii, parents = tree.xyz[:count], tree.radii[:count], tree.parents[1:count]
    if _is_three_points(tree, count):
        # NEURON leaves out neurites of one point on such a soma, but not on a single point.
        lonely = (tree.stems & (tree.child_counts == 0)).any()
        return (xyz[0], float(radii[0])) if lonely else None
    if count < 3:
        return None
    hang_on_root = not parents.any()
    if count == 3 and hang_on_root and np.ptp(radii) <= _THREE_POINTS * radii[0]:
        return xyz[0], float(radii[0])
    if count > 3 and hang_on_root and (tree.steps[1:count] <= _STAR * radii[0]).all():
        return xyz[0], float(radii[0])
    centre = xyz.mean(axis=0)
    distance = float(np.linalg.norm(xyz - centre, axis=1).mean())
    closed = np.linalg.norm(xyz[-1] - xyz[0]) <= 2 * tree.steps[1:count].max()
    chain = (parents == np.arange(count - 1)).all()
    if count > 3 and chain and closed and radii.max() < _THIN * distance:
        return centre, distance
    return None
