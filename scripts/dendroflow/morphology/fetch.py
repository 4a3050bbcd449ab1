"""Obtaining a morphology: from NeuroMorpho.Org, an address, a file or an installed package."""

import hashlib
import importlib.metadata
import importlib.util
import json
import logging
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from dendroflow.errors import ConfigurationError, MorphologyError, printable
from dendroflow.files import replacing
from dendroflow.morphology.download import Downloader, DownloadError, NotFoundError
from dendroflow.morphology.files import data_sha256, parse
from dendroflow.morphology.mend import in_micrometres, mend
from dendroflow.morphology.search import texts
from dendroflow.settings.files import within
from dendroflow.settings.morphologies import (
    Download,
    LocalFile,
    MorphologySource,
    NeuroMorpho,
    NeuroMorphoSource,
    PackageFile,
)

logger = logging.getLogger(__name__)

SERVICE_CITATION = "NeuroMorpho.Org (RRID:SCR_002145)"
DATABASE_CITATION = (
    "Tecuatl C, Ljungquist B, Ascoli GA (2024) FASEB BioAdvances 6:207-221, "
    "doi:10.1096/fba.2024-00048"
)
LICENCE = "CC BY 4.0"


class Found(NamedTuple):
    """A file, where it came from (no path of this machine), and NeuroMorpho.Org's metadata."""

    data: bytes
    address: str
    record: dict[str, Any] | None = None


