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

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dendroflow.morphology.graph import (
    APICAL,
    AXON,
    DENDRITE,
    ROOT,
    SOMA,
    Defect,
    PointGraph,
    check,
    gap_from_above,
    refuse,
)

MAX_LINE = 4096
MAX_DEPTH = 1000

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


class _Item(NamedTuple):
    """A token, or the contents of a pair of parentheses: then the kind is `list`."""

    kind: str
    text: str
    line: int
    items: list["_Item"]

    @property
    def first(self) -> str:
        """Kind of the first of the contents, if there are any."""
        return self.items[0].kind if self.items else ""

    @property
    def head(self) -> str:
        """Text of the first of the contents, if it is a token."""
        return self.items[0].text if self.items else ""


def parse(data: bytes, source: str) -> PointGraph:
    """Read a Neurolucida V3 text file as a checked tree, the soma as outlines.

    Raises
    ------
    MorphologyError
        With file, line and reason, if the file is not a cell that NEURON reads as it is written.
    """
    graph, points = _read(data, source)
    for defect in points.defects:
        refuse(source, *defect)
    check(graph)
    _check_somata(graph, points.starts)
    return graph


def read(data: bytes, source: str) -> tuple[PointGraph, list[Defect]]:
    """Read all points that a Neurolucida file holds, and what is wrong with it, in its order.

    What is wrong is left out: a line from the first strange character on, a point, a tree's type,
    which is 0 then.
    """
    graph, points = _read(data, source)
    return graph, points.defects


def _read(data: bytes, source: str) -> tuple[PointGraph, "_Points"]:
    defects: list[Defect] = []
    objects = _objects(_nested(_tokens(data, defects), defects), defects)
    outlines = [item for item in objects if item.head in _SOMATA]
    # What holds a string is a label of the drawing: properties, a point, and a text.
    trees = [
        item
        for item in objects
        if item.first == "list" and all(part.kind != "string" for part in item.items)
    ]
    if not outlines:
        defects.append(Defect(None, "no soma: there is no CellBody outline"))
    points = _Points(defects)
    for outline in outlines:
        points.add_outline(outline)
    for tree in trees:
        points.add_tree(tree)
    table = np.array(points.rows, dtype=float).reshape(-1, 7)
    graph = PointGraph(
        source=source,
        ids=np.arange(1, len(table) + 1),
        types=table[:, 4].astype(np.int64),
        xyz=table[:, :3],
        radii=table[:, 3] / 2,
        parents=table[:, 5].astype(np.int64),
        lines=table[:, 6].astype(np.int64),
        outline=True,
    )
    return graph, points


def _tokens(data: bytes, defects: list[Defect]) -> Iterator[_Item]:
    for number, raw in enumerate(data.splitlines(), start=1):
        if len(raw) > MAX_LINE:
            reason = f"{len(raw)} characters; NEURON reads at most {MAX_LINE}"
            defects.append(Defect(number, reason))
        line = raw.decode("latin-1")
        position = 0
        while position < len(line):
            match = _TOKEN.match(line, position)
            if match is None:
                rest = line[position : position + 20]
                reason = f"{rest!r} is no number, word, string or parenthesis"
                defects.append(Defect(number, reason))
                break
            position = match.end()
            kind = match.lastgroup or ""
            if kind != "skip":
                yield _Item(match[0] if kind == "bracket" else kind, match[0], number, [])


def _nested(tokens: Iterator[_Item], defects: list[Defect]) -> list[_Item]:
    """Return the file as nested lists, without spines."""
    stack = [_Item("list", "", 0, [])]
    spine = 0
    for token in tokens:
        if spine or token.kind in "<>":
            spine += (token.kind == "<") - (token.kind == ">")
            if spine < 0:
                defects.append(Defect(token.line, "'>' without '<'"))
                spine = 0
        elif token.kind == "(":
            inner = _Item("list", "", token.line, [])
            stack[-1].items.append(inner)
            stack.append(inner)
            if len(stack) > MAX_DEPTH:
                reason = f"parentheses nested deeper than {MAX_DEPTH}"
                defects.append(Defect(token.line, reason))
                break
        elif token.kind == ")":
            if len(stack) == 1:
                defects.append(Defect(token.line, "')' without '('"))
            else:
                stack.pop()
        else:
            stack[-1].items.append(token)
    if len(stack) > 1 or spine:
        what = "a spine is" if spine else f"the '(' of line {stack[-1].line} is"
        defects.append(Defect(None, f"unbalanced: {what} never closed; is the file cut off?"))
    return stack[0].items


def _objects(file: list[_Item], defects: list[Defect]) -> list[_Item]:
    """Return the outlines, trees and other objects of the file, those inside of sets too."""
    objects = []
    waiting = file[::-1]
    while waiting:
        item = waiting.pop()
        if item.kind != "list":
            defects.append(Defect(item.line, f"{item.text!r} outside of parentheses"))
        elif item.head not in _SETS:
            objects.append(item)
        elif len(item.items) > 1 and item.items[1].kind != "list":
            waiting += item.items[:1:-1]
        else:
            defects.append(Defect(item.line, "a Set without a name"))
    return objects


