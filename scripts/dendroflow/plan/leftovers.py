"""Which files of the results nobody asks for, and removing them.

A file is only ever a leftover if its name is one that the workflow gives. Whatever else lies in
the results is somebody's own.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dendroflow.plan.requested import OF_EXPERIMENTS, Asked

NAME, HEX, CELL = r"[a-z][a-z0-9_]*", r"[0-9a-f]{16}", r"[A-Za-z0-9][A-Za-z0-9._-]*"
PIN = f"(?:{HEX}|unpinned)"
LOGGING = "|".join(
    (
        *OF_EXPERIMENTS,
        *("simulate_batch", "extract_features", "optimise", "compile_mechanisms"),
        *("fetch_morphology", "import_morphology", "measure_morphology", "appraise_morphology"),
        "compare_morphologies",
    )
)
TEXT = r"(?:log|log\.traceback|tsv)"

# What the workflow makes -> what it is; the group `unit` is what is listed for all its files.
KINDS = {
    rf"(?P<unit>{NAME}/{HEX})/(?:outcomes|traces)/{HEX}\.parquet": "batches",
    rf"(?P<unit>{NAME}/{HEX})/features/(?:{HEX}/)?{HEX}\.parquet": "features",
    rf"(?P<unit>{NAME}/{HEX})/optimisation/{HEX}/history-\d+\.parquet": "searches",
    rf"(?P<unit>{NAME}/{HEX})/optimisation/{HEX}/checkpoints/generation-\d+\.parquet": "searches",
    rf"(?P<unit>{NAME}/plans)/(?:{HEX}\.parquet|current)": "plans",
    rf"(?P<unit>{NAME})/(?:plan|features|feature_values)\.parquet": "tables",
    rf"(?P<unit>{NAME})/(?:features|traces)\.(?:csv|xlsx)": "tables",
    rf"(?P<unit>audits)/{NAME}\.parquet": "audits",
    rf"(?P<unit>figures/{NAME})/[^/]+\.(?:svg|pdf|png|html)": "figures",
    rf"(?P<unit>report/{NAME})/[^/]+\.rst": "captions",
    rf"(?P<unit>morphometry)/{NAME}\.parquet": "comparisons",
    rf"(?P<unit>mechanisms/{HEX})/(?:coreneuron/)?lib(?:nrn|corenrn)mech\.so": "builds",
    rf"(?P<unit>morphologies/(?P<cell>{CELL})/{PIN})/(?P=cell)\.(?:swc|asc)(?:\.json)?": "cells",
    rf"(?P<unit>morphologies/{CELL}/{PIN})/(?:sections-.+\.npz|morphometrics\.parquet)": "cells",
    rf"(?P<unit>quality/{CELL}/{PIN})/(?:checks\.parquet|picture\.(?:png|pdf))": "quality control",
    rf"(?P<unit>quality/requirements)/{NAME}\.txt": "requirements",
    rf"(?P<unit>models)/{NAME}-{HEX}-{HEX}\.json": "descriptions of models",
    rf"(?P<unit>logs|benchmarks)/(?P<rule>{LOGGING})/(?P<log>.+?)\.{TEXT}": "logs",
}
_KINDS = {re.compile(pattern): kind for pattern, kind in KINDS.items()}


@dataclass(frozen=True)
class Leftover:
    """A file that nobody asks for; `path` and `unit` are relative to the results."""

    path: Path
    kind: str
    unit: str
    size: int


def files_below(results: Path) -> Iterator[tuple[Path, int]]:
    """All files, relative to `results`, with their sizes; links to folders are not followed."""
    for folder, names, files in os.walk(results):
        names.sort()
        for name in sorted(files):
            path = Path(folder, name)
            yield path.relative_to(results), path.lstat().st_size


def leftovers(results: Path, wanted: Iterable[Asked]) -> list[Leftover]:
    """What the workflow has made, and none of these asks for."""
    known = list(wanted)
    found = []
    for path, size in files_below(results):
        kind, match = next(
            (
                (kind, match)
                for pattern, kind in _KINDS.items()
                if (match := pattern.fullmatch(path.as_posix()))
            ),
            ("", None),
        )
        if match is None or any(path in asked for asked in known):
            continue
        if kind == "logs" and any((match["rule"], match["log"]) in a.logs for a in known):
            continue
        if kind == "figures" and not _has_caption(results, path):
            continue
        found.append(Leftover(path, kind, match["unit"], size))
    return found


def _has_caption(results: Path, figure: Path) -> bool:
    """Whether the workflow has drawn it: then there is a caption of the same name."""
    return (results / "report" / figure.parent.name / f"{figure.stem}.rst").exists()


def remove(results: Path, found: Iterable[Leftover]) -> None:
    """Delete files, and the folders that are empty without them.

    Captions go last: without them a figure is no longer known to be the workflow's.
    """
    for leftover in sorted(found, key=lambda leftover: leftover.kind == "captions"):
        (results / leftover.path).unlink(missing_ok=True)
        for folder in leftover.path.parents[:-1]:
            try:
                (results / folder).rmdir()
            except OSError:
                break  # It holds something else, or is a link.


def listing(
    results: Path, kept: Mapping[str, Asked], found: list[Leftover], *, removed: bool
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
    for name, asked in kept.items():
        sizes = [size for path, size in there if path in asked]
        lines.append(f"  {name}: {_amount(sizes)}")
    if not found:
        return "\n".join([*lines, "nothing else is there to remove"])
    lines.append("removed, since none asks for it" if removed else "asked for by none of them")
    units: dict[tuple[str, str], list[int]] = {}
    for leftover in found:
        units.setdefault((leftover.unit, leftover.kind), []).append(leftover.size)
    width = max(len(unit) for unit, _ in units)
    for (unit, kind), sizes in units.items():
        lines.append(f"  {results.name}/{unit:{width}}  {kind}: {_amount(sizes)}")
    total = _amount([leftover.size for leftover in found])
    lines.append(total if not removed else f"{total} removed")
    return "\n".join(lines)


def _amount(sizes: list[int]) -> str:
    files = "1 file" if len(sizes) == 1 else f"{len(sizes)} files"
    return f"{files}, {sum(sizes) / 1e6:.1f} MB"
