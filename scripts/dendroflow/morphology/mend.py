"""Mending an SWC file that is refused: each change is small, and told with its line.

A file without defects stays as it is, unless a wish changes it. What is left is read by the strict
reader, which accepts what is mended.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dendroflow.errors import MorphologyError
from dendroflow.morphology import swc
from dendroflow.morphology.graph import (
    APICAL,
    AXON,
    DENDRITE,
    MIN_LENGTH,
    MIN_RADIUS,
    MISSING,
    ROOT,
    SOMA,
    Bools,
    Ints,
    PointGraph,
    check,
    chosen,
    refuse,
)
from dendroflow.morphology.soma import as_swc, is_sphere
from dendroflow.settings.morphologies import Mend

LABELS = {"axon": AXON, "dendrite": DENDRITE, "apical": APICAL}
# What replaces an axon, as Blue Brain's models have it: 60 µm of a diameter of 1 µm.
STUB_LENGTH, STUB_RADIUS = 60.0, 0.5


class Change(NamedTuple):
    """What was changed, and the line of the file; None where it is the whole file."""

    line: int | None
    what: str


def mend(
    data: bytes, source: str, wishes: Mend | None = None, scale: float = 1.0
) -> tuple[bytes, list[Change]]:
    """Return an SWC file that is accepted, and what was changed.

    Parameters
    ----------
    source
        what messages call the file.
    scale
        micrometres of a unit of length of the file; 0.001 for nanometres.

    Raises
    ------
    MorphologyError
        If there is no point in the file, or it is refused all the same.
    """
    wishes = wishes or Mend()
    graph, defects = swc.read(data, source)
    if not len(graph):
        refuse(source, None, "holds no points: is it an SWC file?")
    known = set(graph.lines.tolist())
    changes = [
        Change(line, f"{'rewritten' if line in known else 'left out'}: {reason}")
        for line, reason in defects
    ]
    graph, more = _scaled(graph, scale)
    changes += more
    for step in STEPS:
        graph, more = step(graph, wishes)
        changes += more
    mended = as_swc(graph) if changes else data
    try:
        swc.parse(mended, source)
    except MorphologyError as error:
        raise MorphologyError(f"{error} (in the file that was mended); mend it by hand") from error
    return mended, sorted(changes, key=lambda change: change.line or 0)


def in_micrometres(data: bytes, source: str, scale: float) -> tuple[bytes, list[Change]]:
    """Return an SWC file with its lengths times `scale`, and what was changed.

    Raises
    ------
    MorphologyError
        As from `swc.parse`.
    """
    graph, defects = swc.read(data, source)
    for defect in defects:
        refuse(source, *defect)
    graph, changes = _scaled(graph, scale)
    check(graph)
    return as_swc(graph), changes


def _scaled(graph: PointGraph, scale: float) -> tuple[PointGraph, list[Change]]:
    if scale == 1.0:
        return graph, []
    moved = replace(graph, xyz=graph.xyz * scale, radii=graph.radii * scale)
    return moved, [Change(None, f"all lengths times {scale:g}")]


def typed(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """A type that cannot be one is 0."""
    wrong = (graph.types < 0) | (graph.types > swc.MAX_TYPE)
    changes = [
        Change(line, f"has type 0 instead of {kind}")
        for line, kind in zip(graph.lines[wrong].tolist(), graph.types[wrong], strict=True)
    ]
    return replace(graph, types=np.where(wrong, 0, graph.types)), changes


def rooted(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """A point whose parent is missing starts a tree, and so does the first of a cycle."""
    changes = [
        Change(line, "starts a tree: its parent is missing")
        for line in graph.lines[graph.parents == MISSING].tolist()
    ]
    graph = replace(graph, parents=np.maximum(graph.parents, ROOT))
    while graph.cyclic.any():
        seen: set[int] = set()
        point = int(np.flatnonzero(graph.cyclic)[0])
        while point not in seen:
            seen.add(point)
            point = int(graph.parents[point])
        changes.append(Change(int(graph.lines[point]), "starts a tree: it was in a cycle"))
        graph = replace(graph, parents=_with(graph.parents, point, ROOT))
    return graph, changes


def with_soma(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """One soma: the largest of several; where there is none, the root of the largest tree."""
    if not graph.somatic.any():
        if wishes.soma is None:
            largest = int(np.bincount(graph.components).argmax())
            point = int(np.flatnonzero((graph.components == largest) & ~graph.linked)[0])
        else:
            found = np.flatnonzero(graph.ids == wishes.soma)
            if not len(found):
                refuse(graph.source, None, f"there is no point {wishes.soma} to be the soma")
            point = int(found[0])
        graph = replace(graph, types=_with(graph.types, point, SOMA))
        return graph, [Change(int(graph.lines[point]), "is the soma, of which there was none")]
    inside = replace(
        graph, parents=np.where(graph.somatic & _below(graph, graph.somatic), graph.parents, ROOT)
    )
    sizes = np.bincount(inside.components, weights=graph.somatic)
    other = graph.somatic & (inside.components != sizes.argmax())
    types, changes = graph.types.copy(), []
    for point in graph.order.tolist():
        if other[point]:
            parent = graph.parents[point]
            types[point] = types[parent] if parent >= 0 and types[parent] != SOMA else DENDRITE
            what = f"has type {types[point]}: there is another soma"
            changes.append(Change(int(graph.lines[point]), what))
    return replace(graph, types=types), changes


def from_soma(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """The tree of the soma starts there."""
    somatic = np.flatnonzero(graph.somatic)
    top = next(
        int(k) for k in somatic if graph.parents[k] < 0 or not graph.somatic[graph.parents[k]]
    )
    if graph.parents[top] < 0:
        return graph, []
    parents, point, above = graph.parents.copy(), top, ROOT
    while point >= 0:
        parents[point], above, point = above, point, int(parents[point])
    what = f"no longer starts the tree: the soma of line {graph.lines[top]} does"
    return replace(graph, parents=parents), [Change(int(graph.lines[above]), what)]


def one_tree(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """Other trees are joined to the cell, or left out."""
    from scipy.spatial import cKDTree

    changes = []
    home = int(graph.components[np.flatnonzero(graph.somatic)[0]])
    root = int(np.flatnonzero((graph.components == home) & ~graph.linked)[0])
    kept, parents = graph.components == home, graph.parents.copy()
    for other in np.flatnonzero(~graph.linked & ~kept).tolist():
        tree = graph.components == graph.components[other]
        inside = np.flatnonzero(kept)
        distance, nearest = cKDTree(graph.xyz[inside]).query(graph.xyz[other])
        line, parent = int(graph.lines[other]), int(inside[nearest])
        if distance <= wishes.join:
            # A sphere stays one: neurites hang on its first point.
            parents[other] = root if graph.somatic[parent] else parent
            kept |= tree
            what = f"joined to line {graph.lines[parents[other]]}, {distance:.3g} µm away"
            changes.append(Change(line, what))
        else:
            what = f"left out: a tree of {tree.sum()} points, {distance:.4g} µm away from the cell"
            changes.append(Change(line, what))
    return chosen(replace(graph, parents=parents), np.flatnonzero(kept)), changes


def labelled(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """Neurites without a type get one."""
    bare = graph.types == 0
    if wishes.label is None or not bare.any():
        return graph, []
    kind = LABELS[wishes.label]
    changes = [Change(None, f"{bare.sum()} points of type 0 get type {kind}")]
    return replace(graph, types=np.where(bare, kind, graph.types)), changes


def with_axon(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """The axon is removed, with what hangs on it, or replaced by a straight stub."""
    if not wishes.axon:
        return graph, []
    gone = graph.axonal.copy()
    for point in graph.order.tolist():
        gone[point] |= graph.parents[point] >= 0 and gone[graph.parents[point]]
    stems = np.flatnonzero(gone & graph.linked & ~gone[graph.parents])
    changes = [Change(int(graph.lines[k]), "the axon that starts here is left out") for k in stems]
    first = int(stems[0]) if len(stems) else -1
    direction = graph.xyz[first] - graph.centre if first >= 0 else np.array([0.0, -1.0, 0.0])
    length = float(np.linalg.norm(direction))
    direction = direction / length if length > MIN_LENGTH else np.array([0.0, -1.0, 0.0])
    graph = chosen(graph, np.flatnonzero(~gone))
    if wishes.axon == "stub":
        root = int(np.flatnonzero(~graph.linked)[0])
        start = graph.centre + direction * graph.soma_width / 2
        stub = np.array([start, start + STUB_LENGTH * direction])
        graph = replace(
            graph,
            ids=np.append(graph.ids, graph.ids.max() + np.array([1, 2])),
            types=np.append(graph.types, [AXON, AXON]),
            xyz=np.vstack([graph.xyz, stub]),
            radii=np.append(graph.radii, [STUB_RADIUS, STUB_RADIUS]),
            parents=np.append(graph.parents, [root, len(graph)]),
            lines=np.append(graph.lines, [0, 0]),
        )
        changes.append(Change(None, f"an axon of {STUB_LENGTH:g} µm is added"))
    return graph, changes


def thick(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """Radii are lifted to a floor."""
    thin = graph.radii < MIN_RADIUS
    changes = [
        Change(int(line), f"radius {wishes.floor:g} instead of {radius:g} µm")
        for line, radius in zip(graph.lines[thin], graph.radii[thin], strict=True)
    ]
    return replace(graph, radii=np.where(thin, wishes.floor, graph.radii)), changes


def with_length(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """Points go of a soma or of stretches without length; on wish, all that repeat another."""
    changes: list[Change] = []
    while True:
        gone = np.zeros(len(graph), bool)
        soma = np.flatnonzero(graph.somatic)
        if len(soma) > 1 and np.ptp(graph.xyz[soma], axis=0).max() < MIN_LENGTH:
            gone[soma[graph.linked[soma]]] = True
        if wishes.repeated:
            gone |= graph.inner & (graph.steps < MIN_LENGTH)
        for stretch in graph.stretches:
            first = int(len(stretch) > 1 and graph.stems[stretch[0]])
            if graph.steps[stretch[first:]].sum() < MIN_LENGTH:
                gone[stretch] = True
        if not gone.any():
            return graph, changes
        changes += [
            Change(line, "left out: it has no length") for line in graph.lines[gone].tolist()
        ]
        parents = graph.parents.copy()
        for point in graph.order.tolist():
            if parents[point] >= 0 and gone[parents[point]]:
                parents[point] = parents[parents[point]]
        graph = chosen(replace(graph, parents=parents), np.flatnonzero(~gone))


def with_cable(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """On a soma of cylinders, NEURON leaves out first points that nothing of their type follows."""
    if is_sphere(graph):
        return graph, []
    own = graph.inner & (graph.types == graph.types[graph.parents])
    alone = graph.stems & ~np.isin(np.arange(len(graph)), graph.parents[own])
    types, kept, changes = graph.types.copy(), ~(alone & (graph.child_counts == 0)), []
    for point in np.flatnonzero(alone).tolist():
        if kept[point]:
            types[point] = types[np.flatnonzero(graph.parents == point)[0]]
            what = f"has type {types[point]}: nothing of its own type follows"
        else:
            what = "left out: a neurite of one point has no cable"
        changes.append(Change(int(graph.lines[point]), what))
    return chosen(replace(graph, types=types), np.flatnonzero(kept)), changes


def parents_first(graph: PointGraph, wishes: Mend) -> tuple[PointGraph, list[Change]]:
    """Rows in an order in which a parent comes before its children, and the soma first."""
    if graph.somatic[0] and (graph.parents < np.arange(len(graph))).all():
        return graph, []
    order = graph.order
    order = order[np.argsort(~graph.somatic[order], kind="stable")]
    return chosen(graph, order), [Change(None, "rows are sorted, the soma and parents first")]


STEPS: tuple[Callable[[PointGraph, Mend], tuple[PointGraph, list[Change]]], ...] = (
    *(typed, rooted, with_soma, from_soma, one_tree, labelled, with_axon, thick, with_length),
    *(parents_first, with_cable),
)


def _below(graph: PointGraph, chosen: Bools) -> Bools:
    """Whether the parent of a point is chosen."""
    return np.asarray(graph.linked & chosen[graph.parents])


def _with(values: Ints, place: int, value: int) -> Ints:
    changed = values.copy()
    changed[place] = value
    return changed
