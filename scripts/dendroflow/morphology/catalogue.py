"""Writing the catalogue: entries and pins are added to its text, and what stands there stays."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from dendroflow.errors import ConfigurationError, MorphologyError, printable
from dendroflow.files import replacing
from dendroflow.morphology.fetch import Found, find, mended
from dendroflow.morphology.files import data_sha256, parse
from dendroflow.morphology.h5 import swc_of
from dendroflow.settings.morphologies import (
    MorphologyName,
    MorphologySource,
    NeuroMorpho,
    NeuroMorphoCell,
)
from dendroflow.settings.project import read_yaml, validated

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
# Where files from elsewhere are copied to, below the configuration's folder.
COPIES = "cells"


class Catalogue:
    """The file `morphologies.yaml`, which need not be there yet.

    Raises
    ------
    ConfigurationError
        If it is no catalogue.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = path.read_text(encoding="utf-8") if path.exists() else ""
        content = (read_yaml(path) or {}) if path.exists() else {}
        self._entries = self._checked(content)
        self._copies: list[tuple[bytes, Path]] = []

    def add_file(self, file: Path, wishes: Mapping[str, Any], *, mend: bool) -> list[str]:
        """Add a file, one of HDF5 as the SWC file that it makes; return what became of it.

        Parameters
        ----------
        wishes
            more keys of its entry, such as `group`.
        mend
            whether it is mended if it is refused as it is.
        """
        shown, name = str(file), self._free_name(file.stem)
        place = self._place(file, name, wishes.get("group"))
        said = {"file": place.relative_to(self.path.parent).as_posix(), **wishes}
        try:
            data = swc_of(file) if file.suffix.lower() == ".h5" else file.read_bytes()
        except OSError as error:
            return [printable(f"not added: {shown}: cannot be read: {error.strerror}")]
        except MorphologyError as error:
            return [printable(f"not added: {error}")]
        lines = self._add(name, said, lambda entry: Found(data, shown), mend=mend)
        if name in self._entries and place.absolute() != file.absolute():
            self._copies.append((data, place))
        return lines

    def add_cell(
        self, cell: NeuroMorphoCell, wishes: Mapping[str, Any], service: NeuroMorpho, *, mend: bool
    ) -> list[str]:
        """Add a cell of NeuroMorpho.Org; return what became of it, a line each."""
        name = self._free_name(cell.name)
        said = {"neuromorpho": cell.model_dump(), **wishes}
        return self._add(
            name, said, lambda entry: find(name, entry, service, self.path.parent), mend=mend
        )

    def _add(
        self,
        name: str,
        said: dict[str, Any],
        obtain: Callable[[MorphologySource], Found],
        *,
        mend: bool,
    ) -> list[str]:
        changes: list[str] = []
        try:
            (entry,) = self._checked({name: said}).values()
            found = obtain(entry)
            try:
                data, _ = mended(found.data, entry, found.address)
                parse(data, entry.suffix, found.address)
            except MorphologyError as error:
                if entry.suffix != "swc":
                    raise
                if not mend:
                    remedy = "--mend mends it, `dendroflow morphology mend` lists all that is wrong"
                    raise MorphologyError(f"{error}; {remedy}") from error
                said = said | {"mend": {}}
                (entry,) = self._checked({name: said}).values()
                data, changes = mended(found.data, entry, found.address)
        except (ConfigurationError, MorphologyError) as error:
            return [f"not added: {printable(str(error))}"]
        digest, shown = data_sha256(data, entry.suffix), printable(found.address)
        for there, other in self._entries.items():
            if other.sha256 == digest:
                return [f"there already: {shown}, as {there}"]
        said = said | {"sha256": digest}
        self._entries |= self._checked({name: said})
        if self._text:
            self._text = f"{self._text.rstrip()}\n\n"
        self._text += yaml.safe_dump({name: said}, sort_keys=False)
        return [*map(printable, changes), f"added: {shown}, as {name}"]

    def _checked(self, entries: Any) -> dict[str, MorphologySource]:
        """Entries of a catalogue, as they are read."""
        return validated(dict[MorphologyName, MorphologySource], entries, self.path)

    def pin_all(self, service: NeuroMorpho) -> list[str]:
        """Pin all entries without a pin as they are now; return what became of each."""
        said = []
        for name, entry in self._entries.items():
            if entry.sha256 is None:
                try:
                    found = find(name, entry, service, self.path.parent)
                    data, changes = mended(found.data, entry, found.address)
                    parse(data, entry.suffix, found.address)
                except MorphologyError as error:
                    said.append(f"not pinned: {printable(str(error))}")
                    continue
                digest = data_sha256(data, entry.suffix)
                key = re.compile(rf"^(['\"]?){re.escape(name)}\1:[ \t]*(#.*)?$", re.MULTILINE)
                if not (match := key.search(self._text)):
                    said.append(
                        f"not pinned: {name}: write it into its own lines, or paste {digest}"
                    )
                    continue
                self._text = (
                    f"{self._text[: match.end()]}\n  sha256: {digest}{self._text[match.end() :]}"
                )
                said += [*map(printable, changes), f"pinned: {name} ({found.address})"]
        return said

    def write(self) -> None:
        """Write the catalogue, and copy the files that were added from elsewhere."""
        for data, target in self._copies:
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as temporary:
                temporary.write_bytes(data)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as temporary:
            temporary.write_text(self._text, encoding="utf-8")

    def _free_name(self, stem: str) -> str:
        """A name for a cell that no other entry has, of the letters that names may have."""
        stem = re.sub(r"(?i)\.CNG$", "", stem)
        plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("_.-")[:90] or "cell"
        number, free = 1, name
        while free.casefold() in {entry.casefold() for entry in self._entries}:
            number += 1
            free = f"{name}_{number}"
        return free

    def _place(self, file: Path, name: str, group: str | None) -> Path:
        """Where the file lies: where it is, below the configuration's folder, or a copy there."""
        folder = self.path.parent.absolute()
        here = file.absolute()
        allowed = rf"({NAME}/)*{NAME}\.(swc|asc)"
        if here.is_relative_to(folder):
            inside = here.relative_to(folder)
            if re.fullmatch(allowed, inside.as_posix(), re.IGNORECASE):
                return self.path.parent / inside
        copied = f"{name}.asc" if file.suffix.lower() == ".asc" else f"{name}.swc"
        return self.path.parent.joinpath(COPIES, *([group] if group else []), copied)
