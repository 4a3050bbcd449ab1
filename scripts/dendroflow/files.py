"""Files that are written whole or not at all, and checksums that tell whether one has changed."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = b"\ndendroflow sha256 "
_LENGTH = len(_MARK) + 64


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name in the folder of `path`, moved there if all goes well, else removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def seal(path: Path) -> None:
    """Append a digest to a compiled library, whose loader ignores what follows its last section."""
    content = path.read_bytes()
    with path.open("ab") as file:
        file.write(_MARK + hashlib.sha256(content).hexdigest().encode())


def is_intact(path: Path) -> bool:
    """Whether a file bears the seal that `seal` has put on it, and it holds."""
    data = path.read_bytes()
    content, end = data[:-_LENGTH], data[-_LENGTH:]
    return end == _MARK + hashlib.sha256(content).hexdigest().encode()


def write_digest(path: Path, digest: Path) -> None:
    """Write the digest of a file into one beside it, as `sha256sum --check` reads it."""
    stamp = path.stat()
    with replacing(digest) as temporary:
        temporary.write_text(f"{_sha256(path)}  {path.name}\n", encoding="utf-8")
        # Equal time stamps say that there is no need to read the file again.
        os.utime(temporary, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


def has_changed(path: Path, digest: Path) -> bool:
    """Whether a file is another than when its digest was written; False if one is missing."""
    try:
        if path.stat().st_mtime_ns == digest.stat().st_mtime_ns:
            return False
        return not _agree(path, digest)
    except FileNotFoundError:
        return False


def is_as_written(path: Path, digest: Path) -> bool:
    """Whether a file is to the last bit what it was when its digest was written."""
    return path.exists() and digest.exists() and _agree(path, digest)


def _agree(path: Path, digest: Path) -> bool:
    return digest.read_text(encoding="utf-8", errors="replace").split()[:1] == [_sha256(path)]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
