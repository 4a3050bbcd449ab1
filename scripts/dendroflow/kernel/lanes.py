"""Many independent cells advanced together by one NEURON process."""

import gc
import logging
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dendroflow.errors import ModelError, in_words
from dendroflow.kernel.globals import NotSharedError, known_globals
from dendroflow.kernel.model import BuildContext, Model, RecordedSignal, reference_of
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.kernel.sections import Sections
from dendroflow.kernel.stimuli import create

# An engine that records at each of its steps drops those that nobody wants after so long.
PIECE_MS = 50.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What became of a point; fields as in `stores.schemas.OUTCOMES`."""

    point_id: str
    status: str
    error: str | None
    runtime_s: float | None
    compartments: int | None
    protocol: str = ""
    search: str | None = None


@dataclass(frozen=True)
class GroupResult:
    """Outcomes of a group of points in their order, and the columns of their traces.

    Where features were extracted on the spot they stand for the traces.

    Attributes
    ----------
    close
        in what it is not to the last bit what was expected.
    samples
        that a point has recorded, at most.
    left
        names and values of the globals of mechanisms after the run.
    """

    outcomes: tuple[Outcome, ...]
    traces: dict[str, pa.Array]
    features: pa.Table | None = None
    close: str = ""
    samples: int = 0
    left: Sequence[tuple[str, float]] = ()


class GroupFailedError(Exception):
    """The solver stopped with an error: some lane of the group is to blame."""


class _SignalError(Exception):
    """A signal that cannot be kept, and what becomes of its point."""

    def __init__(self, text: str, status: str = "failed") -> None:
        super().__init__(text)
        self.status = status


@dataclass
class _Lane:
    point: Point
    context: BuildContext
    cell: Model | None = None
    compartments: int | None = None
    status: str = "ok"
    error: str | None = None

    def end(self, error: Exception) -> None:
        """Note what has become of it, unless something has before."""
        if self.status == "ok":
            self.status = getattr(error, "status", "failed")
            self.error = str(error) if isinstance(error, _SignalError) else in_words(error)


class _Trace(NamedTuple):
    lane: _Lane
    recording: RecordedSignal
    values: np.ndarray


def run_together(
    model: type[Model],
    points: Sequence[Point],
    morphologies: Mapping[str, Sections],
    plausible: Mapping[str, tuple[float, float]],
    *,
    record: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    folder: Path = Path(),
    coreneuron: bool = False,
    alone: bool = False,
) -> GroupResult:
    """Simulate points that share their settings, as lanes of this process.

    With a fixed step every lane gets bit for bit what it would get alone.

    Parameters
    ----------
    morphologies
        their sections, by name.
    plausible
        unit -> range; a signal that leaves it makes its point `out_of_range`.
    record
        signal -> what an experiment records without the model's doing; see `settings.stimuli`.
    folder
        of the model, with the files of stimuli.
    coreneuron
        whether CoreNEURON advances the cells instead of NEURON.
    alone
        whether the process is that of one point, and ends with it.

    Raises
    ------
    GroupFailedError
        If the solver stops with an error; which lane is to blame is not known.
    NotSharedError
        If these cells share something with each other, or with cells to come.
    SettingChangedError
        If the model sets what belongs to the experiment.
    """
    settings = points[0].settings
    start = time.perf_counter()
    shared = known_globals()
    shared.begin(settings)
    if coreneuron or "neuron.coreneuron" in sys.modules:
        from neuron import coreneuron as core

        # Where the order of compartments changes, so do the last bits.
        core.enable, core.verbose, core.cell_permute = coreneuron, 0, 0
    lanes = []
    for point in points:
        lanes.append(_build(model, point, morphologies, coreneuron))
        if lanes[-1].cell is not None and (point.stimuli or record):
            _stimulate(lanes[-1], record, folder)
        shared.compare(alone=alone, failed=lanes[-1].cell is None)
    shared.begin_run()
    _count_compartments(lanes, alone=alone)
    built = [lane for lane in lanes if lane.cell is not None]
    kept, failure = _advance(model, built, settings) if built else (None, None)
    if failure is not None:
        _clear(lanes, alone=alone)
        raise GroupFailedError(failure)
    left = shared.end_run()
    traces = [trace for lane in built if lane.status == "ok" for trace in _read(lane)]
    samples = np.concatenate([trace.values for trace in traces] or [np.empty(0)])
    ends = np.cumsum([0, *(len(trace.values) for trace in traces)])
    _judge(traces, samples, ends, plausible)
    columns = _columns(traces, samples, ends, settings)
    # The traces are views of NEURON's vectors, which go now.
    del kept, traces
    _clear(lanes, alone=alone)
    runtime = (time.perf_counter() - start) / len(points)
    return GroupResult(
        tuple(
            Outcome(
                lane.point.point_id,
                lane.status,
                lane.error,
                runtime,
                lane.compartments,
                lane.point.protocol,
            )
            for lane in lanes
        ),
        columns,
        samples=math.ceil(len(samples) / len(points)),
        left=left,
    )


def _build(
    model: type[Model], point: Point, morphologies: Mapping[str, Sections], coreneuron: bool
) -> _Lane:
    sections = morphologies[point.morphology] if point.morphology is not None else None
    settings = point.settings
    step = settings.dt if coreneuron else None
    context = BuildContext(point.seed, sections, settings.sampling, settings.variable_step, step)
    lane = _Lane(point, context)
    try:
        cell = model(context)
        cell.p = model.Parameters(**point.parameters)
        cell.build(cell.p)
    except Exception as error:
        logger.info("point %s: build failed", point.point_id, exc_info=True)
        lane.end(error)
        context.clear()
        return lane
    lane.cell = cell
    return lane


def _stimulate(lane: _Lane, record: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Create what the experiment does at places of a cell, and record what it wants to know."""
    context, currents, cell = lane.context, {}, lane.cell
    assert cell is not None
    try:
        for k, (name, stimulus) in enumerate(lane.point.stimuli.items()):
            # Models take streams whose third key is 0.
            stream = (lane.point.seed, k, 1)
            currents[name], kept = create(stimulus, context.places[stimulus["at"]], stream, folder)
            context.handlers += kept
        for signal, what in record.items():
            if what["stimulus"] is not None:
                if what["stimulus"] not in currents:
                    # This protocol does without it.
                    continue
                reference = currents[what["stimulus"]]._ref_i
            else:
                reference = reference_of(context.places[what["at"]], what["variable"])
            cell._record(signal, reference, context.sampling, unit=what["unit"])
    except KeyError as error:
        lane.end(ModelError(f"build has not named the place {error} by self.place"))
    except Exception as error:
        lane.end(error)
    if lane.status != "ok":
        lane.cell = None
        context.clear()


