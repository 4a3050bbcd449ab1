"""Run NEURON's Import3d on one file and save the sections; a program for a process of its own.

Import3d crashes on some files, and prints about others, so `importing.import_sections` starts this
as a child: `python -m dendroflow.morphology.import3d cell.swc sections.npz`.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dendroflow
from dendroflow.errors import MorphologyError
from dendroflow.kernel.sections import Sections
from dendroflow.morphology.sections import save_sections

# Deeply branched trees exceed the stack of NEURON's interpreter.
_OPTIONS = "-nogui -NFRAME 20000 -NSTACK 200000"


def run_with_neuron(
    module: str, arguments: Sequence[str], folder: str, timeout_s: float
) -> subprocess.CompletedProcess[bytes]:
    """Run a module as a program that uses NEURON, in a process of its own.

    Parameters
    ----------
    folder
        Where it runs: NEURON loads compiled mechanisms that lie there.
    timeout_s
        How long it may take (s).

    Raises
    ------
    subprocess.TimeoutExpired
        If it takes longer.
    """
    paths = [str(Path(dendroflow.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "NEURON_MODULE_OPTIONS": _OPTIONS},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )


class Owner:
    """Owns the sections that Import3d creates."""


def import3d(path: Path) -> Any:
    """Return a cell made by NEURON's Import3d of a file; its sections are in `cell.all`.

    Raises
    ------
    MorphologyError
        If NEURON's library of hoc files is incomplete.
    RuntimeError
        If NEURON cannot read the file; it prints more about it.
    """
    from neuron import h

    # A missing file is no error to `load_file`.
    h.load_file("stdlib.hoc")
    if not h.load_file("import3d.hoc"):
        raise MorphologyError("NEURON's import3d.hoc was not found; install NEURON again")
    neurolucida = path.suffix.lower() == ".asc"
    reader = h.Import3d_Neurolucida3() if neurolucida else h.Import3d_SWC_read()
    reader.input(str(path))
    cell = Owner()
    h.Import3d_GUI(reader, False).instantiate(cell)
    return cell


def sections_of(sections: list[Any]) -> Sections:
    """Return the sections of a cell, in their order.

    Raises
    ------
    MorphologyError
        If a section is connected by its 1 end, which Import3d never does.
    """
    index = {section: i for i, section in enumerate(sections)}
    segments = [section.parentseg() for section in sections]
    if any(section.orientation() != 0 for section in sections):
        raise MorphologyError("a section is connected by its 1 end")
    # NEURON lists the children of a section from the last to the first that was connected.
    order = [index[child] for section in sections for child in reversed(section.children())]
    points = [
        (section.x3d(k), section.y3d(k), section.z3d(k), section.diam3d(k))
        for section in sections
        for k in range(section.n3d())
    ]
    return Sections(
        names=tuple(section.name().rpartition(".")[2] for section in sections),
        parents=np.array(
            [-1 if segment is None else index[segment.sec] for segment in segments], dtype=np.int32
        ),
        parent_x=np.array(
            [0.0 if segment is None else segment.x for segment in segments], dtype=np.float64
        ),
        order=np.array(order, dtype=np.int32),
        starts=np.cumsum([0, *(section.n3d() for section in sections)], dtype=np.int32),
        points=np.array(points, dtype=np.float32).reshape(-1, 4),
        anchors=np.array([_anchor(section) for section in sections], dtype=np.float32),
    )


def _anchor(section: Any) -> tuple[float, float, float]:
    """Return the point of a section's logical connection to its parent (µm), or nan."""
    from neuron import h

    if not h.pt3dstyle(sec=section):
        return (np.nan, np.nan, np.nan)
    x, y, z = h.ref(0.0), h.ref(0.0), h.ref(0.0)
    h.pt3dstyle(1, x, y, z, sec=section)
    return (x[0], y[0], z[0])


if __name__ == "__main__":
    save_sections(sections_of(import3d(Path(sys.argv[1])).all), Path(sys.argv[2]))
