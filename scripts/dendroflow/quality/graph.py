"""The graph of points in the file itself: NEURON mends some of its faults without a word."""

import numpy as np

from dendroflow.errors import MorphologyError
from dendroflow.morphology.graph import MISSING, Bools, PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, Result, at_most, none_of, plural
from dendroflow.settings.quality import Quality


def readable(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether dendroflow's strict reader accepts the file, as every simulation asks."""
    if isinstance(cell.reading, MorphologyError):
        return CheckResult("fail", f"The file is refused: {cell.reading}.")
    return CheckResult("pass", "The file is read as it is written.")


def _none_of(
    points: PointGraph,
    found: Bools,
    what: str,
    consequence: str,
    *,
    count: int | None = None,
    result: Result = "fail",
) -> CheckResult:
    """Fail if any point was found; `count` says of how many things, where they are not points."""
    number = int(found.sum())
    count = number if count is None else count
    thing, blank, which = what.partition(" ")
    return none_of(
        count,
        f"{plural(count, thing)}{blank}{which}: {consequence}."
        if count
        else f"There is no {what}.",
        result,
        lines=points.lines_where(found),
        values={"points": number},
    )


def components(cell: Reconstruction, _: Quality) -> CheckResult:
    """Connected components without soma: NEURON's SWC reader ties them to the soma unasked."""
    points = cell.points
    length = float(points.steps[points.orphaned].sum())
    return _none_of(
        points,
        points.orphaned,
        "component without connection to the soma",
        f"{length:.0f} µm of neurite, which NEURON would tie to the soma",
        count=len(np.unique(points.components[points.orphaned])),
    )


def cycles(cell: Reconstruction, _: Quality) -> CheckResult:
    """Points whose way to the root never ends: MorphIO and NeuroM drop them without a word."""
    points = cell.points
    return _none_of(
        points,
        points.cyclic,
        "cycle",
        "its points reach no root; NEURON refuses them, MorphIO drops them",
        count=len(np.unique(points.components[points.cyclic])),
    )


def missing_parents(cell: Reconstruction, _: Quality) -> CheckResult:
    """Points whose parent the file does not hold: NEURON may crash on them."""
    what = "point whose parent the file does not hold"
    missing = cell.points.parents == MISSING
    return _none_of(cell.points, missing, what, "NEURON crashes on it or loses it")


def duplicate_ids(cell: Reconstruction, _: Quality) -> CheckResult:
    """Ids that several rows have, so that it is not known which is meant as a parent."""
    consequence = "it is not known which of them is meant as a parent"
    return _none_of(cell.points, cell.points.repeated, "row whose id another row has", consequence)


def duplicate_points(cell: Reconstruction, _: Quality) -> CheckResult:
    """Neighbours at the same place: steps without length."""
    found = cell.points.neurite & (cell.points.steps == 0)
    what, consequence = "step without length", "a point at the place of its parent"
    return _none_of(cell.points, found, what, consequence, result="warn")


def custom_types(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Length in types other than soma, axon and dendrites: often lines that are no neurites."""
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
    """Steps, and gaps between soma and neurites, that are a joint, a jump, or no neurite."""
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
