"""NeuroM's and MorphIO's own checks, one by one, so that one which raises is reported as such.

NeuroM's are information: on good reconstructions several of them fire or raise. Those about numbers
that no simulation stands are warnings.
"""

from collections.abc import Callable

import numpy as np

from dendroflow.errors import in_words
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, Result
from dendroflow.settings.quality import Quality

_SOUND_LENGTH = 1e-3
_RELIABLE = (
    "has_all_nonzero_neurite_radii",
    "has_all_nonzero_section_lengths",
    "has_nonzero_soma_radius",
)


def neurom(name: str) -> Callable[[Reconstruction, Quality], CheckResult]:
    """The check that asks NeuroM's own, such as `has_axon` for `neurom_has_axon`."""
    theirs = name.removeprefix("neurom_")

    def check(cell: Reconstruction, _: Quality) -> CheckResult:
        import neurom.check.morphology_checks as checks

        loaded = cell.neurom
        try:
            result = getattr(checks, theirs)(loaded)
        except Exception as error:  # which it is depends on the check; each has to be reported
            raise NotMeasurableError(f"NeuroM's check raises {in_words(error)}") from error
        count = len(result.info) if result.info is not None else 0
        failing: Result = "warn" if theirs in _RELIABLE else "info"
        sentence = "NeuroM: yes." if result else f"NeuroM: no ({count} places)."
        return CheckResult("pass" if result else failing, sentence, value=count)

    check.__doc__ = f"NeuroM's `{theirs}`."
    return check


def morphio_reads(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether MorphIO reads the file, and of what it warns."""
    try:
        _, warnings = cell.morphio
    except NotMeasurableError as error:
        return CheckResult("fail", f"{error}.")
    if not warnings:
        return CheckResult("pass", "MorphIO reads it without warning.", value=0, threshold="none")
    more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
    sentence = f"MorphIO warns: {warnings[0][:200]}{more}."
    return CheckResult("warn", sentence, value=len(warnings), threshold="none")


def morphio_keeps(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether MorphIO, and so NeuroM, keeps all neurites: it drops cycles without a word."""
    loaded, _warnings = cell.morphio
    kept = 0.0
    for section in loaded.sections:
        steps = np.diff(section.points.astype(float), axis=0)
        kept += float(np.linalg.norm(steps, axis=1).sum())
    points = cell.points
    least = float(points.steps[points.inner].sum())
    most = float(points.steps[points.neurite].sum())
    sound = least * (1 - _SOUND_LENGTH) <= kept <= most * (1 + _SOUND_LENGTH)
    return CheckResult(
        "pass" if sound else "fail",
        f"MorphIO keeps {kept:.0f} µm of neurite; the file holds {least:.0f} µm.",
        value=kept,
        unit="µm",
        threshold=f"{least:.0f} to {most:.0f}",
    )
