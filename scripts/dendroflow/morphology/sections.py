"""Files of sections, and what a model asks of them."""

import hashlib
import io
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dendroflow.errors import MorphologyError
from dendroflow.files import replacing
from dendroflow.kernel.sections import Sections

_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error)
_ARRAYS = ("parents", "parent_x", "order", "starts", "points", "anchors")


def digest_of_sections(sections: Sections) -> str:
    """16 hexadecimal digits that change with any bit of the sections."""
    state = hashlib.sha256()
    for field in fields(sections):
        value = getattr(sections, field.name)
        data = "\n".join(value).encode() if isinstance(value, tuple) else value.tobytes()
        state.update(f"{field.name} {len(data)} ".encode() + data)
    return state.hexdigest()[:16]


def save_sections(sections: Sections, path: Path) -> None:
    """Write sections to an .npz file, whole or not at all; equal ones give equal bytes."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        names=np.array(sections.names, dtype=np.str_),
        digest=np.array(digest_of_sections(sections)),
        **{name: getattr(sections, name) for name in _ARRAYS},
    )
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def load_sections(path: Path) -> Sections:
    """Read what `save_sections` has written.

    Raises
    ------
    MorphologyError
        If the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            sections = Sections(
                names=tuple(arrays["names"].tolist()), **{name: arrays[name] for name in _ARRAYS}
            )
            if str(arrays["digest"]) != digest_of_sections(sections):
                raise ValueError("it is not as it was written")
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, *_BROKEN_ZIP) as error:
        raise MorphologyError(
            f"{path}: is missing or damaged; delete it and run snakemake again"
        ) from error
    return sections


def counts_of(sections: Sections) -> dict[str, int]:
    """Number of sections of each kind, such as `{"soma": 1, "dend": 66}`."""
    return dict(Counter(sections.kinds))


def lengths_of(sections: Sections) -> NDArray[np.float64]:
    """Length of each section (µm); shape (n,)."""
    steps = np.linalg.norm(np.diff(sections.points[:, :3].astype(float), axis=0), axis=1)
    path = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(path[sections.starts[1:] - 1] - path[sections.starts[:-1]])


def require_sections(sections: Sections, kinds: Iterable[str], morphology: str) -> None:
    """Refuse a morphology that has no sections of one of `kinds`, such as `["soma", "axon"]`.

    Raises
    ------
    MorphologyError
        Naming the kinds that are missing and those that there are.
    """
    counts = counts_of(sections)
    missing = [kind for kind in kinds if kind not in counts]
    if missing:
        present = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        raise MorphologyError(
            f"morphology '{morphology}' has no sections of type {', '.join(missing)}; it has "
            f"{present}: use another morphology, or a model that does without"
        )
