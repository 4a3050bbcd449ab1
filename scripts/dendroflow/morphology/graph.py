"""A reconstruction as the graph of points that its file describes."""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from dendroflow.errors import MorphologyError

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SOMA, AXON, DENDRITE, APICAL = 1, 2, 3, 4
ROOT, MISSING = -1, -2

# NEURON keeps points in single precision: beyond 10 cm it resolves less than 0.01 µm.
MAX_COORDINATE = 1e5
TOO_FAR = f"a coordinate beyond {MAX_COORDINATE:g} µm; are the units micrometres?"
MIN_RADIUS, MAX_RADIUS = 1e-3, 1e3
# Shorter than any distance that a microscope resolves; NEURON makes such a section 1e-9 µm long.
MIN_LENGTH = 1e-6
# A neurite starts at its soma: farther from it than this share of its width there is a warning,
# and beyond so much (µm) no cell is that large.
FAR_LINK, LONGEST_LINK = 0.5, 1e4


class Defect(NamedTuple):
    """What is wrong with a line; with the file where `line` is None."""

    line: int | None
    reason: str


@dataclass(frozen=True, eq=False)
class PointGraph:
    """The points of a reconstruction, in the order of the file.

    A strict reader returns a tree, in which a parent precedes its children. A graph that was read
    without refusing anything may also have orphans, cycles and parents that are missing.

    Attributes
    ----------
    source
        Name of the file, for messages.
    ids
        Ids of the points (SWC), or 1 to n (Neurolucida); shape (n,).
    types
        1 soma, 2 axon, 3 (basal) dendrite, 4 apical dendrite; 0 and 5 upwards: custom; shape (n,).
    xyz
        Coordinates (µm); shape (n, 3).
    radii
        Radii (µm); shape (n,).
    parents
        Index of each point's parent; `ROOT` (-1) where there is none, `MISSING` (-2) where the
        file names one that it does not hold; shape (n,).
    lines
        Line of the file that holds the point, from 1; shape (n,).
    outline
        Whether the soma is drawn as outlines (Neurolucida). Their points follow each other, their
        radii mean nothing, and every neurite hangs on the first of them.
    """

    source: str
    ids: Ints
    types: Ints
    xyz: Floats
    radii: Floats
    parents: Ints
    lines: Ints
    outline: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def linked(self) -> Bools:
        """Whether a point has a parent; shape (n,), as of all that follow."""
        return np.asarray(self.parents >= 0)

    @cached_property
    def somatic(self) -> Bools:
        """Whether a point belongs to the soma."""
        return np.asarray(self.types == SOMA)

    @cached_property
    def axonal(self) -> Bools:
        """Whether a point belongs to the axon."""
        return np.asarray(self.types == AXON)

    @cached_property
    def dendritic(self) -> Bools:
        """Whether a point belongs to a dendrite."""
        return np.isin(self.types, (DENDRITE, APICAL))

    @cached_property
    def neurite(self) -> Bools:
        """Whether a point ends a step of a neurite, the link to the soma included."""
        return self.linked & ~self.somatic

    @cached_property
    def stems(self) -> Bools:
        """Whether a point is the first of a neurite, that is a child of the soma."""
        return np.asarray(self.neurite & self.somatic[self.parents])

    @cached_property
    def inner(self) -> Bools:
        """Whether a point ends a step of a neurite that is no link to the soma."""
        return self.neurite & ~self.stems

    @cached_property
    def deltas(self) -> Floats:
        """Vector from its parent to each point (µm), 0 without a parent; shape (n, 3)."""
        return np.where(self.linked[:, None], self.xyz - self.xyz[self.parents], 0.0)

    @cached_property
    def steps(self) -> Floats:
        """Length of these vectors (µm)."""
        return np.asarray(np.linalg.norm(self.deltas, axis=1))

    @cached_property
    def soma_width(self) -> float:
        """Largest extent of the soma along an axis (µm); that of outlines is seen from above."""
        soma, radii = self.xyz[self.somatic], self.radii[self.somatic, None]
        if not len(soma):
            return 0.0
        if self.outline:
            return float(np.ptp(soma[:, :2], axis=0).max())
        return float(((soma + radii).max(axis=0) - (soma - radii).min(axis=0)).max())

    @cached_property
    def gaps(self) -> Floats:
        """Distance of the first point of each neurite from the soma (µm), 0 at other points."""
        soma, radii = self.xyz[self.somatic], self.radii[self.somatic]
        found = np.zeros(len(self))
        for i in np.flatnonzero(self.stems):
            if self.outline:
                found[i] = gap_from_above(soma, self.xyz[[i]])
            else:
                found[i] = max((np.linalg.norm(soma - self.xyz[i], axis=1) - radii).min(), 0.0)
        return found

    @cached_property
    def centre(self) -> Floats:
        """Centre of the soma (µm), or the first point where there is none; shape (3,)."""
        soma = self.xyz[self.somatic]
        return np.asarray(soma.mean(axis=0) if len(soma) else self.xyz[0])

    @cached_property
    def child_counts(self) -> Ints:
        """Number of children of each point."""
        return np.bincount(self.parents[self.linked], minlength=len(self))

    @cached_property
    def repeated(self) -> Bools:
        """Whether a point has the id of an earlier one."""
        again = np.ones(len(self), dtype=bool)
        again[np.unique(self.ids, return_index=True)[1]] = False
        return again

    @cached_property
    def cyclic(self) -> Bools:
        """Whether the way up from a point never ends."""
        endless = np.ones(len(self), dtype=bool)
        endless[self.order] = False
        return endless

    @cached_property
    def components(self) -> Ints:
        """Number of the connected component of each point, from 0."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        child = np.flatnonzero(self.linked)
        shape = (len(self), len(self))
        edges = coo_array((np.ones(len(child)), (child, self.parents[child])), shape=shape)
        return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)

    @cached_property
    def orphaned(self) -> Bools:
        """Whether a point lies in a component without soma (without one: not in the largest)."""
        homes = np.unique(self.components[self.somatic])
        if not len(homes):
            homes = np.array([np.bincount(self.components).argmax()])
        return ~np.isin(self.components, homes)

    @cached_property
    def order(self) -> Ints:
        """The points outside cycles, each after its parent."""
        children: list[list[int]] = [[] for _ in range(len(self))]
        for point in np.flatnonzero(self.linked).tolist():
            children[self.parents[point]].append(point)
        found = np.flatnonzero(~self.linked).tolist()
        for point in found:
            found += children[point]
        return np.array(found, dtype=np.int64)

    @cached_property
    def goes_on(self) -> Bools:
        """Whether a point continues the stretch of its parent: its only child, of its type."""
        alone = self.inner & (self.child_counts[self.parents] == 1)
        return np.asarray(alone & (self.types == self.types[self.parents]))

    @cached_property
    def stretches(self) -> list[Ints]:
        """The points of each unbranched stretch of neurite, of one type, from the soma outwards."""
        number = np.full(len(self), -1)
        found: list[list[int]] = []
        for point in self.order[~self.somatic[self.order]].tolist():
            if self.goes_on[point]:
                number[point] = number[self.parents[point]]
                found[number[point]].append(point)
            else:
                number[point] = len(found)
                found.append([point])
        return [np.array(points) for points in found]

    def length(self, kind: int | None = None) -> float:
        """Return the length of all neurites (µm), or of one type, without links to the soma."""
        counted = self.inner if kind is None else self.inner & (self.types == kind)
        return float(self.steps[counted].sum())

    def lines_where(self, chosen: Bools | Ints) -> tuple[int, ...]:
        """Return the lines of some points, in order; `chosen` is a mask or holds indices."""
        return tuple(sorted(self.lines[chosen].tolist()))

    def refuse(self, index: int, reason: str) -> NoReturn:
        """Raise the error that names the file, the line of point `index`, and `reason`."""
        refuse(self.source, int(self.lines[index]), reason)


def chosen(graph: PointGraph, points: Ints) -> PointGraph:
    """Some points of a graph, in another order and numbered anew; no parent may be left out."""
    place = np.full(len(graph), ROOT)
    place[points] = np.arange(len(points))
    parents = graph.parents[points]
    fields = {name: getattr(graph, name)[points] for name in ("types", "xyz", "radii", "lines")}
    return replace(
        graph,
        ids=np.arange(1, len(points) + 1),
        parents=np.where(parents >= 0, place[parents], ROOT),
        **fields,
    )


def refuse(source: str, line: int | None, reason: str) -> NoReturn:
    """Raise the `MorphologyError` that names a file, a line where there is one, and a reason."""
    place = source if line is None else f"{source}, line {line}"
    raise MorphologyError(f"{place}: {reason}")


def check(tree: PointGraph) -> None:
    """Refuse a tree that NEURON would crash on, alter without a word, or cannot simulate.

    Raises
    ------
    MorphologyError
        With the line of the first point that is wrong.
    """
    if not tree.somatic.any():
        refuse(tree.source, None, "no soma: no point has type 1 (in Neurolucida, no CellBody)")
    _check_connections(tree)
    _check_numbers(tree)
    _check_lengths(tree)
    _check_links(tree)
    _warn_of_custom_types(tree)


def _check_connections(tree: PointGraph) -> None:
    roots = np.flatnonzero(tree.parents < 0)
    if len(roots) > 1:
        first = int(tree.lines[roots[0]])
        tree.refuse(
            int(roots[1]),
            f"a second root (parent -1) beside that of line {first}; NEURON would tie the orphan "
            "to the soma: give it a parent or remove it",
        )
    if not tree.somatic[0]:
        tree.refuse(0, f"the root has type {tree.types[0]}; a cell starts at its soma (type 1)")
    apart = np.flatnonzero(tree.somatic & tree.linked & ~tree.somatic[tree.parents])
    if len(apart):
        tree.refuse(int(apart[0]), "a second soma, reached through a neurite; a cell has one")


def _check_numbers(tree: PointGraph) -> None:
    far = np.flatnonzero(~(np.abs(tree.xyz) <= MAX_COORDINATE).all(axis=1))
    if len(far):
        tree.refuse(int(far[0]), TOO_FAR)
    measured = np.flatnonzero(~tree.somatic) if tree.outline else np.arange(len(tree))
    radii = tree.radii[measured]
    wrong = np.flatnonzero(~((radii >= MIN_RADIUS) & (radii <= MAX_RADIUS)))
    if len(wrong):
        tree.refuse(int(measured[wrong[0]]), wrong_radius(radii[wrong[0]]))


def gap_from_above(one: Floats, other: Floats) -> float:
    """Return the distance between the boxes around two sets of points, seen from above (µm)."""
    apart = np.maximum(one.min(axis=0) - other.max(axis=0), other.min(axis=0) - one.max(axis=0))
    return float(np.linalg.norm(np.maximum(apart[:2], 0.0)))


def frustum_area(lengths: Floats, radii: Floats, others: Floats) -> float:
    """Lateral area of frusta of given lengths and radii of their ends (µm²)."""
    return float((np.pi * (radii + others) * np.hypot(lengths, radii - others)).sum())


def wrong_radius(radius: float) -> str:
    """Why a radius (µm) is refused."""
    return f"radius {radius:g} µm lies outside {MIN_RADIUS:g} to {MAX_RADIUS:g} µm"


def _check_lengths(tree: PointGraph) -> None:
    """Refuse somata and unbranched stretches without length."""
    soma = tree.xyz[tree.somatic]
    if len(soma) > 1 and np.ptp(soma, axis=0).max() < MIN_LENGTH:
        tree.refuse(0, f"the {len(soma)} points of the soma coincide: its length is zero")
    short = [
        int(stretch[-1])
        for stretch in tree.stretches
        # The link to the soma counts where it is all that there is.
        for first in [int(len(stretch) > 1 and tree.stems[stretch[0]])]
        if tree.steps[stretch[first:]].sum() < MIN_LENGTH
    ]
    if short:
        tree.refuse(min(short), "the stretch of neurite that ends here has no length; remove it")


def _check_links(tree: PointGraph) -> None:
    """Warn of neurites that start far from the soma; NEURON makes no cable of the gap."""
    for i in np.flatnonzero(tree.gaps > FAR_LINK * tree.soma_width).tolist():
        gap = tree.gaps[i]
        if gap > LONGEST_LINK:
            tree.refuse(
                i,
                f"the neurite that starts here lies {gap / 1e4:.3g} cm from the soma: remove it or "
                "give it a parent; are the units micrometres?",
            )
        logger.warning(
            "%s, line %d: the neurite that starts here lies %.3g µm from the soma, which is "
            "%.3g µm wide: no cable lies between them; does it belong to this cell?",
            *(tree.source, tree.lines[i], gap, tree.soma_width),
        )


def _warn_of_custom_types(tree: PointGraph) -> None:
    custom = np.setdiff1d(tree.types, (SOMA, AXON, DENDRITE, APICAL))
    for kind in custom:
        logger.warning(
            "%s: %d points of type %d become sections dend_%d (%.0f µm), which are in `all` but "
            "not in soma, axon, dend or apic",
            tree.source,
            int((tree.types == kind).sum()),
            kind,
            kind,
            tree.length(int(kind)),
        )
