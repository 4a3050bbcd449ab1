"""Recordings, measured as simulations are: what targets take from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dendroflow.analysis.recording_files import Sweep, read_sweeps
from dendroflow.errors import ConfigurationError
from dendroflow.features.extract import extract
from dendroflow.settings.base import naming
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.features import EfelSettings, FeatureBlock, Features
from dendroflow.settings.recordings import FILE, Recorded, RecordingFile, RecordingSet, check_pin
from dendroflow.tables.recordings import RECORDED, TRACES_BESIDE
from dendroflow.tables.schemas import OUTCOMES, TRACES, column_under

Array = NDArray[np.float64]

# Features of a spike's shape or time need samples as close as eFEL's own step (ms).
FINE = 0.1
COARSE_WILL_DO = frozenset(
    {
        *("Spikecount", "spike_count", "mean_frequency", "voltage_base", "steady_state_voltage"),
        *("steady_state_voltage_stimend", "voltage_deflection", "voltage_deflection_begin"),
        *("voltage_deflection_vb_ssse", "sag_amplitude", "sag_ratio1", "sag_ratio2"),
        *("ohmic_input_resistance", "ohmic_input_resistance_vb_ssse", "voltage_after_stim"),
        *("minimum_voltage", "maximum_voltage", "maximum_voltage_from_voltagebase"),
        *("decay_time_constant_after_stim", "time_constant", "depol_block", "depol_block_bool"),
    }
)
# How long before its peak a spike begins to rise, at most (ms).
RISE = 5.0
# A step of current is where it is farther from holding than half of its largest deviation.
HALF = 0.5


@dataclass(frozen=True)
class Measured:
    """A sweep of a recording, as it belongs to a protocol.

    Attributes
    ----------
    sweep
        samples, potential (mV) and current (nA).
    window
        start and end of its stimulus (ms).
    amplitude
        of its stimulus, on top of holding (nA).
    spikes
        within the window.
    rheobase
        of its cell (nA), and whether it spikes below a current at which the cell did not.
    """

    recording: RecordingFile
    number: int
    sweep: Sweep
    window: tuple[float, float] | None
    amplitude: float | None
    spikes: int | None = None
    rheobase: float | None = None
    suspicious: bool = False

    @property
    def relative(self) -> float | None:
        """Its amplitude in multiples of rheobase."""
        if self.amplitude is None or not self.rheobase:
            return None
        return self.amplitude / self.rheobase


def measure_recordings(
    folder: Path, experiment: Experiment, sets: Mapping[str, RecordingSet]
) -> tuple[pa.Table, pa.Table, dict[str, dict[str, Any]]]:
    """Measure the recordings that targets name, with the features of their protocols.

    Parameters
    ----------
    folder
        of the configuration.
    sets
        the catalogue.

    Returns
    -------
    tuple
        a table of `RECORDED`; one of `TRACES_BESIDE`; and for each target of recordings `mean`,
        `measured_sd` (sample SD over cells; None for one cell), `sd` (the same, or the least that
        the target gives), `cells` (the mean of each), and `sweeps`, their number.

    Raises
    ------
    ConfigurationError
        One line that names the recording: a file that is lost or another one, what does not fit
        the protocol, or a target that nothing was recorded for.
    """
    rows: list[dict[str, Any]] = []
    traces: list[dict[str, Any]] = []
    for name, protocol in experiment.recorded:
        wanted = experiment.recorded_under(protocol)
        features = experiment.measured[protocol]
        with naming(f"{folder / FILE}: {name}"):
            found = list(_sweeps(folder, sets[name], wanted, protocol, features))
            if wanted.relative is not None:
                found = with_rheobases(found)
        for one in found:
            own = {
                "recordings": name,
                "protocol": protocol,
                "cell": one.recording.cell,
                "file": one.recording.file,
                "sweep": one.number,
                "amplitude": one.amplitude,
                "spikes": one.spikes,
                "rheobase": one.rheobase,
                "relative": one.relative,
                "suspicious": one.suspicious,
                "used": wanted.takes(one.amplitude, one.relative),
            }
            if not own["used"]:
                rows.append(own)
                continue
            with naming(f"{folder / FILE}: {name}: {one.recording.file}: sweep {one.number}"):
                shifted, asked = _as_under(one, features)
                values = _features_of(shifted, one, asked)
            rows += [own | {"feature": k, "value": v} for k, v in values.items()]
            traces.append(
                {key: own[key] for key in ("recordings", "protocol", "cell", "file", "sweep")}
                | {"signal": _signal(one.recording, features), "t0": shifted, "dt": one.sweep.dt}
                | {"values": one.sweep.potential}
            )
    table = pa.Table.from_pylist(rows, schema=RECORDED)
    return (
        table,
        pa.Table.from_pylist(traces, schema=TRACES_BESIDE),
        statistics(table, experiment),
    )


def statistics(table: pa.Table, experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Mean and SD of each target that recordings give, over cells.

    Parameters
    ----------
    table
        of `RECORDED`.
    """
    found = {}
    rows = [row for row in table.to_pylist() if row["used"] and row["value"] is not None]
    for column, target in experiment.targets.items():
        if not target.recordings:
            continue
        name, protocol = target.set_name, experiment.protocol_of(column)
        cells: dict[str, list[float]] = {}
        for row in rows:
            there = (row["recordings"], column_under(row["protocol"], row["feature"]))
            if there == (name, column) and row["protocol"] == protocol:
                cells.setdefault(row["cell"], []).append(row["value"])
        where = f"targets: {column.replace('_', '.', 1) if protocol else column}: recordings {name}"
        if not cells:
            raise ConfigurationError(f"{where}: none of those that are used has this feature")
        means = {cell: fmean(values) for cell, values in cells.items()}
        sd = stdev(means.values()) if len(means) > 1 else None
        if target.sd is None and not sd:
            why = "one cell" if sd is None else "the same in all cells"
            raise ConfigurationError(
                f"{where}: {why}, so there is no SD; give `sd` beside `from`, which stands for "
                "the least"
            )
        found[column] = {
            "mean": fmean(means.values()),
            "sd": max(sd or 0.0, target.sd or 0.0),
            "measured_sd": sd,
            "cells": means,
            "sweeps": sum(map(len, cells.values())),
        }
    return found


