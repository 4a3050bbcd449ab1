"""The catalogue of morphologies, and files that are to be mended, from the command line."""

import argparse
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dendroflow.commands.find import CRITERION, service_of, split
from dendroflow.errors import MorphologyError, printable
from dendroflow.files import replacing
from dendroflow.morphology.catalogue import NAME, Catalogue
from dendroflow.morphology.files import data_sha256
from dendroflow.morphology.mend import mend
from dendroflow.morphology.search import search, texts
from dendroflow.settings.morphologies import UNITS, Mend, NeuroMorpho, NeuroMorphoCell

SUFFIXES = (".swc", ".asc", ".h5")
# Of a zip archive, unpacked (bytes).
MOST_UNPACKED = 2_000_000_000


def add(config: Path, options: argparse.Namespace) -> str:
    """Add cells to the catalogue beside a configuration, pinned; say what became of each.

    Files from elsewhere are copied into `cells/`, under names that catalogues may have. Entries
    that have no pin get that of the file as it is now.

    Raises
    ------
    MorphologyError
        If there is nothing to add, or the group is no name.
    ConfigurationError
        If a criterion of NeuroMorpho.Org's is none.
    """
    catalogue = Catalogue(config.parent / "morphologies.yaml")
    wishes: dict[str, Any] = {}
    if options.group is not None:
        if not re.fullmatch(NAME, options.group):
            raise MorphologyError(
                f"--group {options.group}: a group is named like a morphology, as ca1"
            )
        wishes["group"] = options.group
    if _scale(options.unit) != 1.0:
        wishes["length_unit"] = options.unit if options.unit in UNITS else float(options.unit)
    service = service_of(config)
    criteria = [
        text for text in options.cells if CRITERION.fullmatch(text) and not Path(text).exists()
    ]
    given = [Path(text) for text in options.cells if text not in criteria]
    with tempfile.TemporaryDirectory(prefix="dendroflow-") as folder:
        files = [path for each in given for path in _files(each, Path(folder))]
        if given and not files:
            listed = ", ".join(map(str, given))
            raise MorphologyError(f"{listed}: there is no file that ends in {', '.join(SUFFIXES)}")
        said = [
            line for file in files for line in catalogue.add_file(file, wishes, mend=options.mend)
        ]
        if criteria:
            said += _add_found(catalogue, criteria, wishes, service, options)
        if not options.cells:
            said = catalogue.pin_all(service)
        catalogue.write()
    if not options.cells:
        return "\n".join(said) or f"{catalogue.path}: all cells are pinned"
    added = sum(line.startswith("added") for line in said)
    refused = sum(line.startswith("not added") for line in said)
    said.append(f"{catalogue.path}: {added} added, {refused} refused")
    if options.group and added:
        said.append(f"sweep over them by  morphology: {{group: {options.group}}}")
    return "\n".join(said)


def _files(path: Path, folder: Path) -> list[Path]:
    """The morphologies that a path stands for; a zip archive is unpacked into a folder."""
    if path.suffix.lower() == ".zip":
        unpacked = Path(tempfile.mkdtemp(dir=folder))
        try:
            with zipfile.ZipFile(path) as packed:
                if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
                    raise MorphologyError(f"{path}: holds more than {MOST_UNPACKED:,} bytes")
                packed.extractall(unpacked)
        except (OSError, zipfile.BadZipFile) as error:
            raise MorphologyError(f"{path}: cannot be unpacked: {error}") from error
        path = unpacked
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)


def _add_found(
    catalogue: Catalogue,
    criteria: Sequence[str],
    wishes: Mapping[str, Any],
    service: NeuroMorpho,
    options: argparse.Namespace,
) -> list[str]:
    """Add the cells of NeuroMorpho.Org that meet some criteria."""
    found = search(*split(criteria), service)
    said = [f"{len(found.records)} cells of NeuroMorpho.Org meet the criteria"]
    if len(found.records) > options.most:
        said[0] += f"; the first {options.most} are taken (--most)"
    for record in found.records[: options.most]:
        name, archive = ("".join(texts(record, key)) for key in ("neuron_name", "archive"))
        try:
            cell = NeuroMorphoCell(archive=archive, name=name)
        except ValidationError:
            said.append(f"not added: {archive}, {name}: a name that the catalogue cannot hold")
        else:
            said += catalogue.add_cell(cell, wishes, service, mend=options.mend)
    return said


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
