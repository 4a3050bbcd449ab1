"""Neurolucida V3 text files (.asc).

The file is a list of s-expressions, of which a cell needs two kinds::

    ("CellBody" (Color Red) (CellBody) (x y z d) ...)             an outline of the soma
    ((Color Red) (Dendrite) (x y z d) ... (branch | branch))      a tree: Axon, Dendrite or Apical

NEURON's own reader stops at some mistakes, ignores what follows others, and ties orphans to the
soma; this one settles beforehand what is accepted:

====================================================  ==============================================
found in the file                                     what happens
====================================================  ==============================================
`;` comments, commas, blank lines, CRLF               skipped
outlines named CellBody, Cell Body, Soma              the soma
other outlines, text, markers, spines, properties     skipped
several soma outlines, each over the one before       one soma, if each is flat and z is monotonic
a tree that starts outside the soma's outline         accepted with a warning, if it is no farther
                                                      than the soma is large: NEURON ties it on
not Neurolucida: empty, HTML, binary                  refused
unbalanced parentheses, unclosed strings or spines    refused (NEURON ignores the rest of the file)
characters that belong to no token                    refused (NEURON reads on for ever)
branches nested deeper than 1000                      refused
no soma; somata apart; a tree far from the soma       refused (NEURON ties it on)
an outline of fewer than three points                 refused (NEURON ignores it)
a tree whose last property is no type                 refused (NEURON calls it dend_0)
a neurite or branch without points                    refused
a point without four numbers                          refused
a tree whose first branch is a single point           refused (NEURON removes it)
numbers out of range, stretches without length        refused
====================================================  ==============================================
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dendroflow.morphology.graph import APICAL, AXON, DENDRITE, SOMA, PointGraph, check, refuse

logger = logging.getLogger(__name__)

MAX_LINE = 4096
MAX_DEPTH = 1000
# NEURON ties a tree to an outline whose bounding box, widened by this much, holds its root (µm).
BOX_MARGIN = 0.5

_SOMATA = ('"CellBody"', '"Cell Body"', '"Soma"')
_SETS = ("Set", "set", "SET")
_TYPES = {"Axon": AXON, "Dendrite": DENDRITE, "Apical": APICAL}
_TOKEN = re.compile(
    r"""(?P<skip>[\s,]+|;.*)
      | (?P<bracket>[()<>|])
      | (?P<string>"[^"]*")
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?=[\s,;()<>|"]|$)
      | (?P<word>(?!(?i:nan|inf|infinity)\b)[A-Za-z_]\w*)(?=[\s,;()<>|"]|$)""",
    re.VERBOSE | re.ASCII,
)


# x, y, z, diameter (µm), type, index of the parent, line.
_Point = tuple[float, float, float, float, int, int, int]


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


@dataclass
class _List:
    """The contents of a pair of parentheses."""

    line: int
    items: list["_List | _Token"] = field(default_factory=list)

    def starts_with(self, kind: str) -> bool:
        """Whether the first item is a token of this kind, or a list if `kind` is "list"."""
        if not self.items:
            return False
        first = self.items[0]
        return kind == ("list" if isinstance(first, _List) else first.kind)

    @property
    def head(self) -> str:
        first = self.items[0] if self.items else None
        return first.text if isinstance(first, _Token) else ""


def parse(data: bytes, source: str) -> PointGraph:
    """Read a Neurolucida V3 text file, which messages call `source`, as a checked tree.

    Raises
    ------
    MorphologyError
        With file, line and reason, if the file is not a cell that NEURON reads as it is written.
    """
    objects = _objects(_nested(_tokens(data, source), source), source)
    outlines = [item for item in objects if item.head in _SOMATA]
    trees = [item for item in objects if item.starts_with("list") and not _is_text(item)]
    if not outlines:
        refuse(source, None, "no soma: there is no CellBody outline")
    points: list[_Point] = []
    for outline in outlines:
        _add_outline(outline, points, source)
    for tree in trees:
        _add_tree(tree, points, source)
    table = np.array(points)
    types, parents, lines = table[:, 4:].astype(np.int64).T
    ids = np.arange(1, len(points) + 1)
    graph = PointGraph(source, ids, types, table[:, :3], table[:, 3] / 2, parents, lines, True)
    check(graph)
    _check_somata(graph, [outline.line for outline in outlines])
    return graph


def _tokens(data: bytes, source: str) -> Iterator[_Token]:
    for number, raw in enumerate(data.splitlines(), start=1):
        if len(raw) > MAX_LINE:
            refuse(source, number, f"{len(raw)} characters; NEURON reads at most {MAX_LINE}")
        line = raw.decode("latin-1")
        position = 0
        while position < len(line):
            match = _TOKEN.match(line, position)
            if match is None:
                rest = line[position : position + 20]
                refuse(source, number, f"{rest!r} is no number, word, string or parenthesis")
            position = match.end()
            kind = match.lastgroup or ""
            if kind != "skip":
                yield _Token(match[0] if kind == "bracket" else kind, match[0], number)


def _nested(tokens: Iterator[_Token], source: str) -> _List:
    """Return the file as nested lists, without spines."""
    stack = [_List(0)]
    spine = 0
    for token in tokens:
        if spine or token.kind in "<>":
            spine += (token.kind == "<") - (token.kind == ">")
            if spine < 0:
                refuse(source, token.line, "'>' without '<'")
        elif token.kind == "(":
            inner = _List(token.line)
            stack[-1].items.append(inner)
            stack.append(inner)
            if len(stack) > MAX_DEPTH:
                refuse(source, token.line, f"parentheses nested deeper than {MAX_DEPTH}")
        elif token.kind == ")":
            if len(stack) == 1:
                refuse(source, token.line, "')' without '('")
            stack.pop()
        else:
            stack[-1].items.append(token)
    if len(stack) > 1 or spine:
        what = "a spine is" if spine else f"the '(' of line {stack[-1].line} is"
        refuse(source, None, f"unbalanced: {what} never closed; is the file cut off?")
    return stack[0]


def _objects(file: _List, source: str) -> list[_List]:
    """Return the outlines, trees and other objects of the file, those inside of sets too."""
    objects = []
    waiting = file.items[::-1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Token):
            refuse(source, item.line, f"{item.text!r} outside of parentheses")
        if item.head not in _SETS:
            objects.append(item)
        elif len(item.items) > 1 and isinstance(item.items[1], _Token):
            waiting += item.items[:1:-1]
        else:
            refuse(source, item.line, "a Set without a name")
    return objects


def _is_text(item: _List) -> bool:
    """Whether the object is a label of the drawing: properties, a point, and a string."""
    return any(isinstance(part, _Token) and part.kind == "string" for part in item.items)


def _numbers(point: _List, source: str) -> tuple[float, float, float, float]:
    values = []
    for item in point.items[:4]:
        if isinstance(item, _List) or item.kind != "number":
            text = "a parenthesis" if isinstance(item, _List) else repr(item.text)
            refuse(source, point.line, f"{text} where a point has x, y, z or diameter")
        values.append(float(item.text))
    if len(values) < 4:
        refuse(source, point.line, f"a point of {len(values)} numbers; x y z diameter are needed")
    for item in point.items[4:]:
        if isinstance(item, _Token) and item.kind == "number":
            refuse(source, point.line, "a point of more than four numbers")
    x, y, z, diameter = values
    return x, y, z, diameter


def _add_outline(outline: _List, points: list[_Point], source: str) -> None:
    rows = [
        (_numbers(item, source), item.line)
        for item in outline.items
        if isinstance(item, _List) and item.starts_with("number")
    ]
    if len(rows) < 3:
        refuse(source, outline.line, f"a soma outline of {len(rows)} points; it needs three")
    for numbers, line in rows:
        points.append((*numbers, SOMA, len(points) - 1, line))


def _type(tree: _List, source: str) -> int:
    """Return the type of a tree, which its last property says."""
    names = []
    for item in tree.items:
        if not isinstance(item, _List) or not item.starts_with("word"):
            break
        if item.head not in _SETS:
            names.append(item.head)
    if names and names[-1] in _TYPES:
        return _TYPES[names[-1]]
    known = next((name for name in names if name in _TYPES), None)
    reason = "a tree that is neither (Axon), (Dendrite) nor (Apical)"
    if known:
        reason = f"({known}) must be the tree's last property; NEURON looks there alone"
    return refuse(source, tree.line, reason)


def _add_tree(tree: _List, points: list[_Point], source: str) -> None:
    kind = _type(tree, source)
    pending: list[tuple[_List, int]] = [(tree, 0)]
    while pending:
        branch, parent = pending.pop()
        start = len(points)
        split = _add_branch(branch, points, kind, parent, source)
        if branch is tree and len(points) - start == 1:
            refuse(
                source, branch.line, "a neurite whose first branch is one point; NEURON removes it"
            )
        if split is not None:
            pending += [(part, len(points) - 1) for part in reversed(_branches(split))]


def _add_branch(
    branch: _List, points: list[_Point], kind: int, parent: int, source: str
) -> _List | None:
    """Append the points of a branch; return the list of the branches it splits into, if any."""
    start, ended, split = len(points), False, None
    for item in branch.items:
        if isinstance(item, _Token):
            ended = True
            if item.kind != "word":
                refuse(source, item.line, f"{item.text!r} in a branch")
        elif item.starts_with("number"):
            if ended:
                refuse(source, item.line, "a point after the end of its branch")
            above = parent if len(points) == start else len(points) - 1
            points.append((*_numbers(item, source), kind, above, item.line))
        elif item.starts_with("word"):
            ended = len(points) > start
        elif split is not None or not item.items:
            refuse(source, item.line, "a branch ends in at most one '( branch | branch )'")
        else:
            split, ended = item, True
    if len(points) == start:
        refuse(source, branch.line, "a branch without points")
    return split


def _branches(split: _List) -> list[_List]:
    """Return what stands between the bars of a split."""
    branches = [_List(split.line)]
    for item in split.items:
        if isinstance(item, _Token) and item.kind == "|":
            branches.append(_List(item.line))
        else:
            branches[-1].items.append(item)
    return branches


def _check_somata(tree: PointGraph, starts: list[int]) -> None:
    """Refuse somata that lie apart, and trees too far from the soma to belong to it.

    `starts` are the lines at which the outlines start.
    """
    soma = tree.xyz[tree.somatic]
    number = np.searchsorted(starts, tree.lines[tree.somatic], side="right") - 1
    outlines = [soma[number == k] for k in range(len(starts))]
    for k, (before, outline) in enumerate(pairwise(outlines), start=1):
        if _gap(before[:, :2], outline[:, :2]) > 0:
            reason = f"a second soma, apart from that of line {starts[k - 1]}; a cell has one: keep"
            refuse(tree.source, starts[k], f"{reason} one cell in the file")
    if len(outlines) > 1:
        _check_stack(tree.source, outlines, starts)
    whole = soma[:, :2]
    reach = float(np.ptp(whole, axis=0).max())
    for i in np.flatnonzero(tree.stems):
        gap = _gap(whole, tree.xyz[i : i + 1, :2])
        if gap > reach:
            tree.refuse(
                int(i),
                f"an orphan: the neurite that starts here lies {gap:.0f} µm from the soma, which "
                f"is {reach:.0f} µm wide; NEURON would tie it on",
            )
        if gap > BOX_MARGIN:
            logger.warning(
                "%s, line %d: the neurite that starts here lies %.1f µm outside the soma's outline",
                tree.source,
                tree.lines[i],
                gap,
            )


def _check_stack(source: str, outlines: list[NDArray[np.float64]], starts: list[int]) -> None:
    """Refuse a stack of outlines that NEURON cannot make a soma of."""
    for outline, line in zip(outlines, starts, strict=True):
        if np.ptp(outline[:, 2]) > 0:
            refuse(source, line, "in a stack of soma outlines each must lie in one z plane")
    steps = np.diff([outline[0, 2] for outline in outlines])
    if not (np.all(steps > 0) or np.all(steps < 0)):
        refuse(source, starts[0], "the stack of soma outlines must be in the order of z")


def _gap(box: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the distance between the bounding boxes of two sets of points (µm)."""
    apart = np.maximum(box.min(axis=0) - other.max(axis=0), other.min(axis=0) - box.max(axis=0))
    return float(np.linalg.norm(np.maximum(apart, 0.0)))