def fetch(
    name: str,
    source: MorphologySource,
    destination: Path,
    metadata: Path,
    *,
    neuromorpho: NeuroMorpho,
    root: Path,
) -> None:
    """Bring a morphology to `destination`, and what is known about it to `metadata` (JSON).

    Both are written whole or not at all, and only if the file, mended if that is asked for, has the
    pinned sha256. What NEURON would not read as it is written is refused, unless it is pinned: then
    it arrives, so that its quality can be checked, and importing it is what ends in an error. What
    stood at their names before is removed first.

    Parameters
    ----------
    name, source
        The morphology in the catalogue.
    destination, metadata
        Files to write.
    neuromorpho
        The service, and the limits of all downloads.
    root
        Folder of the configuration, to which the path of a file is relative.

    Raises
    ------
    MorphologyError
        In one line that names the morphology, its address and what to do.
    """
    destination.unlink(missing_ok=True)
    metadata.unlink(missing_ok=True)
    found = find(name, source, neuromorpho, root)
    label = _label(name, found.address)
    if found.data.lstrip()[:1] == b"<":
        raise MorphologyError(
            f"{label}: is an HTML page, not a morphology; check the address, and the archive and "
            "name if there are any"
        )
    data, changes = mended(found.data, source, label)
    digest = data_sha256(data, source.suffix)
    _check(name, data, source, label, digest)
    for line in changes:
        logger.info("%s", line)
    about = {
        "name": name,
        "source": source.model_dump(
            mode="json", exclude={"sha256", "group", "mend", "length_unit"}
        ),
        "address": found.address,
        "sha256_of_data_lines": digest,
        "sha256_of_file": hashlib.sha256(data).hexdigest(),
        "changes": source.changes,
        "mended": changes,
        "licence": LICENCE if found.record else None,
        "citations": _citations(found.record),
        "record": found.record,
    }
    known = (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode()
    for path, content in ((metadata, known), (destination, data)):
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    logger.info("%s: sha256 of the data lines %s", label, digest)


def check_pin(name: str, source: MorphologySource, *, neuromorpho: NeuroMorpho, root: Path) -> None:
    """Refuse a file of this machine that `fetch` will refuse: lost, not pinned, or another one.

    Raises
    ------
    MorphologyError
        As `fetch` does.
    """
    if isinstance(source, LocalFile | PackageFile):
        found = find(name, source, neuromorpho, root)
        label = _label(name, found.address)
        data, _ = mended(found.data, source, label)
        digest = data_sha256(data, source.suffix)
        if digest != source.sha256:
            _check(name, data, source, label, digest)


def mended(data: bytes, source: MorphologySource, label: str) -> tuple[bytes, list[str]]:
    """Return a file as its entry wants it, and a line for each change.

    Raises
    ------
    MorphologyError
        If it cannot be mended.
    """
    if source.mend is not None:
        data, changes = mend(data, label, source.mend, source.scale)
    elif source.scale != 1.0:
        data, changes = in_micrometres(data, label, source.scale)
    else:
        return data, []
    return data, [f"{label}{f', line {line}' if line else ''}: {what}" for line, what in changes]


def _label(name: str, address: str) -> str:
    return f"morphology '{name}' ({address})"


def _check(name: str, data: bytes, source: MorphologySource, label: str, digest: str) -> None:
    """Refuse what is not pinned, and what is no sound cell unless a pin says that it is wanted."""
    remedy = f"add to morphologies.{name} in the configuration:  sha256: {digest}"
    try:
        parse(data, source.suffix, label)
    except MorphologyError as error:
        if source.sha256 is None:
            mending = f"add  mend: {{}}  to morphologies.{name} to have it mended, or "
            raise MorphologyError(
                f"{error}; {mending if source.suffix == 'swc' else ''}to have its quality checked "
                f"all the same, {remedy}"
            ) from error
        if source.sha256 != digest:
            raise
        logger.warning("%s; it is kept for quality control, and not simulated", error)
    if source.sha256 is None:
        raise MorphologyError(f"{label}: is not pinned; if this is the file you want, {remedy}")
    if source.sha256 != digest:
        raise MorphologyError(
            f"{label}: its data lines have the sha256 {digest}, but morphologies.{name}.sha256 in "
            f"the configuration is {source.sha256}; find out why it changed, and correct the pin "
            "only if you want the new file"
        )


def _citations(record: dict[str, Any] | None) -> list[str]:
    """Return the three citations that NeuroMorpho.Org's terms ask for, or none."""
    if record is None:
        return []
    papers = [f"doi:{doi}" for doi in texts(record, "reference_doi")]
    papers += [f"PMID:{pmid}" for pmid in texts(record, "reference_pmid")]
    original = f"original paper(s): {', '.join(papers)}" if papers else "original paper: unknown"
    return [original, SERVICE_CITATION, DATABASE_CITATION]


def find(name: str, source: MorphologySource, service: NeuroMorpho, root: Path) -> Found:
    """Read a morphology from where its entry says, whatever its pin."""
    match source:
        case NeuroMorphoSource():
            return _from_neuromorpho(name, source, service)
        case Download():
            downloader = Downloader(service)
            remedy = f"check morphologies.{name}.url"
            return Found(_get(downloader, source.url, name, remedy), downloader.came_from)
        case LocalFile():
            try:
                path = within(root, root / source.file)
            except ConfigurationError as error:
                raise MorphologyError(f"{_label(name, source.file)}: {error}") from error
            return _from_file(name, path, source.file, service.max_bytes)
        case PackageFile():
            return _from_package(name, source, service.max_bytes)


def _get(downloader: Downloader, url: str, name: str, not_found: str) -> bytes:
    """Return the body at an address; `not_found` says what to do if there is none."""
    try:
        return downloader.get(url)
    except NotFoundError as error:
        raise MorphologyError(f"{_label(name, url)}: {error}; {not_found}") from error
    except DownloadError as error:
        raise MorphologyError(f"{_label(name, url)}: {error}") from error


def _from_neuromorpho(name: str, source: NeuroMorphoSource, service: NeuroMorpho) -> Found:
    cell = source.neuromorpho
    downloader = Downloader(service)
    key = f"morphologies.{name}.neuromorpho"
    api = f"{service.address}/api/neuron/name/{quote(cell.name)}"
    body = _get(downloader, api, name, f"there is no neuron '{cell.name}': check {key}.name")
    record = _record(body, _label(name, api))
    for field, declared in (("neuron_name", cell.name), ("archive", cell.archive)):
        actual = str(record.get(field))
        if actual.casefold() != declared.casefold():
            raise MorphologyError(
                f"{_label(name, api)}: its {field} is '{actual}', not '{declared}'; correct "
                f"{key}.{'archive' if field == 'archive' else 'name'}"
            )
    folder = quote(cell.archive.lower())
    url = f"{service.address}/dableFiles/{folder}/CNG%20version/{quote(cell.name)}.CNG.swc"
    remedy = f"check {key}.archive and {key}.name"
    return Found(_get(downloader, url, name, remedy), downloader.came_from, record)


def _record(body: bytes, label: str) -> dict[str, Any]:
    try:
        record = _plain(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise MorphologyError(
            f"{label}: does not answer in JSON; check neuromorpho.address, or try again later"
        ) from error
    if not isinstance(record, dict):
        raise MorphologyError(f"{label}: does not answer with one neuron; check its address")
    return record


def _plain(value: Any) -> Any:
    """A value of JSON whose texts are printable: they reach reports, tables and terminals."""
    if isinstance(value, dict):
        return {printable(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def _from_file(name: str, path: Path, address: str, max_bytes: int) -> Found:
    label = _label(name, address)
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise MorphologyError(
            f"{label}: there is no such file; check morphologies.{name} and the file"
        ) from error
    except OSError as error:
        raise MorphologyError(f"{label}: cannot be read ({error.strerror}); check it") from error
    if len(data) > max_bytes:
        raise MorphologyError(f"{label}: larger than {max_bytes} bytes; check it, or max_bytes")
    return Found(data, address)


def _from_package(name: str, source: PackageFile, max_bytes: int) -> Found:
    spec = importlib.util.find_spec(source.package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise MorphologyError(
            f"{_label(name, f'{source.package}: {source.path}')}: the package '{source.package}' "
            f"is not installed; install it, or correct morphologies.{name}.package"
        )
    address = f"{_distribution(source.package)}: {source.path}"
    return _from_file(name, Path(folders[0]) / source.path, address, max_bytes)


def _distribution(package: str) -> str:
    """Return a package's name and version."""
    for distribution in importlib.metadata.packages_distributions().get(package, []):
        return f"{package} {importlib.metadata.version(distribution)}"
    return package
