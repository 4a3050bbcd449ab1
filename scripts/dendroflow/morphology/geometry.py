"""A cell's sections as NEURON's Import3d makes them, kept so that they need not be made again."""

import io
import logging
import os
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import dendroflow
from dendroflow.atomic import replacing
from dendroflow.errors import MorphologyError
from dendroflow.morphology.files import read
from dendroflow.morphology.tree import MIN_LENGTH, Tree, refuse

logger = logging.getLogger(__name__)

_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error)
KINDS = ("soma", "axon", "dend", "apic")

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
# Deeply branched Neurolucida trees exceed the stack of NEURON's interpreter.
_NEURON_OPTIONS = "-nogui -NFRAME 20000 -NSTACK 200000"


@dataclass(frozen=True, eq=False)
class Geometry:
    """The sections of a cell, in the order in which Import3d creates them.

    Attributes
    ----------
    names : tuple of str
        Names such as `dend[3]`.
    parents : int32 array, shape (n,)
        Index of each section's parent; -1 for the root.
    parent_x : float64 array, shape (n,)
        Where on the parent a section's 0 end is connected (0 to 1).
    order : int32 array
        The sections that have a parent, in the order in which to connect them; NEURON numbers its
        nodes by it.
    starts : int32 array, shape (n + 1,)
        Points `starts[i]` to `starts[i + 1]` belong to section i.
    points : float32 array, shape (m, 4)
        x, y, z and diameter (µm).
    anchors : float32 array, shape (n, 3)
        Where a section's logical connection to its parent lies (NEURON's `pt3dstyle`; µm);
        nan where there is none.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int32]
    parent_x: NDArray[np.float64]
    order: NDArray[np.int32]
    starts: NDArray[np.int32]
    points: NDArray[np.float32]
    anchors: NDArray[np.float32]

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The name of each section without its index: soma, axon, dend, apic, dend_5 ..."""
        return tuple(name.partition("[")[0] for name in self.names)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of sections of each kind, such as `{"soma": 1, "dend": 66}`."""
        return dict(Counter(self.kinds))

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """Length of each section (µm); shape (n,)."""
        steps = np.linalg.norm(np.diff(self.points[:, :3].astype(float), axis=0), axis=1)
        path = np.concatenate([[0.0], np.cumsum(steps)])
        return np.asarray(path[self.starts[1:] - 1] - path[self.starts[:-1]])

    def require(self, kinds: Iterable[str], morphology: str) -> None:
        """Refuse the morphology if it has no sections of one of `kinds`.

        Parameters
        ----------
        kinds : iterable of str
            Such as `["soma", "axon"]`.
        morphology : str
            Its name, for the message.

        Raises
        ------
        MorphologyError
            Naming the kinds that are missing and those that there are.
        """
        missing = [kind for kind in kinds if kind not in self.counts]
        if missing:
            present = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
            raise MorphologyError(
                f"morphology '{morphology}' has no sections of type {', '.join(missing)}; it has "
                f"{present}: use another morphology, or a model that does without"
            )

    def instantiate(self, cell: Any) -> None:
        """Create the sections in NEURON, the same to the last bit as Import3d does.

        Parameters
        ----------
        cell : object
            Owns the sections. It receives lists of them: `soma`, `axon`, `dend` and `apic`, empty
            where there are none; `dend_5` and the like where the file has custom types; `all`.

        Notes
        -----
        Import3d also hands the outline of a Neurolucida soma to `neuron.rxd`, which then builds
        its 3-D soma from it instead of from the section; here it is built from the section.
        """
        vars(cell).update(self.create(cell))

    def create(self, owner: Any, prefix: str = "") -> dict[str, list[Any]]:
        """Create the sections in NEURON, and list them by kind; see `instantiate`.

        Parameters
        ----------
        owner : object
            Owns the sections, but receives no lists of them.
        prefix : str
            Put before the names, to tell the sections of several cells of one owner apart.
        """
        from neuron import h

        sections = [h.Section(prefix + name, owner) for name in self.names]
        for i in self.order.tolist():
            sections[i].connect(sections[self.parents[i]](self.parent_x[i]), 0)
        for section, anchor, columns in zip(sections, self._anchors, self._columns, strict=True):
            if anchor is not None:
                h.pt3dstyle(1, *anchor, sec=section)
            h.pt3dadd(*columns, sec=section)
        lists: dict[str, list[Any]] = {kind: [] for kind in KINDS}
        for kind, section in zip(self.kinds, sections, strict=True):
            lists.setdefault(kind, []).append(section)
        return {**lists, "all": sections}

    def placed(self, position: Any, rotation: Any = None) -> "Geometry":
        """Return the same cell elsewhere.

        Parameters
        ----------
        position : array_like, shape (3,)
            Where the middle of its soma (its root, if there is no soma) comes to lie (µm).
        rotation : scipy.spatial.transform.Rotation, optional
            How it is turned about that middle.
        """
        root = self.kinds.index("soma") if "soma" in self.kinds else 0
        own = self.points[self.starts[root] : self.starts[root + 1], :3].astype(float)
        middle = (own.min(axis=0) + own.max(axis=0)) / 2

        def moved(places: NDArray[np.float32]) -> NDArray[np.float32]:
            arms = places.astype(float) - middle
            if rotation is not None and len(arms):
                arms = rotation.apply(arms)
            return np.asarray(arms + np.asarray(position, dtype=float), dtype=np.float32)

        points = np.column_stack([moved(self.points[:, :3]), self.points[:, 3]])
        return replace(self, points=points, anchors=moved(self.anchors))

    @cached_property
    def _columns(self) -> list[list[Any]]:
        """The points of each section as NEURON's vectors of x, y, z and diameter."""
        from neuron import h

        pieces = np.split(self.points.astype(float), self.starts[1:-1])
        return [[h.Vector(column) for column in piece.T.copy()] for piece in pieces]

    @cached_property
    def _anchors(self) -> list[list[float] | None]:
        return [None if np.isnan(row).any() else row.tolist() for row in self.anchors.astype(float)]

    def save(self, path: Path) -> None:
        """Write the geometry to an .npz file, atomically; equal geometries give equal bytes."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            names=np.array(self.names, dtype=np.str_),
            parents=self.parents,
            parent_x=self.parent_x,
            order=self.order,
            starts=self.starts,
            points=self.points,
            anchors=self.anchors,
        )
        with replacing(path) as temporary:
            temporary.write_bytes(buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Geometry":
        """Read what `save` has written.

        Raises
        ------
        MorphologyError
            If the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                geometry = cls(
                    names=tuple(arrays["names"].tolist()),
                    parents=arrays["parents"],
                    parent_x=arrays["parent_x"],
                    order=arrays["order"],
                    starts=arrays["starts"],
                    points=arrays["points"],
                    anchors=arrays["anchors"],
                )
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, *_BROKEN_ZIP) as error:
            raise MorphologyError(
                f"{path}: is missing or damaged; delete it and run snakemake again"
            ) from error
        return geometry


