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
from typing import NamedTuple

import numpy as np

from dendroflow.morphology.tree import Tree, check, refuse

MAX_LINE = 4096
MAX_ID = 10_000_000
MAX_TYPE = 99

_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COLUMNS = ("id", "type", "x", "y", "z", "radius", "parent")


class _Row(NamedTuple):
    id: int
    type: int
    x: float
    y: float
    z: float
    radius: float
    parent: int
    line: int


def parse(data: bytes, source: str) -> Tree:
    """Read an SWC file.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Its name, for messages.

    Returns
    -------
    Tree
        The checked graph of points.

    Raises
    ------
    MorphologyError
        With file, line and reason, if the file is not a cell that NEURON reads as it is written.
    """
    rows = []
    for number, line in enumerate(data.splitlines(), start=1):
        if len(line) > MAX_LINE:
            refuse(source, number, f"{len(line)} characters; NEURON reads at most {MAX_LINE}")
        text = line.strip()
        if text and not text.startswith(b"#"):
            rows.append(_row(text, source, number))
    if not rows:
        refuse(source, None, "holds no points")
    tree = Tree(
        source=source,
        ids=np.array([row.id for row in rows]),
        types=np.array([row.type for row in rows]),
        xyz=np.array([(row.x, row.y, row.z) for row in rows]),
        radii=np.array([row.radius for row in rows]),
        parents=_parents(rows, source),
        lines=np.array([row.line for row in rows]),
    )
    check(tree)
    return tree


def _row(text: bytes, source: str, line: int) -> _Row:
    columns = text.split()[:7]
    if len(columns) < 7:
        refuse(source, line, f"{len(columns)} columns; a row has 7: {' '.join(_COLUMNS)}")
    for name, column in zip(_COLUMNS, columns, strict=True):
        if not _NUMBER.fullmatch(column):
            refuse(source, line, f"{name} {column[:40].decode('ascii', 'replace')!r} is no number")
    values = dict(zip(_COLUMNS, map(float, columns), strict=True))
    for name, low, high in (("id", 0, MAX_ID), ("type", 0, MAX_TYPE), ("parent", -1, MAX_ID)):
        if not (low <= values[name] <= high and values[name].is_integer()):
            refuse(source, line, f"{name} {values[name]:g} is not a whole number {low} to {high}")
    return _Row(
        id=int(values["id"]),
        type=int(values["type"]),
        x=values["x"],
        y=values["y"],
        z=values["z"],
        radius=values["radius"],
        parent=int(values["parent"]),
        line=line,
    )


def _parents(rows: list[_Row], source: str) -> np.ndarray:
    """Return the index of each row's parent, -1 for a root; shape (n,)."""
    lines = {row.id: row.line for row in rows}
    index: dict[int, int] = {}
    parents = np.full(len(rows), -1)
    for i, row in enumerate(rows):
        if row.id in index:
            line = rows[index[row.id]].line
            refuse(source, row.line, f"id {row.id} is taken by line {line}")
        if i and row.id < rows[i - 1].id:
            refuse(source, row.line, f"id {row.id} after {rows[i - 1].id}; ids must increase")
        if row.parent == row.id:
            refuse(source, row.line, f"point {row.id} is its own parent")
        if row.parent >= 0 and row.parent not in lines:
            refuse(source, row.line, f"parent {row.parent} is missing; the root's parent is -1")
        if row.parent >= 0 and row.parent not in index:
            place = lines[row.parent]
            refuse(source, row.line, f"parent {row.parent} comes later, in line {place}")
        if row.parent >= 0:
            parents[i] = index[row.parent]
        index[row.id] = i
    return parents
