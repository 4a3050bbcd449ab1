"""Diameters of dendrites: those that were not measured, and those that cannot be."""

import numpy as np

from dendroflow.morphology.graph import APICAL, DENDRITE, Bools, Floats, PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import (
    CheckResult,
    NotMeasurableError,
    Result,
    at_most,
    none_of,
    plural,
)
from dendroflow.settings.quality import Quality

_DOMAINS = {DENDRITE: "basal", APICAL: "apical"}


def _diameters(points: PointGraph) -> Floats:
    """Diameters as they were written, to 1 nm."""
    return np.round(2 * points.radii, 3)


def _dendrites(points: PointGraph) -> Bools:
    if not points.dendritic.any():
        raise NotMeasurableError("there are no dendrites")
    return points.dendritic


def _mode(values: Floats) -> tuple[float, float, int]:
    """The commonest value, its share, and the number of different values."""
    levels, counts = np.unique(values, return_counts=True)
    return float(levels[counts.argmax()]), float(counts.max() / counts.sum()), len(levels)


def constant_diameters(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether one diameter stands for most dendritic points, or for most whole branches."""
    points, limits = cell.points, settings.diameters
    _dendrites(points)
    values: dict[str, float] = {}
    shares = []
    for kind, name in _DOMAINS.items():
        diameters = _diameters(points)[points.types == kind]
        if len(diameters):
            mode, share, levels = _mode(diameters)
            values |= {f"{name}_mode_um": mode, f"{name}_share": share, f"{name}_levels": levels}
            shares.append((share, levels, mode, name))
    worst, levels, mode, name = max(shares)
    whole = _constant_stretches(points, limits.section_points)
    result: Result = "pass"
    if worst > limits.mode_share or whole > limits.section_share:
        result = "warn"
    if all(share[1] == 1 for share in shares):
        result = "fail"
    return CheckResult(
        result,
        f"{worst:.1%} of the {name} points have the diameter {mode:g} µm, one of "
        f"{plural(levels, 'value')}; {whole:.0%} of the unbranched stretches have one.",
        value=worst,
        threshold=f"at most {limits.mode_share:g}, more than one value; of stretches at most "
        f"{limits.section_share:g}",
        values=values | {"constant_stretches": whole},
    )


def _constant_stretches(points: PointGraph, least: int) -> float:
    """Share of the unbranched stretches of so many points along which the diameter is the same."""
    diameters = _diameters(points)
    spans = [np.ptp(diameters[k]) for k in points.stretches if len(k) >= least]
    return float(np.mean(np.array(spans) == 0)) if spans else 0.0


def tracing_limit(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the commonest diameter is the least and below what light resolves.

    A diameter below about 0.3 µm is unlikely to be right in light microscopy (nrn, docs/courses).
    """
    points, limits = cell.points, settings.diameters
    dendrites = _dendrites(points)
    diameters = _diameters(points)
    mode, share, _ = _mode(diameters[dendrites])
    least = float(diameters[dendrites].min())
    fires = mode == least and mode <= limits.floor_um
    at_floor = points.inner & points.dendritic & (diameters == least)
    length = points.steps[points.inner & points.dendritic].sum()
    length_share = float(points.steps[at_floor].sum() / length) if length else 0.0
    return CheckResult(
        "warn" if fires else "pass",
        f"{share:.1%} of the dendritic points and {length_share:.1%} of the length have the least "
        f"diameter, {least:g} µm: a limit of tracing, not a measurement."
        if fires
        else f"The least diameter, {least:g} µm, is not a floor.",
        value=least,
        unit="µm",
        threshold=f"commonest diameter above the least, or above {limits.floor_um:g}",
        values={
            "mode_um": mode,
            "mode_share": share,
            "length_share": length_share,
            "neurite_points": int((diameters[~points.somatic] == mode).sum()),
        },
    )


def abrupt_diameters(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Neighbours of one branch whose diameters differ by a large factor.

    Where neurites branch, the diameter of a parent tells nothing of its children's; some programs
    also start a branch with a copy of the point that it leaves.
    """
    points, limits = cell.points, settings.diameters
    starts = points.inner & ~points.goes_on & (points.steps == 0)
    inner = np.flatnonzero(points.goes_on & ~starts[points.parents])
    diameters = _diameters(points)
    own, before = diameters[inner], diameters[points.parents[inner]]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(np.minimum(own, before) > 0, np.maximum(own / before, before / own), 1.0)
    abrupt = inner[ratios >= limits.abrupt_ratio - 1e-9]
    largest = float(ratios.max(initial=1.0))
    return none_of(
        len(abrupt),
        f"{plural(len(abrupt), 'step')} within branches by a factor of {limits.abrupt_ratio:g} or "
        f"more; the largest is {largest:.2g}.",
        values={"largest": largest},
        lines=points.lines_where(abrupt),
    )


def bottlenecks(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Dendritic points that are much thinner than both sides of them."""
    points, limits = cell.points, settings.diameters
    _dendrites(points)
    widest = np.minimum(*_widest_on_both_sides(points, limits.neck_window_um))
    diameters = 2 * points.radii
    necks = points.dendritic & (diameters * limits.neck_ratio <= widest)
    necks &= widest - diameters >= limits.neck_drop_um
    number = int(necks.sum())
    return none_of(
        number,
        f"{plural(number, 'dendritic point')} at most 1/{limits.neck_ratio:g} as wide as both "
        f"sides within {limits.neck_window_um:g} µm.",
        lines=points.lines_where(necks),
    )


def _widest_on_both_sides(points: PointGraph, window_um: float) -> tuple[Floats, Floats]:
    """The largest diameter within a distance along the neurite, proximally and distally."""
    diameters = 2 * points.radii
    above, below = np.zeros(len(points)), np.zeros(len(points))
    steps, parents, inner = points.steps.tolist(), points.parents.tolist(), points.inner.tolist()
    for point in points.order.tolist():
        here, distance = point, 0.0
        while inner[here]:
            distance += steps[here]
            here = parents[here]
            if distance > window_um:
                break
            above[point] = max(above[point], diameters[here])
            below[here] = max(below[here], diameters[point])
    return above, below


def thin_dendrites(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Share of dendritic length thinner than a 3-D mesh resolves."""
    points, limits = cell.points, settings.diameters
    _dendrites(points)
    counted = points.inner & points.dendritic
    length = float(points.steps[counted].sum())
    thin = counted & (2 * points.radii < limits.thin_um)
    share = float(points.steps[thin].sum()) / length if length else 0.0
    sentence = f"{share:.1%} of the dendritic length is thinner than {limits.thin_um:g} µm."
    return at_most(limits.thin_share, share, sentence)
