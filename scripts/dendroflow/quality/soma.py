"""The soma: whether there is one, how it is drawn, and how large it is."""

import numpy as np

from dendroflow.morphology.graph import PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError
from dendroflow.quality.size import in_range
from dendroflow.settings.quality import Quality


def _drawing(points: PointGraph) -> str:
    """How the soma is drawn."""
    count = int(points.somatic.sum())
    if points.outline:
        return f"outlines of {count} points"
    if count == 1:
        return "one point, a sphere"
    parents = points.parents[points.somatic]
    if count == 3 and (parents[1:] == np.flatnonzero(points.somatic)[0]).all():
        return "three points, a cylinder with the area of a sphere"
    children = np.bincount(parents[parents >= 0], minlength=len(points))[points.somatic]
    return f"{'a branching' if (children > 1).any() else 'an'} outline of {count} points"


def soma(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether there is one soma, and how it is drawn."""
    points = cell.points
    count = int(points.somatic.sum())
    if not count:
        sentence = "There is no soma: no point has type 1."
        return CheckResult("fail", sentence, value=0, threshold="one")
    heads = points.somatic & ~(points.linked & points.somatic[points.parents])
    somata = int(heads.sum())
    return CheckResult(
        "pass" if somata == 1 else "fail",
        f"The soma is {_drawing(points)}."
        if somata == 1
        else f"There are {somata} somata, or parts of one that are not connected.",
        value=somata,
        threshold="one",
        values={"points": count},
        lines=points.lines_where(heads & (somata > 1)),
    )


def soma_area(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Area of the soma: a file in nanometres, or with diameters for radii, shows here."""
    radii = cell.points.radii[cell.points.somatic]
    if not len(radii):
        raise NotMeasurableError("there is no soma")
    if len(radii) in (1, 3) and cell.suffix == "swc":
        area = 4 * np.pi * float(radii[0]) ** 2
    else:
        area = cell.responses(settings)["passive"].soma_area_um2
    return in_range("The area of the soma", area, "µm²", settings.size.soma_area_um2, settings)
