"""What is said about the cell: by NeuroMorpho.Org's metadata, and by the header of the file."""

import re

from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, at_most
from dendroflow.settings.quality import Quality

_COMPLETE = re.compile(r"\bcomplete\b")
_HEADER = re.compile(rb"^\s*[#;]+\s*SHRINKAGE_CORRECTION\s+(\S+)\s+(\S+)\s+(\S+)", re.MULTILINE)


def _said(cell: Reconstruction, key: str) -> list[str]:
    """What a field of the metadata says; nothing where it is empty or not reported."""
    value = (cell.record or {}).get(key)
    texts = map(str, value if isinstance(value, list) else [value])
    return [text for text in texts if text and text.lower() not in ("none", "not reported")]


def _silent(cell: Reconstruction, what: str) -> CheckResult:
    source = "the metadata do not say" if cell.record else "there are no metadata"
    return CheckResult("info", f"{what} is not known: {source}.")


def experiment_condition(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the cell is of a control animal."""
    said = _said(cell, "experiment_condition")
    if not said:
        return _silent(cell, "The experimental condition")
    normal = settings.metadata.conditions
    other = {text.lower() for text in said} - {name.lower() for name in normal}
    remark = ": no stand-in for other animals" if other else ""
    return CheckResult(
        "warn" if other else "pass",
        f"The condition is '{', '.join(said)}'{remark}.",
        threshold=", ".join(normal),
    )


def completeness(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether the dendrites are complete, and diameters and depth traced, by the contributor."""
    # The API spells the key with an odd capital.
    integrity = _said(cell, "physical_Integrity") or _said(cell, "physical_integrity")
    traced = _said(cell, "attributes")
    if not integrity and not traced:
        return _silent(cell, "What is complete and what was traced")
    parts = [part.strip().lower() for text in (*integrity, *traced) for part in text.split(",")]
    missing = [part for part in parts if "dendrite" in part and not _COMPLETE.search(part)]
    if integrity and not any("dendrite" in part for part in parts):
        missing.append("nothing of dendrites")
    missing += [f"no {name}" for name in ("diameter", "3d") if traced and name not in parts]
    said = "; ".join(", ".join(texts) for texts in (integrity, traced) if texts)
    remark = f": {', '.join(missing)}" if missing else ""
    return CheckResult(
        "warn" if missing else "pass",
        f"The metadata say '{said}'{remark}.",
        threshold="dendrites complete, diameter and 3D traced",
    )


def shrinkage(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the file was stretched: a correction of z stretches its noise as well."""
    if factors := _factors(cell):
        limit, most = settings.metadata.correction, max(factors)
        text = ", ".join(f"{factor:g}" for factor in factors)
        remark = ", noise included" if most > limit else ""
        return at_most(limit, most, f"Corrected by {text}{remark}.")
    said = _said(cell, "shrinkage_corrected")
    if not said:
        return _silent(cell, "Shrinkage")
    return CheckResult("info", f"The metadata say of shrinkage: '{', '.join(said)}'.")


def _factors(cell: Reconstruction) -> list[float]:
    """Factors of the correction along x, y and z, or those of the plane and of z."""
    found: list[bytes | str] = []
    if header := _HEADER.search(cell.data):
        found = list(header.groups())
    elif "corrected" in [text.lower() for text in _said(cell, "shrinkage_corrected")]:
        found = [*_said(cell, "corrected_xy"), *_said(cell, "corrected_z")]
    try:
        return [float(text) for text in found]
    except ValueError:
        return []
