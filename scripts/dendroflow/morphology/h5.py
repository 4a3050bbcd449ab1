"""Morphologies in HDF5, as the Blue Brain Project's tools write them, made into SWC files."""

from pathlib import Path

import numpy as np

from dendroflow.errors import MorphologyError
from dendroflow.morphology.graph import ROOT, SOMA, PointGraph
from dendroflow.morphology.soma import as_swc


def swc_of(path: Path) -> bytes:
    """Return an HDF5 morphology, as MorphIO reads it, as an SWC file.

    Its soma is an outline, which becomes a sphere about the mean of its points, of their mean
    distance from it; that of one point is a sphere already.

    Raises
    ------
    MorphologyError
        If MorphIO does not read the file, or its soma is neither.
    """
    import morphio

    try:
        cell = morphio.Morphology(path)
    except (morphio.MorphioError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise MorphologyError(f"{path}: MorphIO does not read it: {reason}") from error
    outline = np.asarray(cell.soma.points, float)
    if len(outline) in (0, 2):
        raise MorphologyError(f"{path}: its soma has {len(outline)} points, which are no outline")
    centre = outline.mean(axis=0)
    radius = (
        float(np.linalg.norm(outline - centre, axis=1).mean())
        if len(outline) > 1
        else float(cell.soma.diameters[0]) / 2
    )
    rows = [(SOMA, *centre, radius, ROOT)]
    last: dict[int, int] = {}
    for section in cell.iter():
        points = np.column_stack([section.points, np.asarray(section.diameters) / 2])
        parent = 0
        if not section.is_root:
            parent, points = last[section.parent.id], points[1:]
        for point in points.tolist():
            rows.append((int(section.type), *point, parent))
            parent = len(rows) - 1
        last[section.id] = parent
    table = np.array(rows, dtype=float)
    numbers = np.arange(1, len(rows) + 1)
    kinds, parents = table[:, 0].astype(np.int64), table[:, 5].astype(np.int64)
    return as_swc(
        PointGraph(str(path), numbers, kinds, table[:, 1:4], table[:, 4], parents, numbers)
    )