def _count_compartments(lanes: Sequence[_Lane], *, alone: bool) -> None:
    from neuron import h

    sizes: dict[int, int] = {}
    for section in h.allsec():
        owner = section.cell()
        if owner is None and not (alone or section.is_pysec()):
            raise NotSharedError(f"hoc creates section {section} outside of a template")
        sizes[id(owner)] = sizes.get(id(owner), 0) + section.nseg
    species = getattr(sys.modules.get("neuron.rxd.species"), "_all_species", ())
    if not alone and any(one() is not None for one in species):
        raise NotSharedError("build uses rxd; in build_rxd, for all cells, it would be fast")
    built = [lane for lane in lanes if lane.cell is not None]
    own = [sizes.pop(id(lane.cell), 0) for lane in built]
    # Those of templates, and of nobody, are taken to be shared evenly.
    for lane, size in zip(built, own, strict=True):
        lane.compartments = size + math.ceil(sum(sizes.values()) / len(built))


def _advance(
    model: type[Model], lanes: Sequence[_Lane], settings: SolverSettings
) -> tuple[Any, str | None]:
    """Advance cells to the end; returns what has to be kept until they are read, and any error.

    Not raised, because its traceback would hold what the model has made.
    """
    from neuron import h

    try:
        kept = model.build_rxd([lane.cell for lane in lanes])
        if kept is None and model.builds_rxd():
            raise ModelError(
                "build_rxd returns nothing: return all that it creates, or rxd forgets it"
            )
        for lane in lanes:
            _refuse_missing_signals(model, lane)
        parallel = h.ParallelContext()
        parallel.set_maxstep(10)
        h.finitialize(settings.v_init)
        recorded = [recording for lane in lanes for recording in lane.context.recordings]
        thinned = [recording for recording in recorded if recording.kept is not None]
        for end in np.arange(PIECE_MS, settings.duration, PIECE_MS) if thinned else ():
            parallel.psolve(float(end))
            for recording in thinned:
                recording.thin()
        parallel.psolve(settings.duration)
        if h.t < settings.duration - 1.5 * settings.dt:
            raise RuntimeError(f"the solver stopped at {h.t:g} of {settings.duration:g} ms")
    except Exception as error:
        logger.info("a group of %d points failed", len(lanes), exc_info=True)
        return None, in_words(error)
    return kept, None


def _refuse_missing_signals(model: type[Model], lane: _Lane) -> None:
    missing = set(model.signals) - {recording.signal for recording in lane.context.recordings}
    if missing:
        lane.end(ModelError(f"signals {sorted(missing)} are declared but not recorded"))
        lane.context.clear()


