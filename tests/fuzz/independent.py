"""Accepted cells as NEURON and as MorphIO read them; a program for a process of its own.

Usage: python independent.py FOLDER. It says a line of JSON for each file, in order of names.
"""

import json
import sys
from pathlib import Path
from typing import Any

import morphio
import numpy as np

from dendroflow.errors import MorphologyError
from dendroflow.kernel.sections import Sections
from dendroflow.morphology.files import read
from dendroflow.morphology.graph import PointGraph
from dendroflow.morphology.import3d import import3d, sections_of
from dendroflow.morphology.importing import compare
from dendroflow.morphology.soma import as_swc, standard


def by_neuron(path: Path, tree: PointGraph) -> str:
    """Return `same`, or why NEURON's sections are not those of the tree."""
    simulated, given = standard(tree), path
    if simulated is not tree:
        given = path.parent / ".plain" / f"standard-{path.name}"
        given.parent.mkdir(exist_ok=True)
        given.write_bytes(as_swc(simulated))
    try:
        sections: Sections = sections_of(import3d(given).all)
        compare(simulated, sections)
    except (AttributeError, MorphologyError, RuntimeError) as error:
        return f"refused: {error}"
    return "same"


def by_morphio(path: Path, tree: PointGraph) -> str:
    """Return `same`, or how the points of MorphIO's neurites differ from the tree's."""
    # MorphIO takes a file whose lines end in CR for one line.
    plain = path.parent / ".plain" / path.name
    plain.parent.mkdir(exist_ok=True)
    plain.write_bytes(b"\n".join(path.read_bytes().splitlines()) + b"\n")
    try:
        cell = morphio.Morphology(str(plain))
    except morphio.MorphioError as error:
        return f"refused: {' '.join(str(error).split())[:200]}"
    found = np.column_stack([cell.points, cell.diameters]).astype(np.float32)
    neurite = ~tree.somatic
    written = np.column_stack([tree.xyz, 2 * tree.radii])[neurite].astype(np.float32)
    # Where a section begins, MorphIO repeats the last point of its parent, with either diameter.
    ours, theirs = ({tuple(row) for row in rows.tolist()} for rows in (written, found))
    places = {tuple(row) for row in tree.xyz.astype(np.float32).tolist()}
    lost, added = ours - theirs, {row for row in theirs if row[:3] not in places}
    return f"differs: without {lost}, with {added}"[:300] if lost or added else "same"


def main(folder: Path) -> None:
    morphio.set_maximum_warnings(0)
    for path in sorted(folder.glob("*.*c")):
        tree = read(path)
        print(json.dumps({"file": path.name, "morphio": by_morphio(path, tree)}), flush=True)
        answer: dict[str, Any] = {"file": path.name, "neuron": by_neuron(path, tree)}
        print("\n" + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
