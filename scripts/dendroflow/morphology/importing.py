"""Reading a morphology with NEURON's Import3d, and comparing what it makes with the file."""

import logging
import re
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np

from dendroflow.errors import MorphologyError
from dendroflow.kernel.sections import KINDS, Sections
from dendroflow.morphology.files import read
from dendroflow.morphology.graph import (
    APICAL,
    AXON,
    DENDRITE,
    MIN_LENGTH,
    SOMA,
    PointGraph,
    frustum_area,
    refuse,
)
from dendroflow.morphology.import3d import run_with_neuron
from dendroflow.morphology.sections import lengths_of, load_sections
from dendroflow.morphology.soma import as_swc, soma_area, standard

logger = logging.getLogger(__name__)

_NAMES = dict(zip((SOMA, AXON, DENDRITE, APICAL), KINDS, strict=True))

# A soma that branches loses up to a fifth of its area where NEURON cuts it into sections.
SOMA_TOLERANCE, SOMA_FACTOR = 0.05, 1.5

# What Import3d prints about files that it reads as they are written. Blank lines are "not parsed".
_HARMLESS = re.compile(
    r"""\d+\ lines\ read | \d+\ spines
      | error\ .*\ line\ \d+:\ could\ not\ parse:
      | .*\ problems
      | Main\ branch\ starting\ at\ line\ \d+\ is\ outside\ the\ soma\ bounding\ boxes
      | Making\ a\ logical\ connection\ to\ center\ of\ nearest\ soma
      | somastack_process\ \d+ | center | Principle\ (values|axes) | stk_triang_area\ =.*
      | [-+.\deE\s]+""",
    re.VERBOSE,
)


def import_sections(path: Path, timeout_s: float = 300.0) -> Sections:
    """Read a morphology with NEURON's Import3d, in a process of its own.

    Parameters
    ----------
    timeout_s
        How long NEURON may take (s).

    Raises
    ------
    MorphologyError
        If `dendroflow.morphology.files.read` refuses the file; if NEURON crashes on it, hangs, or
        complains; or if the sections are not those of the file.
    """
    written = read(path)
    tree = standard(written)
    with tempfile.TemporaryDirectory(prefix="dendroflow-") as folder:
        # A short plain name, in a folder without compiled mechanisms that NEURON would load.
        copy = Path(folder) / f"cell{path.suffix.lower()}"
        copy.write_bytes(path.read_bytes() if tree is written else as_swc(tree))
        target = Path(folder) / "sections.npz"
        _run_import3d(path, copy, target, timeout_s)
        sections = load_sections(target)
    compare(tree, sections)
    return sections


def _run_import3d(path: Path, copy: Path, target: Path, timeout_s: float) -> None:
    module, arguments = "dendroflow.morphology.import3d", (copy.name, target.name)
    try:
        run = run_with_neuron(module, arguments, str(copy.parent), timeout_s)
    except subprocess.TimeoutExpired as error:
        raise MorphologyError(f"{path}: NEURON did not read it within {timeout_s:g} s") from error
    printed = re.split(r"[\r\n]+", run.stdout.decode("utf-8", "replace"))
    complaints = [
        text.strip() for text in printed if text.strip() and not _HARMLESS.fullmatch(text.strip())
    ]
    if run.returncode < 0:
        refuse(str(path), None, f"NEURON crashes on it (signal {-run.returncode})")
    if run.returncode > 0 or not target.exists():
        last = run.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        refuse(str(path), None, f"NEURON cannot read it: {'; '.join(complaints + last)[:500]}")
    if complaints:
        remedy = "; `dendroflow morphology mend` may help" if copy.suffix == ".swc" else ""
        what = "; ".join(complaints)[:500]
        refuse(str(path), None, f"NEURON would alter it: {what}{remedy}")