def import_geometry(path: Path, timeout_s: float = 300.0) -> Geometry:
    """Read a morphology with NEURON's Import3d, in a process of its own.

    Parameters
    ----------
    path : Path
        An SWC or Neurolucida file.
    timeout_s : float
        How long NEURON may take (s).

    Returns
    -------
    Geometry
        The sections.

    Raises
    ------
    MorphologyError
        If `dendroflow.morphology.files.read` refuses the file; if NEURON crashes on it, hangs, or
        complains; or if the sections are not those of the file.
    """
    tree = read(path)
    with tempfile.TemporaryDirectory(prefix="dendroflow-") as folder:
        # A short plain name, in a folder without compiled mechanisms that NEURON would load.
        copy = Path(folder) / f"cell{path.suffix.lower()}"
        copy.write_bytes(path.read_bytes())
        target = Path(folder) / "geometry.npz"
        _run_import3d(path, copy, target, timeout_s)
        geometry = Geometry.load(target)
    compare(tree, geometry)
    return geometry


def _run_import3d(path: Path, copy: Path, target: Path, timeout_s: float) -> None:
    library = str(Path(dendroflow.__file__).parents[1])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "NEURON_MODULE_OPTIONS": _NEURON_OPTIONS,
    }
    command = [sys.executable, "-m", "dendroflow.morphology.import3d", copy.name, target.name]
    try:
        run = subprocess.run(
            command,
            cwd=copy.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
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
        refuse(str(path), None, f"NEURON would alter it: {'; '.join(complaints)[:500]}")


def compare(tree: Tree, geometry: Geometry) -> None:
    """Refuse sections that are not those which the file describes.

    Parameters
    ----------
    tree : Tree
        The file, as it is written.
    geometry : Geometry
        What Import3d made of it.

    Raises
    ------
    MorphologyError
        If there is no soma or more than one root, a section without length or with an impossible
        diameter, a point of a neurite too many or too few, or if the neurites are longer or
        shorter than in the file.
    """
    if "soma" not in geometry.counts or (geometry.parents < 0).sum() != 1:
        refuse(tree.source, None, "NEURON makes no single tree with a soma of it")
    diameters = geometry.points[:, 3]
    if not (np.isfinite(geometry.points).all() and (diameters > 0).all()):
        refuse(tree.source, None, "NEURON makes diameters of it that are zero or no numbers")
    short = np.flatnonzero(~(geometry.lengths > MIN_LENGTH))
    if len(short):
        refuse(tree.source, None, f"NEURON's {geometry.names[short[0]]} has no length")
    _compare_points(tree, geometry)
    neurites = np.array([kind != "soma" for kind in geometry.kinds])
    length = float(geometry.lengths[neurites].sum())
    least = tree.length()
    # Import3d counts some of the links between soma and neurites as cable, by rules of its own.
    most = least if tree.outline else least + float(tree.steps[tree.stems].sum())
    if not least - 1e-4 * most <= length <= most + 1e-4 * most:
        refuse(
            tree.source,
            None,
            f"its neurites are {least:.1f} to {most:.1f} µm long, NEURON's {length:.1f} µm",
        )


def _compare_points(tree: Tree, geometry: Geometry) -> None:
    neurites = np.repeat([kind != "soma" for kind in geometry.kinds], np.diff(geometry.starts))
    made = geometry.points[neurites]
    written = np.column_stack([tree.xyz, 2 * tree.radii]).astype(np.float32)
    present = set(map(tuple, made.tolist()))
    for i in np.flatnonzero(~tree.somatic):
        if tuple(written[i].tolist()) not in present:
            tree.refuse(int(i), "NEURON leaves this point out or changes it")
    known = set(map(tuple, written[:, :3].tolist()))
    strange = {tuple(xyz) for xyz in made[:, :3].tolist()} - known
    if strange:
        x, y, z = min(strange)
        refuse(tree.source, None, f"NEURON adds a point at {x:g}, {y:g}, {z:g} µm")
