"""The axon: how much of it there is."""

import numpy as np

from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, plural
from dendroflow.settings.quality import Quality


def axon(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether there is more of the axon than a stub."""
    points, limits = cell.points, settings.axon
    axonal = points.neurite & points.axonal
    threshold = f"at least {limits.length_um:g} µm and {plural(limits.branch_points, 'branch')}"
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
