"""What is said about the cell: by NeuroMorpho.Org's metadata, and by the header of the file."""

import re
from typing import Any

from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult
from dendroflow.settings.quality import Quality

_HEADER = re.compile(rb"^\s*[#;]+\s*SHRINKAGE_CORRECTION\s+(\S+)\s+(\S+)\s+(\S+)", re.MULTILINE)


def _said(cell: Reconstruction, key: str) -> list[str]:
    """What a field of the metadata says; nothing where it is empty or not reported."""
    value = (cell.record or {}).get(key)
    items = value if isinstance(value, list) else [value]
    texts = [" ".join(str(item).split()) for item in items if item is not None]
    return [text for text in texts if text and text.lower() not in ("none", "not reported")]


def _silent(check: str, cell: Reconstruction, what: str) -> CheckResult:
    source = "the metadata do not say" if cell.record else "there are no metadata"
    return CheckResult(check, "info", f"{what} is not known: {source}.")


def experiment_condition(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the cell is of a control animal."""
    said = _said(cell, "experiment_condition")
    if not said:
        return _silent("experiment_condition", cell, "The experimental condition")
    normal = settings.metadata.conditions
    other = [text for text in said if text.lower() not in {name.lower() for name in normal}]
    text = ", ".join(said)
    return CheckResult(
        "experiment_condition",
        "warn" if other else "pass",
        f"The condition is '{text}': no stand-in for other animals."
        if other
        else f"The condition is '{text}'.",
        threshold=", ".join(normal),
    )


def physical_integrity(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether the dendrites are complete, in the contributor's opinion."""
    # The API spells the key with an odd capital.
    said = _said(cell, "physical_Integrity") or _said(cell, "physical_integrity")
    if not said:
        return _silent("physical_integrity", cell, "Physical integrity")
    text = ", ".join(said)
    dendrites = [part for part in text.split(",") if "dendrite" in part.lower()]
    complete = bool(dendrites) and all(
        re.search(r"\bcomplete\b", part, re.IGNORECASE) for part in dendrites
    )
    return CheckResult(
        "physical_integrity",
        "pass" if complete else "warn",
        f"The metadata say '{text}'.",
        threshold="dendrites complete",
    )


def recorded_attributes(cell: Reconstruction, _: Quality) -> CheckResult:
    """Whether diameters and the third dimension were traced."""
    said = _said(cell, "attributes")
    if not said:
        return _silent("recorded_attributes", cell, "What was traced")
    text = ", ".join(said)
    parts = {part.strip().lower() for part in text.split(",")}
    missing = [name for name in ("diameter", "3d") if name not in parts]
    return CheckResult(
        "recorded_attributes",
        "warn" if missing else "pass",
        f"Traced were '{text}'" + (f", not {' and '.join(missing)}." if missing else "."),
        threshold="diameter and 3D",
    )


def shrinkage(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether the file was stretched: a correction of z stretches its noise as well."""
    factors = _factors(cell)
    if factors:
        largest = max(factors)
        limit = settings.metadata.correction
        fires = largest > limit
        text = ", ".join(f"{factor:g}" for factor in factors)
        return CheckResult(
            "shrinkage",
            "warn" if fires else "pass",
            f"Corrected by {text}" + (", noise included." if fires else "."),
            value=largest,
            threshold=f"at most {limit:g}",
        )
    said = _said(cell, "shrinkage_corrected")
    if not said:
        return _silent("shrinkage", cell, "Shrinkage")
    return CheckResult("shrinkage", "info", f"The metadata say of shrinkage: '{', '.join(said)}'.")


def _factors(cell: Reconstruction) -> list[float]:
    """Factors of the correction along x, y and z, or those of the plane and of z."""
    header = _HEADER.search(cell.data)
    found: list[Any] = list(header.groups()) if header else []
    if not found and "corrected" in [text.lower() for text in _said(cell, "shrinkage_corrected")]:
        found = [*_said(cell, "corrected_xy"), *_said(cell, "corrected_z")]
    try:
        return [float(text) for text in found]
    except ValueError:
        return []