def compare(tree: PointGraph, sections: Sections) -> None:
    """Refuse sections of Import3d that are not those which the file describes.

    Raises
    ------
    MorphologyError
        If there is no soma or more than one root, a section without length or with an impossible
        diameter, a point of a neurite too many or too few, or if the neurites are longer or
        shorter than in the file.
    """
    if "soma" not in sections.kinds or (sections.parents < 0).sum() != 1:
        refuse(tree.source, None, "NEURON makes no single tree with a soma of it")
    diameters = sections.points[:, 3]
    if not (np.isfinite(sections.points).all() and (diameters > 0).all()):
        refuse(tree.source, None, "NEURON makes diameters of it that are zero or no numbers")
    short = np.flatnonzero(~(lengths_of(sections) > MIN_LENGTH))
    if len(short):
        refuse(tree.source, None, f"NEURON's {sections.names[short[0]]} has no length")
    _compare_points(tree, sections)
    _compare_soma(tree, sections)
    lengths, kinds = lengths_of(sections), np.array(sections.kinds)
    for kind in np.unique(tree.types[tree.neurite]).tolist():
        made = _NAMES.get(kind, f"dend_{kind}")
        length, least = float(lengths[kinds == made].sum()), tree.length(kind)
        # Import3d counts some of the links between soma and neurites as cable, by its own rules.
        links = tree.stems & (tree.types == kind)
        most = least if tree.outline else least + float(tree.steps[links].sum())
        if not least - 1e-4 * most <= length <= most + 1e-4 * most:
            refuse(
                tree.source,
                None,
                f"its points of type {kind} make {least:.1f} to {most:.1f} µm, NEURON's {made} is "
                f"{length:.1f} µm long",
            )


def _compare_soma(tree: PointGraph, sections: Sections) -> None:
    """Warn of a soma whose area is not that of the file, refuse one that is far from it."""
    if tree.outline:
        return
    made, meant = area_of_soma(sections), soma_area(tree)
    if abs(made / meant - 1) > SOMA_TOLERANCE:
        what = f"its soma has {meant:.0f} µm² in the file, {made:.0f} µm² in NEURON"
        if not 1 / SOMA_FACTOR < made / meant < SOMA_FACTOR:
            refuse(tree.source, int(tree.lines[0]), what)
        logger.warning("%s: %s", tree.source, what)


def area_of_soma(sections: Sections) -> float:
    """Area (µm²) of the sections of the soma."""
    area = 0.0
    for kind, start, end in zip(
        sections.kinds, sections.starts[:-1], sections.starts[1:], strict=True
    ):
        if kind == "soma":
            points = sections.points[start:end].astype(float)
            steps = np.linalg.norm(np.diff(points[:, :3], axis=0), axis=1)
            radii = points[:, 3] / 2
            area += frustum_area(steps, radii[1:], radii[:-1])
    return area


def _compare_points(tree: PointGraph, sections: Sections) -> None:
    neurites = np.repeat([kind != "soma" for kind in sections.kinds], np.diff(sections.starts))
    made = sections.points[neurites]
    written = np.column_stack([tree.xyz, 2 * tree.radii]).astype(np.float32)
    present = set(map(tuple, made.tolist()))
    for i in np.flatnonzero(~tree.somatic):
        if tuple(written[i].tolist()) not in present:
            tree.refuse(int(i), "NEURON leaves this point out or changes it")
    places = list(map(tuple, written[:, :3].tolist()))
    joined = {
        (one, other)
        for points in np.split(sections.points[:, :3], sections.starts[1:-1])
        for one, other in pairwise(map(tuple, points.tolist()))
    }
    for i in np.flatnonzero(tree.inner):
        step = places[tree.parents[i]], places[i]
        if step[0] != step[1] and step not in joined:
            tree.refuse(int(i), f"NEURON does not join it to line {tree.lines[tree.parents[i]]}")
    known = set(places)
    strange = {tuple(xyz) for xyz in made[:, :3].tolist()} - known
    if strange:
        x, y, z = min(strange)
        refuse(tree.source, None, f"NEURON adds a point at {x:g}, {y:g}, {z:g} µm")
