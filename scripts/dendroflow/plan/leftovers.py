"""Which files of the results nobody asks for, and removing them.

A file is only ever a leftover if its name is one that the workflow gives. Whatever else lies in
the results is somebody's own.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dendroflow import layout
from dendroflow.layout import RULES, Pattern
from dendroflow.plan.requested import Requested

KINDS: dict[str, tuple[Pattern, ...]] = {
    "batches": (layout.OUTCOMES, layout.TRACES, layout.SHARING, layout.UNFINISHED),
    "features": (layout.BATCH_FEATURES, layout.FEATURES_ALONE),
    "searches": (layout.HISTORY, layout.CHECKPOINT),
    "recordings": (layout.RECORDED, layout.RECORDED_TRACES),
    "tables": (layout.PLAN, layout.FEATURES, layout.FEATURE_VALUES, layout.RUNS),
    "exports": (
        layout.FEATURES_EXPORT,
        layout.TRACES_EXPORT,
        layout.SBI_EXPORT,
        layout.ACCEPTED_EXPORT,
    ),
    "audits": (layout.AUDIT,),
    "figures": (layout.FIGURE,),
    "comparisons": (layout.MORPHOMETRY_SCORES, layout.MORPHOMETRY_FIGURE),
    "builds": (
        layout.MECHANISMS,
        layout.MECHANISMS_FOR_CORENEURON,
        layout.CORENEURON,
        layout.LOOPS,
    ),
    "cells": (layout.MORPHOLOGY, layout.METADATA, layout.SECTIONS, layout.MORPHOMETRICS),
    "quality control": (layout.CHECKS, layout.PICTURE, layout.PICTURE_PDF),
    "requirements": (layout.REQUIREMENTS,),
    "models": (layout.MODEL_FILE, layout.DESCRIPTION),
}
_EXPRESSIONS = [(p.expression, kind) for kind, patterns in KINDS.items() for p in patterns]
# Of the log of a job, or of what it took: what the job makes.
_LOGS = [
    (pattern(rule).expression, RULES[rule])
    for rule in RULES
    for pattern in (layout.log, layout.usage)
]


@dataclass(frozen=True)
class Leftover:
    """A file that nobody asks for; `path` is relative to the results."""

    path: Path
    kind: str
    size: int


def files_below(results: Path) -> Iterator[tuple[Path, int]]:
    """All files, relative to `results`, with their sizes; links to folders are not followed."""
    for folder, names, files in os.walk(results):
        names.sort()
        for name in sorted(files):
            path = Path(folder, name)
            yield path.relative_to(results), path.lstat().st_size


def leftovers(results: Path, requests: Iterable[Requested]) -> list[Leftover]:
    """What the workflow has made, and none of these asks for."""
    known = list(requests)
    found = []
    for path, size in files_below(results):
        kind, makes = _kind(path)
        if kind and not any(makes in requested for requested in known):
            found.append(Leftover(path, kind, size))
    return found


def _kind(path: Path) -> tuple[str, Path]:
    """What a file is, and the file for whose sake it is there; nothing if it is somebody's own."""
    text = path.as_posix()
    for expression, kind in _EXPRESSIONS:
        if expression.fullmatch(text):
            return kind, path
    for expression, makes in _LOGS:
        if match := expression.fullmatch(text.removesuffix(".traceback")):
            return "logs", makes.below(Path(), **match.groupdict())
    return "", path


def remove(results: Path, found: Iterable[Leftover]) -> None:
    """Delete files, and the folders that are empty without them."""
    for leftover in found:
        (results / leftover.path).unlink(missing_ok=True)
        for folder in leftover.path.parents[:-1]:
            # Snakemake's own mark in a folder that a job makes.
            (results / folder / ".snakemake_timestamp").unlink(missing_ok=True)
            try:
                (results / folder).rmdir()
            except OSError:
                break  # It holds something else, or is a link.


def listing(
    results: Path, kept: Mapping[str, Requested], found: list[Leftover], *, removed: bool
) -> str:
    """What is kept for which configuration, and what is not asked for by any of them.

    Parameters
    ----------
    kept
        configuration -> what it asks for.
    removed
        whether the leftovers are deleted.
    """
    gone = {leftover.path for leftover in found}
    there = [(path, size) for path, size in files_below(results) if path not in gone]
    lines = ["kept for"]
    for name, requested in kept.items():
        sizes = [size for path, size in there if path in requested]
        lines.append(f"  {name}: {_amount(sizes)}")
    if not found:
        return "\n".join([*lines, "nothing else is there to remove"])
    lines.append("removed, since none asks for it" if removed else "asked for by none of them")
    units: dict[tuple[str, str], list[int]] = {}
    for leftover in found:
        unit = leftover.path.parent.as_posix()
        units.setdefault((unit, leftover.kind), []).append(leftover.size)
    width = max(len(unit) for unit, _ in units)
    for (unit, kind), sizes in units.items():
        lines.append(f"  {results.name}/{unit:{width}}  {kind}: {_amount(sizes)}")
    total = _amount([leftover.size for leftover in found])
    lines.append(total if not removed else f"{total} removed")
    return "\n".join(lines)


def _amount(sizes: list[int]) -> str:
    files = "1 file" if len(sizes) == 1 else f"{len(sizes)} files"
    return f"{files}, {sum(sizes) / 1e6:.1f} MB"
