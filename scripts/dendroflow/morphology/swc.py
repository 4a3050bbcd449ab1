"""SWC files.

A row is `id type x y z radius parent`. NEURON's own reader crashes on some bad rows and drops
others; this one settles beforehand what is accepted:

====================================================  ==============================================
found in the file                                     what happens
====================================================  ==============================================
LF, CRLF or CR line ends; no line end at the end      accepted
blanks, tabs, further columns, comments after a row   accepted
blank lines, `#` lines anywhere                       accepted, skipped
sparse ids, ids from 0, whole ids written as 3.0      accepted (ids up to 10 million)
a soma of one point, three points or an outline       accepted
types 1 to 4                                          soma, axon, dend, apic
types 0 and 5 to 99                                   accepted with a warning: dend_0, dend_5 ...
negative, fractional or larger types                  refused
not SWC: empty, HTML, binary, UTF-8 byte order mark   refused
a line longer than 4096 characters                    refused (NEURON crashes)
fewer than 7 columns; a column that is no number      refused (NEURON drops the row)
a repeated or decreasing id                           refused (NEURON crashes)
a parent that is missing, later, or the point itself  refused (NEURON crashes)
cycles                                                refused, as one parent in them comes later
a second root; an orphan; no soma; a second soma      refused (NEURON joins or drops them silently)
a root that is not soma                               refused
nan, inf, radius or coordinate out of range           refused (NEURON's voltages become nan)
a soma or an unbranched stretch without length        refused
====================================================  ==============================================

Format: Cannon et al. 1998, J. Neurosci. Methods 84:49-54, doi 10.1016/S0165-0270(98)00091-0.
"""

import re

import numpy as np

from dendroflow.morphology.graph import (
    MISSING,
    ROOT,
    TOO_FAR,
    Defect,
    PointGraph,
    check,
    refuse,
    wrong_radius,
)

MAX_LINE = 4096
MAX_ID = 10_000_000
MAX_TYPE = 99
# A number beyond this says nothing, neither as a coordinate (µm) nor as an id.
MAX_NUMBER = 1e9

_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COLUMNS = ("id", "type", "x", "y", "z", "radius", "parent")
_WHOLE = {"id": (0, MAX_ID), "type": (0, MAX_TYPE), "parent": (-1, MAX_ID)}


def parse(data: bytes, source: str) -> PointGraph:
    """Read an SWC file as a checked tree, and refuse the first defect.

    Raises
    ------
    MorphologyError
        With file, line and reason, if the file is not a cell that NEURON reads as it is written.
    """
    graph, defects = read(data, source)
    for defect in defects:
        refuse(source, *defect)
    check(graph)
    return graph


def read(data: bytes, source: str) -> tuple[PointGraph, list[Defect]]:
    """Read all points that an SWC file holds, and what is wrong with its lines.

    A line that is no point is left out. A parent whose id several points have is the first of them.
    """
    rows: list[tuple[float, ...]] = []
    defects: list[Defect] = []
    for line, content in enumerate(data.splitlines(), start=1):
        if len(content) > MAX_LINE:
            reason = f"{len(content)} characters; NEURON reads at most {MAX_LINE}"
            defects.append(Defect(line, reason))
        columns = content.split()[:7]
        if not columns or columns[0].startswith(b"#"):
            continue
        reason = _no_point(columns)
        if not reason:
            row = tuple(map(float, columns))
            reason = _out_of_bounds(row)
            if all(abs(number) <= MAX_NUMBER for number in row):
                rows.append((*row, line))
        if reason:
            defects.append(Defect(line, reason))
    if not rows:
        defects.append(Defect(None, "holds no points"))
    table = np.array(rows, dtype=float).reshape(-1, len(_COLUMNS) + 1)
    ids, types, named, lines = table[:, [0, 1, 6, 7]].astype(np.int64).T
    parents = _parents(ids.tolist(), named.tolist(), lines.tolist(), defects)
    graph = PointGraph(source, ids, types, table[:, 2:5], table[:, 5], parents, lines)
    return graph, defects


def _no_point(columns: list[bytes]) -> str:
    """Why these columns are no point, if they are none."""
    if len(columns) < len(_COLUMNS):
        return f"{len(columns)} columns; a row has 7: {' '.join(_COLUMNS)}"
    for name, column in zip(_COLUMNS, columns, strict=True):
        if not _NUMBER.fullmatch(column):
            return f"{name} {column[:40].decode('ascii', 'replace')!r} is no number"
    return ""


def _out_of_bounds(row: tuple[float, ...]) -> str:
    """Which number of a row cannot be what it stands for, if there is one."""
    values = dict(zip(_COLUMNS, row, strict=True))
    for name, (low, high) in _WHOLE.items():
        if not (low <= values[name] <= high and values[name].is_integer()):
            return f"{name} {values[name]:g} is not a whole number {low} to {high}"
    if max(map(abs, row[2:5])) > MAX_NUMBER:
        return TOO_FAR
    return wrong_radius(row[5]) if abs(row[5]) > MAX_NUMBER else ""


def _parents(
    ids: list[int], named: list[int], lines: list[int], defects: list[Defect]
) -> np.ndarray:
    """Return the index of each point's parent, shape (n,); append what is wrong with it."""
    first: dict[int, int] = {}
    for index, point in enumerate(ids):
        first.setdefault(point, index)
    parents = [ROOT if parent < 0 else first.get(parent, MISSING) for parent in named]
    for index, (point, parent, line) in enumerate(zip(ids, named, lines, strict=True)):
        if first[point] != index:
            defects.append(Defect(line, f"id {point} is taken by line {lines[first[point]]}"))
        if index and point < ids[index - 1]:
            defects.append(Defect(line, f"id {point} after {ids[index - 1]}; ids must increase"))
        if parent == point:
            defects.append(Defect(line, f"point {point} is its own parent"))
        elif parents[index] == MISSING:
            reason = f"parent {parent} is missing; the root's parent is -1"
            defects.append(Defect(line, reason))
        elif parents[index] > index:
            reason = f"parent {parent} comes later, in line {lines[parents[index]]}"
            defects.append(Defect(line, reason))
    return np.array(parents, dtype=np.int64)