class _Points:
    """The points of outlines and trees: x, y, z, diameter, type, index of the parent, line.

    `starts` holds the index of the first point of each outline, and the outline's line.
    """

    def __init__(self, defects: list[Defect]) -> None:
        self.defects = defects
        self.rows: list[tuple[float, ...]] = []
        self.starts: list[tuple[int, int]] = []

    def wrong(self, item: _Item, reason: str) -> None:
        self.defects.append(Defect(item.line, reason))

    def add_outline(self, outline: _Item) -> None:
        rows = [item for item in outline.items if item.first == "number"]
        if len(rows) < 3:
            self.wrong(outline, f"a soma outline of {len(rows)} points; it needs three")
        self.starts.append((len(self.rows), outline.line))
        for row in rows:
            self._add(row, SOMA, len(self.rows) - 1)

    def add_tree(self, tree: _Item) -> None:
        kind = self._type(tree)
        pending = [(tree, 0 if self.rows else ROOT)]
        while pending:
            branch, parent = pending.pop()
            start = len(self.rows)
            split = self._add_branch(branch, kind, parent)
            if branch is tree and len(self.rows) - start == 1:
                self.wrong(branch, "a neurite whose first branch is one point; NEURON removes it")
            if split is not None:
                last = len(self.rows) - 1 if len(self.rows) > start else parent
                pending += [(part, last) for part in reversed(_branches(split))]

    def _add(self, point: _Item, kind: int, parent: int) -> None:
        for item in point.items[:4]:
            if item.kind != "number":
                text = repr(item.text) if item.text else "a parenthesis"
                return self.wrong(point, f"{text} where a point has x, y, z or diameter")
        values = [float(item.text) for item in point.items[:4]]
        if len(values) < 4:
            return self.wrong(point, f"a point of {len(values)} numbers; x y z diameter are needed")
        if any(item.kind == "number" for item in point.items[4:]):
            return self.wrong(point, "a point of more than four numbers")
        self.rows.append((*values, kind, parent, point.line))
        return None

    def _type(self, tree: _Item) -> int:
        """Return the type of a tree, which its last property says."""
        properties = itertools.takewhile(lambda item: item.first == "word", tree.items)
        names = [item.head for item in properties if item.head not in _SETS]
        if names and names[-1] in _TYPES:
            return _TYPES[names[-1]]
        reason = "a tree that is neither (Axon), (Dendrite) nor (Apical)"
        for name in names:
            if name in _TYPES:
                reason = f"({name}) must be the tree's last property; NEURON looks there alone"
                break
        self.wrong(tree, reason)
        return 0

    def _add_branch(self, branch: _Item, kind: int, parent: int) -> _Item | None:
        """Add the points of a branch; return the list of the branches it splits into, if any."""
        start, ended, split = len(self.rows), False, None
        for item in branch.items:
            if item.kind != "list":
                ended = True
                if item.kind != "word":
                    self.wrong(item, f"{item.text!r} in a branch")
            elif item.first == "number":
                if ended:
                    self.wrong(item, "a point after the end of its branch")
                before = len(self.rows)
                self._add(item, kind, parent)
                parent = len(self.rows) - 1 if len(self.rows) > before else parent
            elif item.first == "word":
                ended = len(self.rows) > start
            elif split is not None or not item.items:
                self.wrong(item, "a branch ends in at most one '( branch | branch )'")
            else:
                split, ended = item, True
        if len(self.rows) == start:
            self.wrong(branch, "a branch without points")
        return split


def _branches(split: _Item) -> list[_Item]:
    """Return what stands between the bars of a split."""
    branches = [_Item("list", "", split.line, [])]
    for item in split.items:
        if item.kind == "|":
            branches.append(_Item("list", "", item.line, []))
        else:
            branches[-1].items.append(item)
    return branches


def _check_somata(tree: PointGraph, starts: list[tuple[int, int]]) -> None:
    """Refuse somata that lie apart, and outlines that are no stack."""
    first, lines = zip(*starts, strict=True)
    soma = tree.xyz[tree.somatic]
    outlines = np.split(soma, first[1:])
    for k in range(1, len(outlines)):
        if gap_from_above(outlines[k - 1], outlines[k]) > 0:
            refuse(
                tree.source,
                lines[k],
                f"a second soma, apart from that of line {lines[k - 1]}; a cell has one: keep "
                "one cell in the file",
            )
    for outline, line in zip(outlines, lines, strict=True):
        if len(outlines) > 1 and np.ptp(outline[:, 2]) > 0:
            refuse(tree.source, line, "in a stack of soma outlines each must lie in one z plane")
    steps = np.diff([outline[0, 2] for outline in outlines])
    if not (np.all(steps > 0) or np.all(steps < 0)):
        refuse(tree.source, lines[0], "the stack of soma outlines must be in the order of z")