def rheobase(amplitudes: Sequence[float], spikes: Sequence[int]) -> tuple[float | None, set[float]]:
    """The smallest current (nA) from which on all recordings of a cell have spikes.

    Returns
    -------
    tuple
        the rheobase, None where the cell never spikes at the largest current or nothing below it
        is silent; and smaller currents at which it spiked, which are suspicious.
    """
    silent = {a for a, n in zip(amplitudes, spikes, strict=True) if not n}
    firing = {a for a, n in zip(amplitudes, spikes, strict=True) if n} - silent
    if not silent:
        return None, set()
    above = {a for a in firing if a > max(silent)}
    return min(above, default=None), firing - above


def with_rheobases(sweeps: Sequence[Measured]) -> list[Measured]:
    """The same, each with the rheobase of its cell."""
    by_cell: dict[str, list[Measured]] = {}
    for one in sweeps:
        if one.amplitude is None or one.spikes is None:
            raise ConfigurationError(
                f"{one.recording.file}: amplitude: give it, or record the current: it is compared "
                "with the rheobase of the cell"
            )
        by_cell.setdefault(one.recording.cell, []).append(one)
    found = {
        cell: rheobase([s.amplitude or 0.0 for s in own], [s.spikes or 0 for s in own])
        for cell, own in by_cell.items()
    }
    return [
        replace(
            one,
            rheobase=found[one.recording.cell][0],
            suspicious=one.amplitude in found[one.recording.cell][1],
        )
        for one in sweeps
    ]


def without_noise(
    potential: Array, dt: float, threshold: float, height: float | None, slope: float | None
) -> Array:
    """Cut off at the threshold what crosses it without being a spike.

    Parameters
    ----------
    potential
        shape (n,), mV; samples dt (ms) apart.
    threshold
        eFEL's, mV.
    height, slope
        what a spike has at least: how far it rises within 5 ms (mV), and its largest slope there
        (mV/ms).

    Returns
    -------
    array of shape (n,)
        in which eFEL finds the true spikes alone.
    """
    above = np.concatenate([[False], potential > threshold, [False]])
    begins, ends = np.flatnonzero(above[1:] & ~above[:-1]), np.flatnonzero(above[:-1] & ~above[1:])
    cut = potential.copy()
    before = 0
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        first = max(before, begin - int(RISE / dt), 0)
        rise = potential[first : begin + int(np.argmax(potential[begin:end])) + 1]
        tall = height is None or rise.max() - rise.min() >= height
        fast = slope is None or (np.diff(rise) / dt).max(initial=0.0) >= slope
        if not (tall and fast):
            cut[begin:end] = threshold
        before = end
    return cut


def _sweeps(
    folder: Path, of: RecordingSet, wanted: Recorded, protocol: str, features: Features
) -> Iterator[Measured]:
    for recording in of.of_protocol(wanted.protocol or protocol):
        path = check_pin(folder, recording)
        threshold = next((b.settings.Threshold for b in features.blocks if b.efel), None)
        for position, whole in enumerate(read_sweeps(path, recording)):
            sweep, number = whole, recording.sweeps[position] if recording.sweeps else position
            if threshold is not None and (
                recording.least_spike_height or recording.least_spike_slope
            ):
                limits = (recording.least_spike_height, recording.least_spike_slope)
                cut = without_noise(whole.potential, whole.dt, threshold, *limits)
                sweep = whole._replace(potential=cut)
            window = recording.window or _window_of_current(sweep)
            amplitude = recording.amplitude_of(position)
            if amplitude is None and window and sweep.current is not None:
                amplitude = _amplitude(sweep.current, sweep.dt, window)
            one = Measured(recording, number, sweep, window, amplitude)
            if wanted.relative is not None:
                one = replace(one, spikes=_spikes(one, features))
            yield one


