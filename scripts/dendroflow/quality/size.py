"""Lengths, areas and extents within the ranges of real cells: what shows a wrong scale."""

import numpy as np

from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, Result
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


def membrane_area(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Area of the neurites: a frustum for each step."""
    points = cell.points
    inner = points.inner
    length = points.steps[inner]
    radius, before = points.radii[inner], points.radii[points.parents[inner]]
    area = float((np.pi * (radius + before) * np.hypot(length, radius - before)).sum())
    if not area:
        raise NotMeasurableError("there are no neurites")
    limits = settings.size.membrane_area_um2
    return in_range("The area of the neurites", area, "µm²", limits, settings)


def extent(cell: Reconstruction, settings: Quality) -> CheckResult:
    """The largest of the extents in x, y and z."""
    largest = float(np.ptp(cell.points.xyz, axis=0).max())
    return in_range("The largest extent", largest, "µm", settings.size.extent_um, settings)
