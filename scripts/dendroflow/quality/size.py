"""Soma, axon, and sizes: whether they are there, and within the ranges of real cells."""

import numpy as np

from dendroflow.morphology.graph import PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, Result, plural
from dendroflow.settings.quality import LowHigh, Quality


def in_range(what: str, value: float, unit: str, limits: LowHigh, settings: Quality) -> CheckResult:
    """Warn of a value outside its range, fail far outside."""
    low, high = limits
    factor = settings.size.far_factor
    result: Result = "pass"
    if not low <= value <= high:
        result = "warn" if low / factor <= value <= high * factor else "fail"
    remark = "." if result == "pass" else "; are the units and the radii right?"
    return CheckResult(
        result,
        f"{what} is {value:,.0f} {unit}{remark}",
        value=value,
        unit=unit,
        threshold=f"{low:,.15g} to {high:,.15g}",
    )


def dendritic_length(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Length of the dendrites, the links to the soma included."""
    points = cell.points
    length = float(points.steps[points.neurite & points.dendritic].sum())
    if not length:
        raise NotMeasurableError("there are no dendrites")
    limits = settings.size.dendritic_length_um
    return in_range("The length of the dendrites", length, "µm", limits, settings)


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
    if len(radii) in (1, 3) and not isinstance(cell.reading, PointGraph):
        area = 4 * np.pi * float(radii[0]) ** 2
    else:
        area = cell.responses(settings)["passive"].soma_area_um2
    return in_range("The area of the soma", area, "µm²", settings.size.soma_area_um2, settings)


def axon(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether there is more of the axon than a stub."""
    points, limits = cell.points, settings.axon
    axonal = points.neurite & points.axonal
    threshold = (
        f"at least {limits.length_um:g} µm and {plural(limits.branch_points, 'branch point')}"
    )
    if not axonal.any():
        sentence = "There is no axon: a model that needs one has to add it."
        return CheckResult("fail", sentence, value=0.0, unit="µm", threshold=threshold)
    length = float(points.steps[axonal].sum())
    ends = axonal & (points.child_counts == 0)
    tips = int(ends.sum())
    branches = int((axonal & (points.child_counts > 1)).sum())
    diameters = np.unique(np.round(2 * points.radii[axonal], 3))
    stub = length < limits.length_um or branches < limits.branch_points
    return CheckResult(
        "fail" if stub else "pass",
        f"The axon is {'a stub of ' if stub else ''}{length:.0f} µm with "
        f"{plural(branches, 'branch point')} and {plural(tips, 'tip')}, "
        f"{'all of' if len(diameters) == 1 else 'from'} {diameters[0]:g} µm.",
        value=length,
        unit="µm",
        threshold=threshold,
        values={
            "branch_points": branches,
            "tips": tips,
            "share": length / float(points.steps[points.neurite].sum()),
            "diameters": len(diameters),
        },
        lines=points.lines_where(ends & stub),
    )