def _window_of_current(sweep: Sweep) -> tuple[float, float] | None:
    """Where a recorded current is stepped, if it is."""
    if sweep.current is None:
        return None
    size = np.abs(sweep.current - np.median(sweep.current[: max(3, len(sweep.current) // 50)]))
    there = np.flatnonzero(size > HALF * size.max())
    if not size.max() or not there[0]:
        return None
    return float(there[0]) * sweep.dt, float(there[-1] + 1) * sweep.dt


def _amplitude(current: Array, dt: float, window: tuple[float, float]) -> float | None:
    start, end = (round(time / dt) for time in window)
    inside, outside = current[start:end], current[:start]
    if not len(inside) or not len(outside):
        return None
    return float(np.median(inside) - np.median(outside))


def _spikes(one: Measured, features: Features) -> int:
    """How often it spikes within its window, with the settings of the protocol's features."""
    settings = next((b.settings for b in features.blocks if b.efel), EfelSettings())
    block = FeatureBlock.model_validate(
        {
            "signal": _signal(one.recording, features),
            "stimulus": _windowed(one),
            "efel": ["Spikecount"],
            "settings": settings.model_dump() | {"strict_stiminterval": True},
        }
    )
    return int(_features_of(0.0, one, Features((block,)))["Spikecount"] or 0)


def _windowed(one: Measured) -> tuple[float, float]:
    if one.window is None:
        raise ConfigurationError(
            f"{one.recording.file}: window: give start and end of its stimulus; no recorded "
            "current says them"
        )
    return one.window


def _signal(recording: RecordingFile, features: Features) -> str:
    """The model's signal that a recording stands for."""
    signals = sorted({block.signal for block in features.blocks})
    if recording.signal is None and len(signals) > 1:
        raise ConfigurationError(
            f"{recording.file}: signal: say which of {', '.join(signals)} it stands for"
        )
    if recording.signal is not None and recording.signal not in signals:
        raise ConfigurationError(
            f"{recording.file}: signal: nothing is measured on {recording.signal}; there are "
            f"{', '.join(signals)}"
        )
    return recording.signal or signals[0]


def _as_under(one: Measured, features: Features) -> tuple[float, Features]:
    """The time of its first sample under the protocol, and what is measured on it.

    Its stimulus begins where the protocol's does, and ends where it ends itself.
    """
    signal = _signal(one.recording, features)
    blocks = [b for b in features.blocks if b.signal == signal and not b.propagation]
    whole = next((window for b in blocks if (window := b.stimulus or b.window)), None)
    if whole is None:
        return 0.0, Features(tuple(blocks))
    start, end = _windowed(one)
    own = {whole: (whole[0], whole[0] + end - start)}
    asked = []
    for block in blocks:
        if block.efel and one.sweep.dt > FINE * (1 + 1e-9):
            for name in block.efel:
                if name not in COARSE_WILL_DO:
                    raise ConfigurationError(
                        f"is sampled every {one.sweep.dt:g} ms; {name} needs {FINE:g} ms or finer"
                    )
        settings = block.settings
        if settings.stimulus_current is not None and one.amplitude:
            settings = settings.model_copy(update={"stimulus_current": one.amplitude})
        update = {
            "stimulus": own.get(block.stimulus, block.stimulus) if block.stimulus else None,
            "window": own.get(block.window, block.window) if block.window else None,
            "settings": settings,
        }
        asked.append(block.model_copy(update=update))
    return whole[0] - start, Features(tuple(asked))


def _features_of(t0: float, one: Measured, asked: Features) -> dict[str, float | None]:
    """Its features; null where one does not exist.

    Raises
    ------
    ConfigurationError
        If it cannot be measured, such as outside of what was recorded.
    """
    point = {"point_id": "recording"}
    outcome = point | {"status": "ok"}
    rows = [
        point
        | {"signal": signal, "unit": "mV", "t0": t0, "dt": one.sweep.dt}
        | {"values": one.sweep.potential}
        for signal in {block.signal for block in asked.blocks}
    ]
    (found,) = extract(
        pa.Table.from_pylist(rows, schema=TRACES),
        pa.Table.from_pylist([outcome], schema=OUTCOMES),
        {"": asked},
    ).to_pylist()
    if found["status"] != "ok":
        raise ConfigurationError(str(found["error"]))
    return {column: found[column] for column in asked.columns}
