"""The z axis: noise, backlash and drift of the stage, steps of the focus, flattened slices."""

from dataclasses import dataclass

import numpy as np

from dendroflow.morphology.graph import Floats, Ints, PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, Result, lines_of
from dendroflow.settings.quality import Quality


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of the dendrites (of all neurites where there are none).

    Attributes
    ----------
    ends : int64 array, shape (n,)
        Index of the point that ends each.
    dz, dxy, length : float64 array, shape (n,)
        Step in z with its sign, in the plane of view, and in space (µm).
    """

    ends: Ints
    dz: Floats
    dxy: Floats
    length: Floats


def steps_of(points: PointGraph) -> Steps:
    """The steps that are looked at, without the links to the soma."""
    kind = points.dendritic if points.dendritic.any() else ~points.axonal
    ends = np.flatnonzero(points.inner & kind & (points.steps > 0))
    delta = points.deltas[ends]
    steps = Steps(ends, delta[:, 2], np.hypot(delta[:, 0], delta[:, 1]), points.steps[ends])
    if not steps.dxy.any():
        raise NotMeasurableError("there are no dendrites with an extent in x and y")
    return steps


def path_ratio(steps: Steps) -> float:
    """Path length in space over path length in the plane of view."""
    return float(steps.length.sum() / steps.dxy.sum())


def z_noise(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the way up and down in z is longer than any dendrite's."""
    limits = settings.depth
    steps = steps_of(cell.points)
    ratio = path_ratio(steps)
    excess = float(np.maximum(0, np.abs(steps.dz) - steps.dxy).sum() / steps.length.sum())
    planar = np.abs(cell.points.deltas[steps.ends][:, :2]).mean()
    fires = ratio > limits.path_ratio or excess > limits.excess_share
    return CheckResult(
        "z_noise",
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
    steps = steps_of(points)
    up = np.abs(steps.dz)
    steep = up > limits.jump_slope * steps.dxy
    jumps = (up > limits.jump_um) & steep
    reversals = _reversals(points, steps, limits.reversal_um)
    number = len(steps.ends)
    jumps_rate, reversals_rate = 1000 * jumps.sum() / number, 1000 * len(reversals) / number
    largest = float(up[steep].max(initial=0.0))
    many_jumps = jumps_rate > limits.jumps_per_1000
    many_reversals = reversals_rate > limits.reversals_per_1000
    result: Result = "pass"
    if many_jumps and (many_reversals or path_ratio(steps) > limits.path_ratio):
        result = "fail"
    elif many_jumps or many_reversals or largest > limits.largest_jump_um:
        result = "warn"
    fired = np.union1d(steps.ends[jumps], reversals).astype(np.int64)
    return CheckResult(
        "z_backlash",
        result,
        f"{int(jumps.sum())} jumps in z beyond {limits.jump_um:g} µm ({jumps_rate:.1f} in 1000 "
        f"steps), the largest steep step {largest:.1f} µm; {len(reversals)} reversals "
        f"({reversals_rate:.1f} in 1000).",
        value=int(jumps.sum()),
        threshold=f"at most {limits.jumps_per_1000:g} in 1000 steps, none beyond "
        f"{limits.largest_jump_um:g} µm; reversals at most {limits.reversals_per_1000:g}",
        values={
            "jumps_per_1000": float(jumps_rate),
            "reversals_per_1000": float(reversals_rate),
            "largest_step_um": float(up.max()),
        },
        lines=lines_of(points.lines[fired]) if result != "pass" else (),
    )


def _reversals(points: PointGraph, steps: Steps, least_um: float) -> Ints:
    """The points that end a steep step which undoes a steep step in the other direction."""
    steep = np.zeros(len(points))
    is_steep = (np.abs(steps.dz) > least_um) & (np.abs(steps.dz) > steps.dxy)
    steep[steps.ends[is_steep]] = steps.dz[is_steep]
    ends = steps.ends[is_steep]
    return np.asarray(ends[steep[ends] * steep[points.parents[ends]] < 0])


def z_drift(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether z follows the distance from the soma, beside what a tilted slice explains."""
    points, limits = cell.points, settings.depth
    counted = points.dendritic if points.dendritic.any() else ~points.somatic
    xyz = points.xyz[counted] - points.centre
    if len(xyz) < 5:
        raise NotMeasurableError("fewer than five points of dendrites")
    distance = np.hypot(xyz[:, 0], xyz[:, 1])
    factors = np.column_stack([np.ones(len(xyz)), xyz[:, 0], xyz[:, 1], distance])
    coefficients, *_ = np.linalg.lstsq(factors, xyz[:, 2], rcond=None)
    residual = float(((xyz[:, 2] - factors @ coefficients) ** 2).sum())
    spread = float(((xyz[:, 2] - xyz[:, 2].mean()) ** 2).sum())
    r2 = 1 - residual / spread if spread else 0.0
    slope = float(coefficients[3])
    fires = abs(slope) > limits.drift_slope and r2 > limits.drift_r2
    return CheckResult(
        "z_drift",
        "warn" if fires else "pass",
        f"z changes by {slope:+.2f} µm per µm from the soma (R² {r2:.2f} with x and y).",
        value=slope,
        threshold=f"slope within ±{limits.drift_slope:g}, or R² at most {limits.drift_r2:g}",
        values={"r2": r2},
    )


def z_quantised(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether z takes few values, as in a stack of planes."""
    points, limits = cell.points, settings.depth
    steps = steps_of(points)
    z = points.xyz[steps.ends, 2]
    levels = len(np.unique(z)) / len(z)
    still = float((steps.dz == 0).mean())
    fires = levels < limits.levels_share or still > limits.level_steps_share
    return CheckResult(
        "z_quantised",
        "warn" if fires else "pass",
        f"There are {levels:.2f} values of z per point, and {still:.0%} of the steps stay in "
        "their plane.",
        value=levels,
        threshold=f"at least {limits.levels_share:g}; steps at most {limits.level_steps_share:g}",
        values={"level_steps_share": still},
    )


def flat(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the cell has a third dimension at all."""
    points = cell.points
    kind = points.dendritic if points.dendritic.any() else ~points.somatic
    spans = np.ptp(points.xyz[kind], axis=0) if kind.any() else np.zeros(3)
    if not spans[:2].max():
        raise NotMeasurableError("there are no dendrites with an extent in x and y")
    ratio = float(spans[2] / spans[:2].max())
    limit = settings.depth.flat_ratio
    return CheckResult(
        "flat",
        "fail" if ratio < limit else "pass",
        f"The dendrites extend {spans[2]:.0f} µm in z and {spans[:2].max():.0f} µm in the plane.",
        value=ratio,
        threshold=f"at least {limit:g}",
    )
