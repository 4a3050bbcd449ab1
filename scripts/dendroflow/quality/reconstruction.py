"""A morphology under quality control: its file, and what others make of it, read once and kept."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dendroflow.errors import MorphologyError
from dendroflow.morphology import neurolucida, soma, swc
from dendroflow.morphology.files import parse
from dendroflow.morphology.graph import PointGraph
from dendroflow.quality.result import NotMeasurableError
from dendroflow.quality.steady_state import Response, responses
from dendroflow.settings.quality import Quality

READERS = {"swc": swc.read, "asc": neurolucida.read}


@dataclass(frozen=True)
class Reconstruction:
    """A morphology by its name in the catalogue, with what is known about it.

    `data` is the content of the file, `suffix` is `swc` or `asc`, `address` says where it came
    from; `record` holds NeuroMorpho.Org's metadata, where there are any.
    """

    name: str
    data: bytes = field(repr=False)
    suffix: str
    address: str = ""
    record: dict[str, Any] | None = None

    @cached_property
    def reading(self) -> PointGraph | MorphologyError:
        """What dendroflow's own parser makes of the file, or why it refuses it."""
        try:
            return parse(self.data, self.suffix, f"{self.name}.{self.suffix}")
        except MorphologyError as error:
            return error

    @cached_property
    def points(self) -> PointGraph:
        """The points of the file.

        Of a file that is refused they are those that can be read all the same; a
        `NotMeasurableError` is raised if there are none.
        """
        if isinstance(self.reading, PointGraph):
            return self.reading
        points, _ = READERS[self.suffix](self.data, self.name)
        if len(points):
            return points
        raise NotMeasurableError(f"no points can be read: {self.reading}")

    def responses(self, settings: Quality) -> dict[str, Response]:
        """What NEURON makes of the cell and answers to a current, in a process of its own.

        It raises a `NotMeasurableError` if NEURON crashes on the file, hangs, or cannot read it.
        """
        _ = self.points  # Of a file without any NEURON makes nothing.
        data = self.data
        if isinstance(self.reading, PointGraph):
            simulated = soma.standard(self.reading)
            data = data if simulated is self.reading else soma.as_swc(simulated)
        found = responses(data, self.suffix, settings.electrical)
        if isinstance(found, NotMeasurableError):
            raise found
        return found

    @classmethod
    def from_file(cls, path: Path, name: str = "") -> "Reconstruction":
        """Read a file, and its metadata where `fetch_morphology` has left them beside it.

        Raises
        ------
        MorphologyError
            If the file cannot be read.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise MorphologyError(f"{path}: cannot be read: {error.strerror}") from error
        beside = path.with_name(f"{path.name}.json")
        notes = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
        return cls(
            name=name or path.stem.removesuffix(".CNG"),
            data=data,
            suffix=path.suffix.lower().removeprefix("."),
            address=notes.get("address", path.name),
            record=notes.get("record"),
        )
