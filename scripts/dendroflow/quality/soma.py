"""The soma: whether there is one, how it is drawn, and how large it is."""

import numpy as np

from dendroflow.morphology.graph import PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, lines_of
from dendroflow.quality.size import in_range
from dendroflow.settings.quality import Quality


def representation(points: PointGraph) -> str:
    """How the soma is drawn."""
    count = int(points.somatic.sum())
    if points.outline:
        return f"outlines of {count} points"
    if count == 1:
        return "one point, a sphere"
    first = np.flatnonzero(points.somatic)[0]
    if count == 3 and (points.parents[points.somatic][1:] == first).all():
        return "three points, a cylinder with the area of a sphere"
    branches = points.child_counts[points.somatic] - _foreign_children(points)
    return f"{'a branching' if (branches > 1).any() else 'an'} outline of {count} points"


def _foreign_children(points: PointGraph) -> np.ndarray:
    """Children of each somatic point that are not somatic."""
    child = np.flatnonzero(points.linked & ~points.somatic)
    counts = np.bincount(points.parents[child], minlength=len(points))
    return np.asarray(counts[points.somatic])


def soma(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether there is one soma, and how it is drawn."""
    points = cell.points
    count = int(points.somatic.sum())
    if not count:
        return CheckResult(
            "soma", "fail", "There is no soma: no point has type 1.", value=0, threshold="one"
        )
    heads = points.somatic & ~(points.linked & points.somatic[points.parents])
    somata = int(heads.sum())
    kind = representation(points)
    return CheckResult(
        "soma",
        "pass" if somata == 1 else "fail",
        f"The soma is {kind}."
        if somata == 1
        else f"There are {somata} somata, or parts of one that are not connected.",
        value=somata,
        threshold="one",
        values={"points": count},
        lines=lines_of(points.lines[heads]) if somata > 1 else (),
    )


def soma_area(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Area of the soma: a file in nanometres, or with diameters for radii, shows here."""
    points = cell.points
    radii = points.radii[points.somatic]
    if not len(radii):
        raise NotMeasurableError("there is no soma")
    if len(radii) in (1, 3) and cell.suffix == "swc":
        area = 4 * np.pi * float(radii[0]) ** 2
    else:
        area = cell.responses(settings)["passive"].soma_area_um2
    limits = settings.size.soma_area_um2
    return in_range(
        "soma_area", "The area of the soma", area, "µm²", limits=limits, settings=settings
    )
