"""Finished groups of batches that are not finished, so that a run that is stopped loses none.

Each job appends its groups to a file of its own: first notes, then of each group the table of its
rows and that of its outcomes. A file that was cut is read up to its last whole group.
"""

import json
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

SUFFIX = ".groups"
# Length and checksum of what follows.
_HEAD = struct.Struct("<QI")


class Unfinished:
    """Where a job appends the groups that it has finished.

    Parameters
    ----------
    folder
        of all such files of a `simulation_code`; it appears with the first group.
    batch
        names the file, with a number.
    notes
        what a reader must know of the groups, as JSON.
    """

    def __init__(self, folder: Path, batch: str, notes: Mapping[str, Any]) -> None:
        self._folder, self._batch, self._notes = folder, batch, notes
        self._file: IO[bytes] | None = None

    def append(self, rows: pa.Table, outcomes: pa.Table) -> None:
        """Keep a group."""
        if self._file is None:
            self._file = self._begun()
        parts = [_framed(_bytes_of(table)) for table in (rows, outcomes)]
        self._file.write(b"".join(parts))
        self._file.flush()

    def _begun(self) -> IO[bytes]:
        for number in count():
            self._folder.mkdir(parents=True, exist_ok=True)
            # Another job may take the name, or remove the empty folder.
            with suppress(FileExistsError, FileNotFoundError):
                self.path = self._folder / f"{self._batch}-{number}{SUFFIX}"
                file = self.path.open("xb")
                break
        file.write(_framed(json.dumps(self._notes).encode()))
        return file

    def remove(self) -> None:
        """Remove it: what it keeps is elsewhere, or is wrong."""
        if self._file is not None:
            self._file.close()
            remove(self.path)
            self._file = None


def remove(path: Path) -> None:
    """Remove a file, and the folder if it is empty then."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def _bytes_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


def _framed(data: bytes) -> bytes:
    return _HEAD.pack(len(data), zlib.crc32(data)) + data


def _frames(path: Path) -> Iterator[bytes]:
    """The whole parts of a file, up to the first that was cut or is damaged."""
    with suppress(OSError), path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            # A damaged length may be any.
            data = file.read(min(length, path.stat().st_size))
            if len(data) != length or zlib.crc32(data) != checksum:
                return
            yield data


def kept_in(folder: Path) -> list[Path]:
    """The files of unfinished batches of a folder."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def has_sections(notes: Mapping[str, Any], sections: Mapping[str, str]) -> bool:
    """Whether something was simulated with these sections (morphology -> digest), or with others.

    What is not known of either does not count.
    """
    simulated: Mapping[str, str] = notes.get("sections", {})
    return all(sections.get(name, digest) == digest for name, digest in simulated.items())


def notes_of(path: Path) -> Mapping[str, Any]:
    """What was noted of the groups of a file; nothing of one that was cut before them."""
    found: Mapping[str, Any] = json.loads(next(_frames(path), b"{}"))
    return found


def groups(path: Path) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Rows and outcomes of each whole group of a file."""
    frames = _frames(path)
    next(frames, None)
    for rows, outcomes in zip(frames, frames, strict=False):
        yield pa.ipc.open_stream(rows).read_all(), pa.ipc.open_stream(outcomes).read_all()


def groups_with(path: Path, points: Collection[str]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The same of some points alone."""
    wanted = pa.array(points, pa.string())
    for tables in groups(path):
        rows, outcomes = (t.filter(pc.is_in(t["point_id"], value_set=wanted)) for t in tables)
        if outcomes.num_rows:
            yield rows, outcomes


def statuses(path: Path) -> dict[str, str]:
    """Status of each point that a file keeps."""
    tables = [outcomes.select(["point_id", "status"]) for _, outcomes in groups(path)]
    rows = (row for table in tables for row in table.to_pylist())
    return {row["point_id"]: row["status"] for row in rows}