def _read(lane: _Lane) -> list[_Trace]:
    """What a lane has recorded, up to the first signal that cannot be read."""
    traces = []
    for recording in lane.context.recordings:
        try:
            traces.append(_Trace(lane, recording, _values(recording)))
        except Exception as error:
            lane.end(_SignalError(f"signal {recording.signal}: {in_words(error)}"))
            break
    return traces


def _values(recording: RecordedSignal) -> np.ndarray:
    """The samples of a recording; none where a function says that there is nothing."""
    if recording.function is not None:
        value = recording.function()
        return np.array([] if value is None else [float(value)])
    if recording.samples is not None:
        return np.array(recording.samples, dtype=float)
    if recording.kept is not None:
        recording.thin()
        return np.concatenate([values for _, values in recording.kept])
    # Not `as_numpy`, which leaks half a kB each time.
    return np.asarray(recording.vector)


def _judge(
    traces: Sequence[_Trace],
    samples: np.ndarray,
    ends: np.ndarray,
    plausible: Mapping[str, tuple[float, float]],
) -> None:
    """End the lanes whose signals are missing, not finite, or not plausible."""
    recorded = np.flatnonzero(np.diff(ends))
    low, high = np.zeros((2, len(traces)))
    if len(recorded):
        low[recorded] = np.minimum.reduceat(samples, ends[recorded])
        high[recorded] = np.maximum.reduceat(samples, ends[recorded])
    for trace, least, largest in zip(traces, low.tolist(), high.tolist(), strict=True):
        try:
            _check_trace(trace, least, largest, plausible)
        except _SignalError as error:
            trace.lane.end(error)


def _check_trace(
    trace: _Trace,
    least: float,
    largest: float,
    plausible: Mapping[str, tuple[float, float]],
) -> None:
    recording, found = trace.recording, len(trace.values)
    low, high = plausible.get(recording.unit, (-math.inf, math.inf))
    settings = trace.lane.point.settings
    expected = round(settings.duration / (recording.sampling or settings.dt)) + 1
    # What a function measures need not exist, and CVODE takes as many steps as it needs.
    counted = recording.function is None and recording.times is None
    if counted and not (found and abs(found - expected) <= 1):
        raise _SignalError(f"{_named(recording)} has {found} samples, and not {expected}")
    if found and not (math.isfinite(least) and math.isfinite(largest)):
        raise _SignalError(f"{_named(recording)} is not a finite number throughout", "nonfinite")
    if found and (least < low or largest > high):
        raise _SignalError(
            f"{_named(recording)} reaches {least if least < low else largest:g} {recording.unit}, "
            f"outside the plausible {low:g} to {high:g} {recording.unit}",
            "out_of_range",
        )


def _named(recording: RecordedSignal) -> str:
    where = f" at {recording.location}" if recording.location else ""
    return f"signal {recording.signal}{where}"


def _columns(
    traces: Sequence[_Trace], samples: np.ndarray, ends: np.ndarray, settings: SolverSettings
) -> dict[str, pa.Array]:
    """The columns of TRACES for one group; the samples lie end to end and are not copied."""
    recordings = [trace.recording for trace in traces]
    times = [None if r.times is None else np.array(r.times) for r in recordings]
    steps = [None if r.times is not None else r.sampling or settings.dt for r in recordings]
    starts = [0.0 if r.function is None else settings.duration for r in recordings]
    return {
        "point_id": pa.array([trace.lane.point.point_id for trace in traces], pa.string()),
        "signal": pa.array([r.signal for r in recordings], pa.string()),
        "unit": pa.array([r.unit for r in recordings], pa.string()),
        "location": pa.array([r.location for r in recordings], pa.string()),
        "outline": pa.array([r.outline for r in recordings], pa.list_(pa.float32())),
        "t0": pa.array(starts, pa.float64()),
        "dt": pa.array(steps, pa.float64()),
        "t": pa.array(times, pa.list_(pa.float64())),
        "values": pa.ListArray.from_arrays(ends.astype(np.int32), pa.array(samples)),
    }


def _clear(lanes: Sequence[_Lane], *, alone: bool) -> None:
    """Delete the cells; what is left of them would be simulated with the next group."""
    from neuron import h

    if alone:
        return
    for lane in lanes:
        lane.context.clear()
        if lane.cell is not None:
            # NEURON's handlers hold Python callables where the garbage collector cannot look.
            vars(lane.cell).clear()
        lane.cell = None
    if any(True for _ in h.allsec()):
        gc.collect()
    if any(True for _ in h.allsec()):
        names = ", ".join(list(dict.fromkeys(map(str, h.allsec())))[:3])
        raise NotSharedError(f"sections {names} outlive their cell: keep them in `self` only")
