"""The z axis: noise, backlash and drift of the stage, steps of the focus, flattened slices."""

from typing import NamedTuple

import numpy as np

from dendroflow.morphology.graph import Bools, Floats, Ints, PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, Result
from dendroflow.settings.quality import Quality


class _Steps(NamedTuple):
    """Steps of neurites: index of the point that ends each; in z, in xy, in space (µm)."""

    ends: Ints
    dz: Floats
    dxy: Floats
    length: Floats

    @property
    def path_ratio(self) -> float:
        """Path length in space over path length in the plane of view."""
        return float(self.length.sum() / self.dxy.sum())


def _no_plane() -> NotMeasurableError:
    return NotMeasurableError("there are no dendrites with an extent in x and y")


def _dendrites(points: PointGraph, otherwise: Bools) -> Bools:
    """Which points are dendritic, or other ones where there are no dendrites; shape (n,)."""
    return points.dendritic if points.dendritic.any() else otherwise


def _steps(points: PointGraph) -> _Steps:
    """Return the steps of dendrites, without the links to the soma."""
    counted = points.inner & _dendrites(points, ~points.axonal) & (points.steps > 0)
    delta = points.deltas[counted]
    dxy = np.hypot(delta[:, 0], delta[:, 1])
    if not dxy.any():
        raise _no_plane()
    return _Steps(np.flatnonzero(counted), delta[:, 2], dxy, points.steps[counted])


def z_noise(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the way up and down in z is longer than any dendrite's."""
    limits = settings.depth
    steps = _steps(cell.points)
    ratio = steps.path_ratio
    excess = float(np.maximum(0, np.abs(steps.dz) - steps.dxy).sum() / steps.length.sum())
    planar = np.abs(cell.points.deltas[steps.ends][:, :2]).mean()
    fires = ratio > limits.path_ratio or excess > limits.excess_share
    return CheckResult(
        "fail" if fires else "pass",
        f"Paths are {ratio:.2f} times as long in 3-D as in xy; {excess:.1%} of the length is "
        "excess of z over xy.",
        value=ratio,
        threshold=f"at most {limits.path_ratio:g}; excess at most {limits.excess_share:g}",
        values={
            "excess_share": excess,
            "z_to_xy_step": float(np.abs(steps.dz).mean() / planar),
        },
    )


def z_backlash(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Jumps in z, and steep steps that are undone by the next one."""
    points, limits = cell.points, settings.depth
    steps = _steps(points)
    up = np.abs(steps.dz)
    steep = up > limits.jump_slope * steps.dxy
    jumps = steps.ends[(up > limits.jump_um) & steep]
    reversals = _reversals(points, steps, limits.reversal_um)
    jumps_rate, reversals_rate = (1000 * len(k) / len(steps.ends) for k in (jumps, reversals))
    largest = float(up[steep].max(initial=0.0))
    many_jumps = jumps_rate > limits.jumps_per_1000
    many_reversals = reversals_rate > limits.reversals_per_1000
    result: Result = "pass"
    if many_jumps and (many_reversals or steps.path_ratio > limits.path_ratio):
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


def _reversals(points: PointGraph, steps: _Steps, least_um: float) -> Ints:
    """The points that end a steep step which undoes a steep step in the other direction."""
    is_steep = (np.abs(steps.dz) > least_um) & (np.abs(steps.dz) > steps.dxy)
    ends = steps.ends[is_steep]
    steep = np.zeros(len(points))
    steep[ends] = steps.dz[is_steep]
    return np.asarray(ends[steep[ends] * steep[points.parents[ends]] < 0])


def z_drift(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether z follows the distance from the soma, beside what a tilted slice explains."""
    points, limits = cell.points, settings.depth
    xyz = points.xyz[_dendrites(points, ~points.somatic)] - points.centre
    if len(xyz) < 5:
        raise NotMeasurableError("fewer than five points of dendrites")
    x, y, z = xyz.T
    factors = np.column_stack([np.ones(len(xyz)), x, y, np.hypot(x, y)])
    coefficients, *_ = np.linalg.lstsq(factors, z, rcond=None)
    residual = float(((z - factors @ coefficients) ** 2).sum())
    spread = float(((z - z.mean()) ** 2).sum())
    r2 = 1 - residual / spread if spread else 0.0
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
    steps = _steps(cell.points)
    z = cell.points.xyz[steps.ends, 2]
    levels = len(np.unique(z)) / len(z)
    still = float((steps.dz == 0).mean())
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
        raise _no_plane()
    ratio = float(spans[2] / plane)
    return CheckResult(
        "fail" if ratio < limit else "pass",
        f"The dendrites extend {spans[2]:.0f} µm in z and {plane:.0f} µm in the plane.",
        value=ratio,
        threshold=f"at least {limit:g}",
    )
