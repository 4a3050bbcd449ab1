"""Many independent cells advanced together by one NEURON process."""

import gc
import logging
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dendroflow.errors import ModelError
from dendroflow.model import Geometry, Model, Recording, Site
from dendroflow.model.loading import reacts_together, refuse_shared_rxd

logger = logging.getLogger(__name__)

SECOND_ORDER = {"backward_euler": 0, "crank_nicolson": 2, "cvode": 0}


@dataclass(frozen=True)
class Clock:
    """NEURON's globals. Points that agree in them can be advanced together; ms, mV, °C."""

    duration: float
    dt: float
    v_init: float
    celsius: float
    solver: str
    atol: float
    rtol: float
    sampling: float | None

    @property
    def variable_step(self) -> bool:
        """Whether CVODE chooses the steps."""
        return self.solver == "cvode"


@dataclass(frozen=True)
class Point:
    """One set of parameter values, ready to run."""

    point_id: str
    parameters: Mapping[str, Any]
    clock: Clock
    seed: int
    morphology: str | None


@dataclass(frozen=True)
class Outcome:
    """What became of a point; fields as in `stores.schemas.OUTCOMES`."""

    point_id: str
    status: str
    error: str | None
    runtime_s: float | None
    compartments: int | None


@dataclass(frozen=True)
class GroupResult:
    """Outcomes of a group of points in their order, and the columns of their traces.

    Where features were extracted on the spot they stand for the traces.
    """

    outcomes: tuple[Outcome, ...]
    traces: dict[str, pa.Array]
    features: pa.Table | None = None


class GroupFailedError(Exception):
    """The solver stopped with an error: some lane of the group is to blame."""


@dataclass
class _Lane:
    point: Point
    site: Site
    cell: Model | None = None
    compartments: int | None = None
    error: str | None = None


def run_together(
    model: type[Model],
    points: Sequence[Point],
    geometries: Mapping[str, Geometry],
    plausible: Mapping[str, tuple[float, float]],
    *,
    coreneuron: bool = False,
) -> GroupResult:
    """Simulate points that share a clock, as lanes of this process.

    With a fixed step every lane gets bit for bit what it would get alone.

    Parameters
    ----------
    geometries
        by name of morphology.
    plausible
        unit -> range; a signal that leaves it makes its point `out_of_range`.
    coreneuron
        whether CoreNEURON advances the cells instead of NEURON.

    Raises
    ------
    GroupFailedError
        If the solver stops with an error; which lane is to blame is not known.
    ModelError
        If cells leave sections behind, so that later points would not be alone.
    """
    clock = points[0].clock
    start = time.perf_counter()
    _prepare(clock, coreneuron)
    lanes = [_build(model, point, geometries, coreneuron) for point in points]
    _count_compartments(lanes)
    built = [lane for lane in lanes if lane.cell is not None]
    kept, failure = _advance(model, built, clock) if built else (None, None)
    if failure is not None:
        _clear(lanes)
        raise GroupFailedError(failure)
    columns = _TraceColumns(clock, _samples(built))
    judged = [_judge(lane, columns, plausible) for lane in lanes]
    del kept
    _clear(lanes)
    runtime = (time.perf_counter() - start) / len(points)
    return GroupResult(
        tuple(
            Outcome(lane.point.point_id, status, error, runtime, lane.compartments)
            for lane, (status, error) in zip(lanes, judged, strict=True)
        ),
        columns.arrays(),
    )


def _prepare(clock: Clock, coreneuron: bool) -> None:
    """Put every global of NEURON that may decide a result into a known state."""
    from neuron import h

    h.celsius = clock.celsius
    h.dt = clock.dt
    h.secondorder = SECOND_ORDER[clock.solver]
    h.Random().Random123_globalindex(0)
    cvode = h.CVode()
    cvode.active(clock.variable_step)
    cvode.atol(clock.atol)
    cvode.rtol(clock.rtol)
    if coreneuron or "neuron.coreneuron" in sys.modules:
        from neuron import coreneuron as core

        core.enable, core.verbose = coreneuron, 0


def _build(
    model: type[Model], point: Point, geometries: Mapping[str, Geometry], coreneuron: bool
) -> _Lane:
    geometry = geometries[point.morphology] if point.morphology is not None else None
    clock = point.clock
    step = clock.dt if coreneuron else None
    site = Site(point.seed, geometry, clock.sampling, clock.variable_step, step)
    lane = _Lane(point, site)
    try:
        cell = model(site)
        cell.p = model.Parameters(**point.parameters)
        cell.build(cell.p)
        refuse_shared_rxd(model)
    except Exception as error:
        logger.info("point %s: build failed", point.point_id, exc_info=True)
        lane.error = _one_line(error)
        site.clear()
        return lane
    lane.cell = cell
    return lane


def _count_compartments(lanes: Sequence[_Lane]) -> None:
    from neuron import h

    sizes: dict[int, int] = {}
    for section in h.allsec():
        owner = id(section.cell())
        sizes[owner] = sizes.get(owner, 0) + section.nseg
    for lane in lanes:
        if lane.cell is not None:
            lane.compartments = sizes.get(id(lane.cell))


def _advance(model: type[Model], lanes: Sequence[_Lane], clock: Clock) -> tuple[Any, str | None]:
    """Advance cells to the end; returns what has to be kept until they are read, and any error.

    Not raised, because its traceback would hold what the model has made.
    """
    from neuron import h

    try:
        kept = model.react([lane.cell for lane in lanes])
        if kept is None and reacts_together(model):
            raise ModelError("react returns nothing: return all that it creates, or rxd forgets it")
        for lane in lanes:
            _refuse_missing_signals(model, lane)
        context = h.ParallelContext()
        context.set_maxstep(10)
        h.finitialize(clock.v_init)
        context.psolve(clock.duration)
        if h.t < clock.duration - 1.5 * clock.dt:
            raise RuntimeError(f"the solver stopped at {h.t:g} of {clock.duration:g} ms")
    except Exception as error:
        logger.info("a group of %d points failed", len(lanes), exc_info=True)
        return None, _one_line(error)
    return kept, None


