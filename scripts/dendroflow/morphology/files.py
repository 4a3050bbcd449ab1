"""Morphology files: reading them, and what makes two of them the same."""

import hashlib
import json
from pathlib import Path
from typing import Any

from dendroflow.errors import MorphologyError
from dendroflow.morphology import neurolucida, swc
from dendroflow.morphology.graph import PointGraph, refuse

# The largest reconstructions have some hundred thousand points.
MAX_LINES = 1_000_000
_COMMENTS = {"swc": b"#", "asc": b";"}
_READERS = {"swc": swc.parse, "asc": neurolucida.parse}


def data_sha256(data: bytes, suffix: str) -> str:
    """Return the sha256 of a morphology's data lines, which does not depend on its header.

    Comment lines and blank lines are dropped, trailing blanks stripped, and each line ends in LF.
    Comments start with # in a file of suffix `swc`, with ; in one of `asc`.
    """
    lines = [line.rstrip() for line in data.splitlines()]
    kept = [line for line in lines if line and not line.lstrip().startswith(_COMMENTS[suffix])]
    return hashlib.sha256(b"".join(line + b"\n" for line in kept)).hexdigest()


def parse(data: bytes, suffix: str, source: str) -> PointGraph:
    """Read the bytes of a morphology, which messages call `source`, as a checked tree.

    Raises
    ------
    MorphologyError
        With file, line and reason, if the file is not a cell that NEURON reads as it is written.
    """
    if not data.strip():
        refuse(source, None, "is empty")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        refuse(source, 1, "starts with a byte order mark; save the file as plain ASCII without it")
    if data.lstrip()[:1] == b"<":
        refuse(source, 1, "is an HTML or XML page, not a morphology")
    if (lines := len(data.splitlines())) > MAX_LINES:
        refuse(source, None, f"{lines:,} lines; {MAX_LINES:,} are the most of a morphology")
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        refuse(source, line, "holds a zero byte: a binary file, not a morphology")
    return _READERS[suffix](data, source)


def check_fetched(path: Path) -> None:
    """Refuse a morphology that has changed since it was fetched, according to its metadata.

    Raises
    ------
    MorphologyError
        If it has, or if the metadata beside it are missing or damaged.
    """
    beside = Path(f"{path}.json")
    try:
        fetched = json.loads(beside.read_bytes())["sha256_of_file"]
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MorphologyError(
            f"{error.filename}: cannot be read ({error.strerror}); delete {path} and run "
            "snakemake again"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise MorphologyError(f"{beside}: is damaged; delete it and run snakemake again") from error
    if found != fetched:
        raise MorphologyError(
            f"{path}: has changed since it was fetched; delete it and run snakemake again"
        )


def changes_of(path: Path) -> Any:
    """How a file that was fetched was mended, if it was, as `Pinned.changes` says it.

    Raises
    ------
    MorphologyError
        If the metadata beside it are missing or damaged.
    """
    beside = Path(f"{path}.json")
    try:
        return json.loads(beside.read_bytes()).get("changes")
    except (OSError, ValueError, AttributeError) as error:
        raise MorphologyError(
            f"{beside}: is missing or damaged; delete {path} and run snakemake again"
        ) from error


def read(path: Path) -> PointGraph:
    """Read a file whose name ends in .swc or .asc as a checked tree; nothing reaches NEURON.

    Raises
    ------
    MorphologyError
        As from `parse`, or if the file cannot be read.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _READERS:
        refuse(str(path), None, "a morphology's name ends in .swc or .asc")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MorphologyError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(data, suffix, str(path))
