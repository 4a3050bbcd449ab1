"""The catalogue of morphologies, and files that are to be mended, from the command line."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dendroflow.errors import MorphologyError, printable
from dendroflow.files import replacing
from dendroflow.morphology.catalogue import NAME, Catalogue
from dendroflow.morphology.files import data_sha256
from dendroflow.morphology.mend import mend
from dendroflow.settings.morphologies import UNITS, Mend, NeuroMorpho
from dendroflow.settings.project import load, read_yaml


def add(config: Path, options: argparse.Namespace) -> str:
    """Add files to the catalogue beside a configuration, pinned; say what became of each.

    Files from elsewhere are copied into `cells/`, under names that catalogues may have. Entries
    that have no pin get that of the file as it is now.

    Raises
    ------
    MorphologyError
        If there is nothing to add, or the group is no name.
    """
    files: Sequence[Path] = options.files
    group: str | None = options.group
    folder = config.parent
    catalogue = Catalogue(folder / "morphologies.yaml")
    if group is not None and not re.fullmatch(NAME, group):
        raise MorphologyError(f"--group {group}: a group is named like a morphology, as ca1")
    found = [path for each in files for path in _cells(each)]
    if files and not found:
        listed = ", ".join(map(str, files))
        raise MorphologyError(f"{listed}: there is no file that ends in .swc or .asc")
    wishes: dict[str, Any] = {"group": group} if group else {}
    if _scale(options.unit) != 1.0:
        wishes["length_unit"] = options.unit if options.unit in UNITS else float(options.unit)
    said = [line for path in found for line in catalogue.add(path, wishes, mend=options.mend)]
    if not files:
        project = load(read_yaml(config), config).project if config.exists() else None
        said = catalogue.pin_all(project.neuromorpho if project else NeuroMorpho())
    catalogue.write()
    if files:
        added = sum(line.startswith("added") for line in said)
        said.append(f"{catalogue.path}: {added} of {len(found)} added")
        if group and added:
            said.append(f"sweep over them by  morphology: {{group: {group}}}")
    return "\n".join(said) or f"{catalogue.path}: all cells are pinned"


def _cells(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in (".swc", ".asc"))


def mend_file(options: argparse.Namespace) -> str:
    """List what is wrong in a file and how it is mended; write the cell if a name is given.

    Raises
    ------
    MorphologyError
        If the file cannot be read or mended, or there is one of the name of the output.
    """
    path: Path = options.file
    if path.suffix.lower() != ".swc":
        raise MorphologyError(f"{path}: only SWC files are mended; its name ends in another way")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MorphologyError(f"{path}: cannot be read: {error.strerror}") from error
    if options.output is not None and options.output.exists():
        raise MorphologyError(f"{options.output}: is there already; name a file that is not")
    mended, changes = mend(data, str(path), _wishes(options), _scale(options.unit))
    lines = [
        printable(f"{path}{'' if line is None else f', line {line}'}: {what}")
        for line, what in changes
    ]
    if not changes:
        lines.append(f"{path}: nothing to mend")
    if options.output is not None:
        with replacing(options.output) as temporary:
            temporary.write_bytes(mended)
        lines.append(f"{options.output}: written; sha256: {data_sha256(mended, 'swc')}")
    elif changes:
        lines.append(f"{path}: not written; --output FILE writes the mended cell")
    return "\n".join(lines)


def _scale(unit: str) -> float:
    """Micrometres of a unit of length."""
    try:
        scale = UNITS.get(unit) or float(unit)
    except ValueError:
        scale = 0.0
    if not 0 < scale < 1e6:
        raise MorphologyError(f"--unit {unit}: um, nm, or a number of µm")
    return scale


def _wishes(options: argparse.Namespace) -> Mend:
    try:
        return Mend(**{name: getattr(options, name) for name in Mend.model_fields})
    except ValidationError as error:
        (first, *_) = error.errors()
        raise MorphologyError(f"--{first['loc'][0]}: {first['msg']}") from error