def _refuse_missing_signals(model: type[Model], lane: _Lane) -> None:
    missing = set(model.signals) - {recording.signal for recording in lane.site.recordings}
    if missing:
        lane.error = f"ModelError: signals {sorted(missing)} are declared but not recorded"
        lane.site.clear()


def _judge(
    lane: _Lane, columns: "_TraceColumns", plausible: Mapping[str, tuple[float, float]]
) -> tuple[str, str | None]:
    """Status and message of a lane that was advanced; its signals go into `columns`."""
    if lane.error is not None:
        return "failed", lane.error
    verdict: tuple[str, str | None] = ("ok", None)
    for recording in lane.site.recordings:
        try:
            values = columns.add(lane.point.point_id, recording)
        except Exception as error:
            return "failed", f"signal {recording.signal}: {_one_line(error)}"
        if verdict[0] == "ok":
            verdict = _appraise(recording, values, plausible)
    return verdict


def _samples(lanes: Sequence[_Lane]) -> int:
    """Number of samples that lanes have recorded."""
    return sum(_size(recording) for lane in lanes for recording in lane.site.recordings)


def _size(recording: Recording) -> int:
    """Number of samples; the largest, where a function may have none."""
    if recording.function is not None:
        return 1
    if recording.samples is not None:
        return len(recording.samples)
    return math.ceil(int(recording.vector.size()) / recording.stride)


def _read(recording: Recording, values: np.ndarray) -> int:
    """Put the samples of a recording into `values`; returns their number."""
    if recording.function is not None:
        value = recording.function()
        if value is None:
            return 0
        values[0] = float(value)
    elif recording.samples is not None:
        values[:] = recording.samples
    elif recording.stride > 1:
        values[:] = recording.vector.as_numpy()[:: recording.stride]
    else:
        recording.vector.to_python(values)
    return len(values)


def _appraise(
    recording: Recording, values: np.ndarray, plausible: Mapping[str, tuple[float, float]]
) -> tuple[str, str | None]:
    name = recording.signal + (f" at {recording.location}" if recording.location else "")
    if not len(values):
        if recording.function is not None:
            return "ok", None  # What was to be measured does not exist.
        return "failed", f"signal {name} has no sample; sampling is longer than the run"
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return "nonfinite", f"signal {name} is not a finite number throughout"
    bounds = plausible.get(recording.unit)
    if bounds is not None and (low < bounds[0] or high > bounds[1]):
        worst = low if low < bounds[0] else high
        return (
            "out_of_range",
            f"signal {name} reaches {worst:g} {recording.unit}, "
            f"outside the plausible {bounds[0]:g} to {bounds[1]:g} {recording.unit}",
        )
    return "ok", None


def _clear(lanes: Sequence[_Lane]) -> None:
    """Delete the cells; what is left of them would be simulated with the next group."""
    from neuron import h

    for lane in lanes:
        lane.site.clear()
        if lane.cell is not None:
            # NEURON's handlers hold Python callables where the garbage collector cannot look.
            vars(lane.cell).clear()
        lane.cell = None
    if any(True for _ in h.allsec()):
        gc.collect()
    if any(True for _ in h.allsec()):
        names = ", ".join(str(section) for section in list(h.allsec())[:3])
        raise ModelError(
            f"sections {names} outlive their cell: keep them in `self` only, "
            "or set own_process = True"
        )


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:500]


class _TraceColumns:
    """The columns of TRACES for one group, filled signal by signal; the samples lie end to end."""

    def __init__(self, clock: Clock, samples: int) -> None:
        self._clock = clock
        self._rows: list[tuple[str, str, str, str | None, tuple[float, ...] | None]] = []
        self._samples = np.empty(samples)
        self._ends = [0]
        self._times: list[np.ndarray | None] = []
        self._steps: list[float | None] = []
        self._starts: list[float] = []

    def add(self, point_id: str, recording: Recording) -> np.ndarray:
        """Append a recording; returns its samples."""
        start = self._ends[-1]
        values = self._samples[start : start + _size(recording)]
        values = values[: _read(recording, values)]
        times = None if recording.times is None else recording.times.as_numpy().copy()
        self._ends.append(start + len(values))
        self._rows.append(
            (point_id, recording.signal, recording.unit, recording.location, recording.outline)
        )
        self._times.append(times)
        once = recording.function is not None
        self._steps.append(None if times is not None else recording.sampling or self._clock.dt)
        self._starts.append(self._clock.duration if once else 0.0)
        return values

    def arrays(self) -> dict[str, pa.Array]:
        """The columns as Arrow arrays; the samples are not copied."""
        point_id, signal, unit, location, outline = (
            zip(*self._rows, strict=True) if self._rows else ((), (), (), (), ())
        )
        ends = pa.array(np.array(self._ends, dtype=np.int32))
        return {
            "point_id": pa.array(point_id, pa.string()),
            "signal": pa.array(signal, pa.string()),
            "unit": pa.array(unit, pa.string()),
            "location": pa.array(location, pa.string()),
            "outline": pa.array(outline, pa.list_(pa.float32())),
            "t0": pa.array(self._starts, pa.float64()),
            "dt": pa.array(self._steps, pa.float64()),
            "t": pa.array(self._times, pa.list_(pa.float64())),
            "values": pa.ListArray.from_arrays(ends, pa.array(self._samples[: self._ends[-1]])),
        }
