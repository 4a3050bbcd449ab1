"""A morphology under quality control: its file, and what others make of it, read once and kept."""

import json
import re
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dendroflow.errors import LONGEST, MorphologyError, printable
from dendroflow.morphology import soma, swc
from dendroflow.morphology.files import parse
from dendroflow.morphology.graph import PointGraph
from dendroflow.quality.result import NotMeasurableError
from dendroflow.quality.steady_state import Response, responses
from dendroflow.settings.quality import Quality


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

        It raises a `NotMeasurableError` if there are none, or if a Neurolucida file is refused.
        """
        if isinstance(self.reading, PointGraph):
            return self.reading
        if self.suffix == "swc":
            points, _ = swc.read(self.data, self.name)
            if len(points):
                return points
        raise NotMeasurableError(f"no points can be read: {self.reading}")

    def responses(self, settings: Quality) -> dict[str, Response]:
        """What NEURON makes of the cell and answers to a current, in a process of its own.

        It raises a `NotMeasurableError` if NEURON crashes on the file, hangs, or cannot read it.
        """
        if self.suffix == "swc":
            _ = self.points  # Of a file without any NEURON makes nothing.
        data = self.data
        if isinstance(self.reading, PointGraph):
            simulated = soma.standard(self.reading)
            data = data if simulated is self.reading else soma.as_swc(simulated)
        found = responses(data, self.suffix, settings.electrical)
        if isinstance(found, NotMeasurableError):
            raise found
        return found

    @cached_property
    def neurom(self) -> Any:
        """NeuroM's morphology; a `NotMeasurableError` if it cannot load the file."""
        import neurom

        return self._loaded("NeuroM", neurom.load_morphology)

    @cached_property
    def morphio(self) -> tuple[Any, tuple[str, ...]]:
        """MorphIO's morphology and its warnings; an error like NeuroM's."""
        import morphio

        handler = morphio.WarningHandlerCollector()
        loaded = self._loaded(
            "MorphIO", lambda path: morphio.Morphology(path, warning_handler=handler)
        )
        said = (str(emission.warning.msg()) for emission in handler.get_all())
        return loaded, tuple(map(_plain, said))

    def _loaded(self, library: str, load: Callable[[str], Any]) -> Any:
        with tempfile.TemporaryDirectory(prefix="dendroflow-") as folder:
            path = Path(folder) / f"cell.{self.suffix}"
            path.write_bytes(self.data)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    return load(str(path))
                except Exception as error:  # whatever it is, it is what has to be reported
                    said = f"{type(error).__name__}: {_plain(str(error))[:LONGEST]}"
                    raise NotMeasurableError(f"{library} raises {said}") from error

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


def _plain(text: str) -> str:
    """A message of MorphIO's on one line, without colours and the name of the file."""
    text = printable(re.sub(r"\x1b\[[0-9;]*m", "", text))
    return re.sub(r"\S*cell\.(?:swc|asc):(\d+):\s*(?:warning|error)\s*", r"line \1: ", text)
