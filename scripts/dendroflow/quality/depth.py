"""The z axis: noise, backlash and drift of the stage, steps of the focus, flattened slices."""

import numpy as np

from dendroflow.morphology.graph import Bools, Floats, Ints, PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, Result, at_least
from dendroflow.settings.quality import Quality

_NO_PLANE = "there are no dendrites with an extent in x and y"


def _dendrites(points: PointGraph, otherwise: Bools) -> Bools:
    """Which points are dendritic, or other ones where there are no dendrites; shape (n,)."""
    return points.dendritic if points.dendritic.any() else otherwise


def _steps(points: PointGraph) -> tuple[Ints, Floats, Floats]:
    """Steps of dendrites, but links to the soma: the points that end them, in z and in xy (µm)."""
    counted = points.inner & _dendrites(points, ~points.axonal) & (points.steps > 0)
    delta = points.deltas[counted]
    dxy = np.hypot(delta[:, 0], delta[:, 1])
    if not dxy.any():
        raise NotMeasurableError(_NO_PLANE)
    return np.flatnonzero(counted), delta[:, 2], dxy


def z_noise(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the way up and down in z is longer than any dendrite's."""
    points, limits = cell.points, settings.depth
    ends, dz, dxy = _steps(points)
    length = points.steps[ends].sum()
    ratio = float(length / dxy.sum())
    excess = float(np.maximum(0, np.abs(dz) - dxy).sum() / length)
    planar = np.abs(points.deltas[ends][:, :2]).mean()
    fires = ratio > limits.path_ratio or excess > limits.excess_share
    return CheckResult(
        "fail" if fires else "pass",
        f"Paths are {ratio:.2f} times as long in 3-D as in xy; {excess:.1%} of the length is "
        "excess of z over xy.",
        value=ratio,
        threshold=f"at most {limits.path_ratio:g}; excess at most {limits.excess_share:g}",
        values={"excess_share": excess, "z_to_xy_step": float(np.abs(dz).mean() / planar)},
    )


def z_backlash(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Jumps in z, and steep steps that are undone by the next one."""
    points, limits = cell.points, settings.depth
    ends, dz, dxy = _steps(points)
    up = np.abs(dz)
    steep = up > limits.jump_slope * dxy
    jumps = ends[(up > limits.jump_um) & steep]
    # A reversal ends a steep step which undoes one in the other direction.
    undone = np.zeros(len(points))
    undone[ends] = np.where((up > limits.reversal_um) & (up > dxy), dz, 0.0)
    reversals = ends[undone[ends] * undone[points.parents[ends]] < 0]
    jumps_rate, reversals_rate = (1000 * len(k) / len(ends) for k in (jumps, reversals))
    largest = float(up[steep].max(initial=0.0))
    many_jumps = jumps_rate > limits.jumps_per_1000
    many_reversals = reversals_rate > limits.reversals_per_1000
    result: Result = "pass"
    path_ratio = points.steps[ends].sum() / dxy.sum()
    if many_jumps and (many_reversals or path_ratio > limits.path_ratio):
        result = "fail"
    elif many_jumps or many_reversals or largest > limits.largest_jump_um:
        result = "warn"
    return CheckResult(
        result,
        f"{len(jumps)} jumps in z beyond {limits.jump_um:g} µm ({jumps_rate:.1f} in 1000 "
        f"steps), the largest steep step {largest:.1f} µm; {len(reversals)} reversals "
        f"({reversals_rate:.1f} in 1000).",
        value=len(jumps),
        threshold=f"at most {limits.jumps_per_1000:g} in 1000 steps, none beyond "
        f"{limits.largest_jump_um:g} µm; reversals at most {limits.reversals_per_1000:g}",
        values={
            "jumps_per_1000": jumps_rate,
            "reversals_per_1000": reversals_rate,
            "largest_step_um": float(up.max()),
        },
        lines=() if result == "pass" else points.lines_where(np.union1d(jumps, reversals)),
    )


def z_drift(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether z follows the distance from the soma, beside what a tilted slice explains."""
    points, limits = cell.points, settings.depth
    xyz = points.xyz[_dendrites(points, ~points.somatic)] - points.centre
    if len(xyz) < 5:
        raise NotMeasurableError("fewer than five points of dendrites")
    x, y, z = xyz.T
    factors = np.column_stack([np.ones(len(xyz)), x, y, np.hypot(x, y)])
    coefficients, *_ = np.linalg.lstsq(factors, z, rcond=None)
    r2 = float(1 - np.var(z - factors @ coefficients) / np.var(z)) if np.var(z) else 0.0
    slope = float(coefficients[3])
    fires = abs(slope) > limits.drift_slope and r2 > limits.drift_r2
    return CheckResult(
        "warn" if fires else "pass",
        f"z changes by {slope:+.2f} µm per µm from the soma (R² {r2:.2f} with x and y).",
        value=slope,
        threshold=f"slope within ±{limits.drift_slope:g}, or R² at most {limits.drift_r2:g}",
        values={"r2": r2},
    )


def z_quantised(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether z takes few values, as in a stack of planes."""
    limits = settings.depth
    ends, dz, _ = _steps(cell.points)
    z = cell.points.xyz[ends, 2]
    levels = len(np.unique(z)) / len(z)
    still = float((dz == 0).mean())
    fires = levels < limits.levels_share or still > limits.level_steps_share
    return CheckResult(
        "warn" if fires else "pass",
        f"There are {levels:.2f} values of z per point, and {still:.0%} of the steps stay in "
        "their plane.",
        value=levels,
        threshold=f"at least {limits.levels_share:g}; steps at most {limits.level_steps_share:g}",
        values={"level_steps_share": still},
    )


def flat(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the cell has a third dimension at all."""
    points, limit = cell.points, settings.depth.flat_ratio
    counted = _dendrites(points, ~points.somatic)
    spans = np.ptp(points.xyz[counted], axis=0) if counted.any() else np.zeros(3)
    plane = spans[:2].max()
    if not plane:
        raise NotMeasurableError(_NO_PLANE)
    sentence = f"The dendrites extend {spans[2]:.0f} µm in z and {plane:.0f} µm in the plane."
    return at_least(limit, float(spans[2] / plane), sentence, "fail")
