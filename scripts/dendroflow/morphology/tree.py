"""A reconstruction as the graph of points that its file describes."""

import logging
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from dendroflow.errors import MorphologyError

logger = logging.getLogger(__name__)

SOMA, AXON, DENDRITE, APICAL = 1, 2, 3, 4

# NEURON keeps points in single precision: beyond 10 cm it resolves less than 0.01 µm.
MAX_COORDINATE = 1e5
MIN_RADIUS, MAX_RADIUS = 1e-3, 1e3
# Shorter than any distance that a microscope resolves; NEURON makes such a section 1e-9 µm long.
MIN_LENGTH = 1e-6


@dataclass(frozen=True, eq=False)
class Tree:
    """The points of a reconstruction, in the order of the file; a parent precedes its children.

    Attributes
    ----------
    source : str
        Name of the file, for messages.
    ids : int64 array, shape (n,)
        Ids of the points (SWC), or 1 to n (Neurolucida).
    types : int64 array, shape (n,)
        1 soma, 2 axon, 3 (basal) dendrite, 4 apical dendrite; 0 and 5 upwards: custom.
    xyz : float64 array, shape (n, 3)
        Coordinates (µm).
    radii : float64 array, shape (n,)
        Radii (µm).
    parents : int64 array, shape (n,)
        Index of each point's parent; -1 for the root.
    lines : int64 array, shape (n,)
        Line of the file that holds the point, from 1.
    outline : bool
        Whether the soma is drawn as outlines (Neurolucida). Their points follow each other, their
        radii mean nothing, and every neurite hangs on the first of them.
    """

    source: str
    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    xyz: NDArray[np.float64]
    radii: NDArray[np.float64]
    parents: NDArray[np.int64]
    lines: NDArray[np.int64]
    outline: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def somatic(self) -> NDArray[np.bool_]:
        """Whether each point belongs to the soma; shape (n,)."""
        return np.asarray(self.types == SOMA)

    @property
    def stems(self) -> NDArray[np.bool_]:
        """Whether each point is the first of a neurite, that is a child of the soma; shape (n,)."""
        inner = self.parents >= 0
        return np.asarray(~self.somatic & inner & self.somatic[self.parents])

    @property
    def steps(self) -> NDArray[np.float64]:
        """Distance of each point from its parent (µm), 0 for the root; shape (n,)."""
        distances = np.linalg.norm(self.xyz - self.xyz[self.parents], axis=1)
        return np.where(self.parents < 0, 0.0, distances)

    def length(self, kind: int | None = None) -> float:
        """Return the length of the neurites (µm), without their links to the soma.

        Parameters
        ----------
        kind : int, optional
            Count the points of this type only.
        """
        counted = ~self.somatic & ~self.stems
        if kind is not None:
            counted &= self.types == kind
        return float(self.steps[counted].sum())

    def refuse(self, index: int, reason: str) -> NoReturn:
        """Raise the error that names the file, the line of point `index`, and `reason`."""
        refuse(self.source, int(self.lines[index]), reason)


def refuse(source: str, line: int | None, reason: str) -> NoReturn:
    """Raise the `MorphologyError` that names a file, a line where there is one, and a reason."""
    place = source if line is None else f"{source}, line {line}"
    raise MorphologyError(f"{place}: {reason}")


def check(tree: Tree) -> None:
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
    _warn_of_custom_types(tree)


def _check_connections(tree: Tree) -> None:
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
    apart = np.flatnonzero(tree.somatic & (tree.parents >= 0) & ~tree.somatic[tree.parents])
    if len(apart):
        tree.refuse(int(apart[0]), "a second soma, reached through a neurite; a cell has one")


def _check_numbers(tree: Tree) -> None:
    far = np.flatnonzero(~(np.abs(tree.xyz) <= MAX_COORDINATE).all(axis=1))
    if len(far):
        tree.refuse(
            int(far[0]), f"a coordinate beyond {MAX_COORDINATE:g} µm; are the units micrometres?"
        )
    measured = np.flatnonzero(~tree.somatic) if tree.outline else np.arange(len(tree))
    radii = tree.radii[measured]
    wrong = np.flatnonzero(~((radii >= MIN_RADIUS) & (radii <= MAX_RADIUS)))
    if len(wrong):
        tree.refuse(
            int(measured[wrong[0]]),
            f"radius {radii[wrong[0]]:g} µm lies outside {MIN_RADIUS:g} to {MAX_RADIUS:g} µm",
        )


def _check_lengths(tree: Tree) -> None:
    """Refuse somata and unbranched stretches without length."""
    soma = tree.xyz[tree.somatic]
    if len(soma) > 1 and np.ptp(soma, axis=0).max() < MIN_LENGTH:
        tree.refuse(0, f"the {len(soma)} points of the soma coincide: its length is zero")
    children = np.bincount(tree.parents[1:], minlength=len(tree))
    steps, stems, types = tree.steps, tree.stems, tree.types
    ends = children != 1
    ends[tree.parents[1:][types[1:] != types[tree.parents[1:]]]] = True
    reached = np.zeros(len(tree))
    for i in np.flatnonzero(~tree.somatic):
        parent = tree.parents[i]
        if stems[i]:
            reached[i] = steps[i] if ends[i] else 0.0
        else:
            reached[i] = steps[i] + (0.0 if ends[parent] else reached[parent])
        if ends[i] and reached[i] < MIN_LENGTH:
            tree.refuse(int(i), "the stretch of neurite that ends here has no length; remove it")


def _warn_of_custom_types(tree: Tree) -> None:
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
