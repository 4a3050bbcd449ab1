"""The graph of points that a file describes, read without mending and without refusing it.

`dendroflow.morphology` refuses a file with a cycle or an orphan; to say where they are, the
quality control has to read it all the same.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dendroflow.morphology.tree import APICAL, AXON, DENDRITE, SOMA, Tree

ROOT, MISSING = -1, -2

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PointGraph:
    """Points in the order of the file.

    Attributes
    ----------
    ids, types, lines : int64 array, shape (n,)
        Ids, types (1 soma, 2 axon, 3 dendrite, 4 apical dendrite) and lines of the file, from 1.
    xyz : float64 array, shape (n, 3)
        Coordinates (µm).
    radii : float64 array, shape (n,)
        Radii (µm).
    parents : int64 array, shape (n,)
        Index of each point's parent; `ROOT` (-1) where there is none, `MISSING` (-2) where the
        file names one that it does not hold.
    malformed, repeated : tuple of int
        Lines that are no points, and lines whose id another line has already.
    """

    ids: Ints
    types: Ints
    xyz: Floats
    radii: Floats
    parents: Ints
    lines: Ints
    malformed: tuple[int, ...] = ()
    repeated: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def linked(self) -> Bools:
        """Whether a point has a parent."""
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
    def cyclic(self) -> Bools:
        """Whether the way up from a point never ends."""
        above = self.parents.copy()
        for _ in range(math.ceil(math.log2(max(len(self), 2))) + 1):
            above = np.where(above >= 0, above[above], above)
        return np.asarray(above >= 0)

    @cached_property
    def components(self) -> Ints:
        """Number of the connected component of each point, from 0."""
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
    def deltas(self) -> Floats:
        """Vector from its parent to each point (µm), 0 without a parent; shape (n, 3)."""
        return np.where(self.linked[:, None], self.xyz - self.xyz[self.parents], 0.0)

    @cached_property
    def steps(self) -> Floats:
        """Length of these vectors (µm)."""
        return np.asarray(np.linalg.norm(self.deltas, axis=1))

    @cached_property
    def neurite(self) -> Bools:
        """Whether a point ends a step of a neurite, the link to the soma included."""
        return self.linked & ~self.somatic

    @cached_property
    def inner(self) -> Bools:
        """The same without the links to the soma."""
        return np.asarray(self.neurite & ~self.somatic[self.parents])

    @cached_property
    def child_counts(self) -> Ints:
        """Number of children of each point."""
        return np.bincount(self.parents[self.linked], minlength=len(self))

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
    def stretches(self) -> list[Ints]:
        """The points of each unbranched stretch of neurite, of one type, from the soma outwards."""
        number = np.full(len(self), -1)
        found: list[list[int]] = []
        for point in self.order.tolist():
            parent = self.parents[point]
            if self.somatic[point]:
                continue
            goes_on = (
                parent >= 0
                and not self.somatic[parent]
                and self.child_counts[parent] == 1
                and self.types[parent] == self.types[point]
            )
            if goes_on:
                number[point] = number[parent]
                found[number[point]].append(point)
            else:
                number[point] = len(found)
                found.append([point])
        return [np.array(points) for points in found]

    @cached_property
    def centre(self) -> Floats:
        """Centre of the soma (µm), or the first point where there is none; shape (3,)."""
        soma = self.xyz[self.somatic]
        return np.asarray(soma.mean(axis=0) if len(soma) else self.xyz[0])

    @classmethod
    def of_tree(cls, tree: Tree) -> "PointGraph":
        """The points of a file that has been read and checked."""
        return cls(tree.ids, tree.types, tree.xyz, tree.radii, tree.parents, tree.lines)


def read_swc(data: bytes) -> PointGraph:
    """Read the points of an SWC file; what is no point is listed, and so are repeated ids."""
    rows: list[tuple[float, ...]] = []
    index: dict[int, int] = {}
    malformed: list[int] = []
    repeated: list[int] = []
    for line, text in enumerate(data.splitlines(), start=1):
        columns = text.split()
        if not columns or columns[0].startswith(b"#"):
            continue
        row = _numbers(columns)
        if row is None:
            malformed.append(line)
            continue
        if int(row[0]) in index:
            repeated.append(line)
        index.setdefault(int(row[0]), len(rows))
        rows.append((*row, line))
    table = np.array(rows, dtype=float).reshape(-1, 8)
    named = table[:, 6].astype(np.int64)
    parents = [ROOT if parent < 0 else index.get(parent, MISSING) for parent in named.tolist()]
    return PointGraph(
        ids=table[:, 0].astype(np.int64),
        types=table[:, 1].astype(np.int64),
        xyz=table[:, 2:5],
        radii=table[:, 5],
        parents=np.array(parents, dtype=np.int64),
        lines=table[:, 7].astype(np.int64),
        malformed=tuple(malformed),
        repeated=tuple(repeated),
    )


def _numbers(columns: list[bytes]) -> tuple[float, ...] | None:
    """The seven numbers of a row, or None."""
    try:
        row = tuple(map(float, columns[:7]))
    except ValueError:
        return None
    # Beyond 1e9 a coordinate says nothing, and an id or a type is none.
    return row if len(row) == 7 and all(abs(number) <= 1e9 for number in row) else None
