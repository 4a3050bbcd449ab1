"""Stimuli at places of a cell, as an experiment declares them; ms, nA, mV, Hz."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dendroflow.errors import ModelError
from dendroflow.kernel.playback import play
from dendroflow.kernel.toolkit import current_step

Array = NDArray[np.float64]
Values = Mapping[str, Any]
# What has a current, and what must live as long as it.
Made = tuple[Any, list[Any]]

# A duration that outlasts every run (ms).
ALWAYS = 1e9


def create(stimulus: Values, segment: Any, stream: tuple[int, int, int], folder: Path) -> Made:
    """Create a stimulus.

    Parameters
    ----------
    stimulus
        `kind`, and the values of its keys; see `settings.stimuli`.
    stream
        keys of the Random123 stream that is its own.
    folder
        of the model, in which the files of stimuli lie.

    Returns
    -------
    object, list
        what has the current `i` (nA), and what must be kept for as long as it shall act.
    """
    return _KINDS[stimulus["kind"]](stimulus, segment, stream, folder)


def _step(s: Values, segment: Any, *_: Any) -> Made:
    clamp = current_step(segment, s["delay"], s["duration"], s["amplitude"])
    return clamp, [clamp]


def _ramp(s: Values, segment: Any, *_: Any) -> Made:
    start, end = s["delay"], s["delay"] + s["duration"]
    return _injected(segment, [start, start, end, end], [0, s["start"], s["amplitude"], 0])


def _pulses(s: Values, segment: Any, *_: Any) -> Made:
    starts = s["delay"] + s["interval"] * np.arange(s["number"])
    times = np.column_stack([starts, starts, starts + s["width"], starts + s["width"]]).ravel()
    return _injected(segment, times, np.tile([0, 1, 1, 0], s["number"]) * s["amplitude"])


def _sine(s: Values, segment: Any, *_: Any) -> Made:
    def wave(t: Array) -> Array:
        phase = np.radians(s["phase"]) + 2 * math.pi * s["frequency"] * t / 1000
        return np.asarray(s["offset"] + s["amplitude"] * np.sin(phase))

    return _sampled(s, segment, wave)


def _chirp(s: Values, segment: Any, *_: Any) -> Made:
    def wave(t: Array) -> Array:
        rise = (s["last_frequency"] - s["frequency"]) / s["duration"]
        turns = (s["frequency"] + rise * t / 2) * t / 1000
        return np.asarray(s["amplitude"] * np.sin(2 * math.pi * turns))

    return _sampled(s, segment, wave)


def _noise(s: Values, segment: Any, stream: tuple[int, int, int], _: Path) -> Made:
    """An Ornstein-Uhlenbeck process, by its exact transitions, from its stationary state on."""

    def wave(t: Array) -> Array:
        from neuron import h
        from scipy.signal import lfilter

        random = h.Random()
        random.Random123(*stream)
        random.normal(0, 1)
        numbers = np.array(h.Vector(len(t)).setrand(random))
        kept = math.exp(-s["sampling"] / s["tau"])
        fresh = s["sd"] * math.sqrt(1 - kept**2) * numbers
        fresh[0] = s["sd"] * numbers[0]
        return np.asarray(s["mean"] + lfilter([1.0], [1.0, -kept], fresh))

    return _sampled(s, segment, wave)


def _trace(s: Values, segment: Any, _: Any, folder: Path) -> Made:
    times, values = _table(folder / s["file"], 2).T
    return _injected(segment, s["delay"] + times, s["scale"] * values)


def _voltage_clamp(s: Values, segment: Any, _: Any, folder: Path) -> Made:
    from neuron import h

    clamp = h.SEClamp(segment)
    clamp.rs, clamp.dur1, clamp.amp1 = s["resistance"], ALWAYS, s["holding"]
    if s["file"] is not None:
        times, values = _table(folder / s["file"], 2).T
        return clamp, [clamp, play(clamp._ref_amp1, s["delay"] + times, values)]
    clamp.dur1, clamp.dur2, clamp.amp2 = s["delay"], s["duration"], s["voltage"]
    clamp.dur3, clamp.amp3 = ALWAYS, s["holding"]
    return clamp, [clamp]


def _synapse(s: Values, segment: Any, stream: tuple[int, int, int], folder: Path) -> Made:
    from neuron import h

    if s["rise"] is None:
        synapse = h.ExpSyn(segment)
        synapse.tau = s["decay"]
    else:
        synapse = h.Exp2Syn(segment)
        synapse.tau1, synapse.tau2 = s["rise"], s["decay"]
    synapse.e = s["reversal"]
    if s["file"] is not None:
        times = s["delay"] + _table(folder / s["file"], 1)[:, 0]
        netcon = h.NetCon(None, synapse, 0, 0, s["weight"])
        handler = h.FInitializeHandler(lambda: [netcon.event(time) for time in times])
        return synapse, [synapse, netcon, handler]
    source = h.NetStim()
    source.start, source.interval, source.number = s["delay"], s["interval"], s["number"]
    source.noise = s["noise"]
    source.noiseFromRandom123(*stream)
    return synapse, [synapse, source, h.NetCon(source, synapse, 0, 0, s["weight"])]


_KINDS: dict[str, Callable[..., Made]] = {
    "step": _step,
    "ramp": _ramp,
    "pulses": _pulses,
    "sine": _sine,
    "chirp": _chirp,
    "noise": _noise,
    "trace": _trace,
    "voltage_clamp": _voltage_clamp,
    "synapse": _synapse,
}


def _injected(segment: Any, times: Any, amplitudes: Any) -> Made:
    """A current that goes along straight lines, from the first time to the last."""
    clamp = current_step(segment, 0.0, ALWAYS, 0.0)
    return clamp, [clamp, play(clamp._ref_amp, times, amplitudes)]


def _sampled(s: Values, segment: Any, wave: Callable[[Array], Array]) -> Made:
    """A current that follows `wave` of the time since its beginning."""
    times = np.arange(0, s["duration"] + s["sampling"] / 2, s["sampling"])
    ends = s["delay"] + times[[0, -1]]
    amplitudes = np.concatenate([[0.0], wave(times), [0.0]])
    return _injected(segment, np.concatenate([ends[:1], s["delay"] + times, ends[1:]]), amplitudes)


def _table(path: Path, columns: int) -> Array:
    """Numbers of a text file, separated by commas or blanks; shape (rows, columns)."""
    try:
        text = path.read_text(encoding="utf-8").replace(",", " ")
        found = np.loadtxt(text.splitlines(), ndmin=2)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as a table of numbers: {error}") from error
    if not np.isfinite(found).all():
        raise ModelError(f"{path}: holds what is no finite number")
    if found.shape[1] != columns or (np.diff(found[:, 0]) < 0).any():
        what = "times" if columns == 1 else "times and values"
        raise ModelError(f"{path}: must have {columns} columns, {what}, times in ascending order")
    return found
