"""Reading recordings: text by pandas; ABF, NWB and IBW by Neo."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dendroflow.errors import ConfigurationError, in_words
from dendroflow.settings.base import nearest
from dendroflow.settings.recordings import RecordingFile

Array = NDArray[np.float64]

POTENTIAL = {"V": 1e3, "mV": 1.0, "uV": 1e-3}
CURRENT = {"A": 1e9, "mA": 1e6, "uA": 1e3, "nA": 1.0, "pA": 1e-3}
TIME = {"s": 1e3, "ms": 1.0, "us": 1e-3}
# How unevenly samples of a text file may lie, in parts of their step.
UNEVEN = 1e-3
# Neo's reader of each format.
READERS = {".abf": "AxonIO", ".nwb": "NWBIO", ".ibw": "IgorIO"}


class Sweep(NamedTuple):
    """A recorded potential (mV), and the current (nA) where there is one; samples dt (ms) apart."""

    dt: float
    potential: Array
    current: Array | None


class _Channel(NamedTuple):
    name: str
    unit: str
    dt: float
    values: Array


def read_sweeps(path: Path, recording: RecordingFile) -> list[Sweep]:
    """The sweeps of a file that a recording asks for, junction potential and offset applied.

    Raises
    ------
    ConfigurationError
        One line that names the file and the key: a channel or a sweep that is not there, a unit
        that nobody says, samples that are missing or not finite.
    """
    text = path.suffix in (".csv", ".txt")
    channels = list(_columns(path, recording) if text else _signals(path, recording))
    potentials = _chosen(channels, recording.channel, POTENTIAL, recording.unit, "channel")
    if not potentials:
        raise ConfigurationError(
            f"{recording.file}: nobody says that a channel is a potential: give `channel` and "
            f"`unit`; {_listed(channels)}"
        )
    rest = [one for one in channels if all(one is not other for other in potentials)]
    currents = _chosen(rest, recording.current, CURRENT, recording.current_unit, "current")
    if len(currents) == 1:
        currents *= len(potentials)
    if currents and len(currents) != len(potentials):
        raise ConfigurationError(
            f"{recording.file}: has {len(potentials)} potentials and {len(currents)} currents: "
            "name those that belong together by `channel` and `current`"
        )
    shift = (recording.offset or 0.0) - (recording.ljp or 0.0)
    sweeps = []
    for position, one in enumerate(potentials):
        potential = one.values * _factor(recording, one, POTENTIAL, recording.unit, "unit") + shift
        current = None
        if currents:
            of = currents[position]
            current = of.values * _factor(
                recording, of, CURRENT, recording.current_unit, "current_unit"
            )
        sweeps.append(Sweep(one.dt, potential, current))
    for number in recording.sweeps or ():
        if not 0 <= number < len(sweeps):
            raise ConfigurationError(
                f"{recording.file}: sweeps: there is no {number}; it has {len(sweeps)}, from 0"
            )
    return [sweeps[number] for number in recording.sweeps or range(len(sweeps))]


def _factor(
    recording: RecordingFile,
    channel: _Channel,
    known: Mapping[str, float],
    given: str | None,
    key: str,
) -> float:
    unit = given or channel.unit
    if unit not in known:
        said = f"says {unit!r}" if unit else "does not say"
        raise ConfigurationError(
            f"{recording.file}: {key}: the file {said} what {channel.name or 'it'} is measured in; "
            f"give one of {', '.join(known)}"
        )
    return known[unit]


def _chosen(
    channels: list[_Channel],
    wanted: str | None,
    units: Mapping[str, float],
    given: str | None,
    key: str,
) -> list[_Channel]:
    """Those that are named; else those of such a unit, or all if nothing but the unit is given."""
    if wanted is None:
        of_unit = [one for one in channels if one.unit in units]
        unknown = [one for one in channels if one.unit not in {**POTENTIAL, **CURRENT}]
        return of_unit or (unknown if given else [])
    found = [one for one in channels if fnmatchcase(one.name, wanted)]
    if not found:
        raise ConfigurationError(
            f"{key}: there is no {wanted!r}{nearest(wanted, {one.name for one in channels})}"
        )
    return found


def _listed(channels: list[_Channel]) -> str:
    return "it has " + ", ".join(f"{one.name or 'one'} ({one.unit or '?'})" for one in channels)


def _columns(path: Path, recording: RecordingFile) -> Iterator[_Channel]:
    """The columns of a text file besides that of times; names may say units, as in `v (mV)`."""
    try:
        separator = "," if path.suffix == ".csv" else r"\s+"
        table = pd.read_csv(path, sep=separator, comment="#", skipinitialspace=True, header=None)
        if not all(map(_is_number, table.iloc[0])):
            table.columns = pd.Index(table.iloc[0].astype(str))
            table = table.iloc[1:]
        table = table.astype(float)
    except (ValueError, OSError, UnicodeError, pd.errors.ParserError) as error:
        raise ConfigurationError(f"{recording.file}: is no table: {in_words(error)}") from error
    named = [_name_and_unit(str(name)) for name in table.columns]
    values = table.to_numpy()
    if len(values) < 2 or not np.isfinite(values).all():
        raise ConfigurationError(f"{recording.file}: has too few samples, or some that are missing")
    first, dt = 0, recording.sampling
    if dt is None:
        unit = recording.time_unit or named[0][1]
        if unit not in TIME:
            raise ConfigurationError(
                f"{recording.file}: time_unit: nobody says what its first column is measured in; "
                f"give one of {', '.join(TIME)}, or `sampling` if it has no times"
            )
        steps = np.diff(values[:, 0]) * TIME[unit]
        first, dt = 1, float(steps.mean())
        if dt <= 0 or np.abs(steps - dt).max() > UNEVEN * dt:
            raise ConfigurationError(f"{recording.file}: its times are not evenly spaced")
    for column in range(first, values.shape[1]):
        yield _Channel(*named[column], dt, np.ascontiguousarray(values[:, column]))


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _name_and_unit(heading: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*?)\s*[(\[]\s*(\S+?)\s*[)\]]", heading.strip())
    return (found[1], found[2].replace("µ", "u")) if found else (heading.strip(), "")


def _signals(path: Path, recording: RecordingFile) -> Iterator[_Channel]:
    """All that Neo finds in a file, sweep after sweep."""
    import neo.io

    try:
        reader = getattr(neo.io, READERS[path.suffix])
        opened = reader(str(path), "r") if path.suffix == ".nwb" else reader(str(path))
        blocks = opened.read()
    except ImportError as error:
        raise ConfigurationError(
            f"{recording.file}: cannot be read without {error.name}: install dendroflow[nwb]"
        ) from error
    except Exception as error:  # whatever a reader raises about a file that is none
        raise ConfigurationError(
            f"{recording.file}: Neo cannot read it: {in_words(error)}"
        ) from error
    for segment in (segment for block in blocks for segment in block.segments):
        for signal in segment.analogsignals:
            unit = signal.units.dimensionality.string.replace("µ", "u")
            dt = float(signal.sampling_period.rescale("ms").magnitude)
            for column in np.asarray(signal.magnitude, dtype=float).T:
                if len(column) < 2 or not np.isfinite(column).all():
                    raise ConfigurationError(
                        f"{recording.file}: {signal.name} has too few samples, or some that are "
                        "not finite"
                    )
                yield _Channel(str(signal.name or ""), unit, dt, np.ascontiguousarray(column))
