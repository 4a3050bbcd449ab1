"""Recordings: measured traces, in sets from which targets take means and standard deviations."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from dendroflow.errors import ConfigurationError
from dendroflow.settings.base import Interval, Name, Positive, Settings, spelled
from dendroflow.settings.files import within
from dendroflow.settings.morphologies import Sha256

# The catalogue, beside that of morphologies.
FILE = "recordings.yaml"

PotentialUnit = Literal["V", "mV", "uV"]
CurrentUnit = Literal["A", "mA", "uA", "nA", "pA"]
TimeUnit = Literal["s", "ms", "us"]

_LETTERS = r"[A-Za-z0-9_][A-Za-z0-9._ -]*"
RecordingPath = Annotated[
    str,
    spelled(
        rf"^({_LETTERS}/)*{_LETTERS}\.(csv|txt|abf|nwb|ibw)$",
        "a path from the configuration's folder to a file .csv, .txt, .abf, .nwb or .ibw",
    ),
]


class Conventions(Settings):
    """What may be said of a set as a whole, and otherwise of one of its recordings."""

    protocol: Name | None = Field(
        None, description="under which it was recorded; null: any, for experiments without them"
    )
    channel: str | None = Field(
        None, description="name of the potential's channel or column; null: the only one"
    )
    current: str | None = Field(
        None, description="name of the current's channel or column; null: the only one, if any"
    )
    window: Interval | None = Field(
        None,
        description="start and end of the stimulus (ms from the begin of the sweep), which fall "
        "on those of the protocol; null: as the recorded current says",
    )
    unit: PotentialUnit | None = Field(
        None, description="of the potential; null: as the file says; what is given here counts"
    )
    current_unit: CurrentUnit | None = Field(None, description="the same of the current")
    time_unit: TimeUnit | None = Field(None, description="the same of the times of a text file")
    sampling: Positive | None = Field(
        None, description="ms between samples, of a text file without times"
    )
    ljp: FiniteFloat | None = Field(
        None, description="liquid junction potential (mV), which is subtracted; null: 0"
    )
    offset: FiniteFloat | None = Field(None, description="is added to the potential (mV); null: 0")
    signal: str | None = Field(
        None,
        description="the model's signal that it stands for; null: the only one that is measured",
    )
    least_spike_height: Positive | None = Field(
        None,
        description="a spike rises by as much (mV) within 5 ms; what crosses eFEL's Threshold "
        "otherwise is noise, and cut off there; null: all of it counts",
    )
    least_spike_slope: Positive | None = Field(
        None, description="and rises as fast (mV/ms) at its fastest"
    )


class RecordingFile(Conventions):
    """A file with one sweep of a cell, or several of one kind."""

    file: RecordingPath = Field(description="path from the folder of the configuration")
    sha256: Sha256 | None = Field(None, description="of the file; its pin")
    cell: str = Field(min_length=1, description="the cell; means are taken of each, then over them")
    sweeps: tuple[int, ...] | None = Field(
        None, description="which sweeps, from 0; null: all. In text each column is one"
    )
    amplitude: FiniteFloat | tuple[FiniteFloat, ...] | None = Field(
        None,
        description="the stimulus' current on top of holding (nA), or that of each sweep; null: as "
        "the recorded current says",
    )

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        amplitudes, sweeps = self.amplitude, self.sweeps
        if isinstance(amplitudes, tuple) and (sweeps is None or len(sweeps) != len(amplitudes)):
            raise ValueError("amplitude: a list goes with `sweeps`: a number for each of them")
        return self

    def amplitude_of(self, position: int) -> float | None:
        """The amplitude of one of its sweeps, if it is given."""
        given = self.amplitude
        return given[position] if isinstance(given, tuple) else given


class RecordingSet(Conventions):
    """Recordings that are judged together; an entry of `config/recordings.yaml`."""

    title: str = Field("", description="what was recorded")
    citation: str = Field("", description="whom to cite")
    recordings: tuple[RecordingFile, ...] = Field(min_length=1, description="its files")

    def each(self) -> list[RecordingFile]:
        """Its recordings, with what is said of the set as a whole."""
        shared = {key: value for key in Conventions.model_fields if (value := getattr(self, key))}
        own = (one.model_dump(exclude_none=True) for one in self.recordings)
        return [RecordingFile.model_validate(shared | one) for one in own]

    def of_protocol(self, protocol: str) -> list[RecordingFile]:
        """Those made under a protocol; all of them where there is none."""
        return [one for one in self.each() if not protocol or one.protocol == protocol]


class Recorded(Settings):
    """Which recordings show what happens under a protocol."""

    protocol: Name | None = Field(
        None, description="their protocol, where it has another name than this one"
    )
    amplitude: FiniteFloat | None = Field(None, description="only those with this current (nA)")
    relative: Positive | None = Field(
        None, description="only those with this multiple of their cell's rheobase"
    )
    within: Positive = Field(
        0.1, description="how far off that may be: nA, or multiples of rheobase"
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.amplitude is not None and self.relative is not None:
            raise ValueError("give either `amplitude` or `relative`")
        return self

    def takes(self, amplitude: float | None, relative: float | None) -> bool:
        """Whether a recording with this amplitude is one of them."""
        for wanted, found in ((self.amplitude, amplitude), (self.relative, relative)):
            if wanted is not None and (found is None or abs(found - wanted) > self.within):
                return False
        return True


def check_pin(folder: Path, recording: RecordingFile) -> Path:
    """The file of a recording.

    Raises
    ------
    ConfigurationError
        If it is not there, has no pin, or another one.
    """
    path = within(folder, folder / recording.file)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    if recording.sha256 is None:
        raise ConfigurationError(f"{recording.file}: has no pin; write `sha256: {found}`")
    if recording.sha256.lower() != found:
        raise ConfigurationError(
            f"{recording.file}: is not the file that was pinned; its sha256 is {found}"
        )
    return path
