"""The graph of points in the file itself: NEURON mends some of its faults without a word."""

import numpy as np

from dendroflow.errors import MorphologyError
from dendroflow.morphology.graph import MISSING
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, at_most, none_of, plural
from dendroflow.settings.quality import Quality


def readable(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether dendroflow's strict reader accepts the file, as every simulation asks."""
    if isinstance(cell.reading, MorphologyError):
        return CheckResult("fail", f"The file is refused: {cell.reading}.")
    return CheckResult("pass", "The file is read as it is written.")


def connected(cell: Reconstruction, _: Quality) -> CheckResult:
    """Points without a way to the soma, in cycles, without parent, or with another's id."""
    points = cell.points
    found = {
        "without a way to the soma": points.orphaned,
        "in a cycle": points.cyclic,
        "whose parent is missing": points.parents == MISSING,
        "with the id of another": points.repeated,
    }
    wrong = np.any(list(found.values()), axis=0)
    parts = [f"{int(mask.sum())} {which}" for which, mask in found.items() if mask.any()]
    length = float(points.steps[points.orphaned].sum())
    return none_of(
        int(wrong.sum()),
        f"{plural(int(wrong.sum()), 'point')} ({', '.join(parts)}); {length:.0f} µm of neurite "
        "have no way to the soma."
        if parts
        else "All points are connected to the soma.",
        "fail",
        lines=points.lines_where(wrong),
        values={
            "components": len(np.unique(points.components[points.orphaned])),
            "orphaned": int(points.orphaned.sum()),
        },
    )


def duplicate_points(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Share of steps without length; some programs repeat a point here and there."""
    points = cell.points
    same = points.inner & (points.steps == 0)
    share = float(same.sum() / max(points.inner.sum(), 1))
    limit = settings.graph.repeated_share
    return at_most(
        limit,
        share,
        f"{plural(int(same.sum()), 'step')} without length ({share:.1%}).",
        values={"points": int(same.sum())},
        lines=points.lines_where(same & (share > limit)),
    )


def custom_types(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Length in types other than soma, axon and dendrites."""
    points = cell.points
    custom = points.neurite & ~np.isin(points.types, (1, 2, 3, 4))
    whole = float(points.steps[points.neurite].sum())
    length = float(points.steps[custom].sum())
    share = length / whole if whole else 0.0
    kinds = ", ".join(map(str, np.unique(points.types[custom]).tolist()))
    fires = share > settings.graph.custom_share
    return at_most(
        settings.graph.custom_share,
        share,
        f"{length:.0f} µm ({share:.1%}) are of type {kinds}, neither axon nor dendrite."
        if length
        else "All neurites are axon or dendrite.",
        values={"length_um": length},
        lines=points.lines_where(custom & fires),
    )


def long_steps(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Steps, and gaps between soma and neurites, that are much longer than they should be."""
    points, limit = cell.points, settings.graph.step_um
    far = points.gaps > settings.graph.link_share * points.soma_width
    long = points.inner & (points.steps > limit)
    number, apart = int(long.sum()), int(far.sum())
    longest = float(points.steps[points.inner].max(initial=0.0))
    said = f"{plural(number, 'step')} longer than {limit:g} µm; the longest is {longest:.1f} µm."
    if apart:
        said += (
            f" {plural(apart, 'neurite')} that {'starts' if apart == 1 else 'start'} up to "
            f"{points.gaps.max():.0f} µm from a soma {points.soma_width:.0f} µm wide."
        )
    return none_of(
        number + apart,
        said,
        unit="µm",
        values={"steps": number, "apart": apart},
        lines=points.lines_where(long | far),
    )
