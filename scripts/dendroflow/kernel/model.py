"""The contract between dendroflow and a user's model.

A model creates sections, mechanisms and stimuli, and names its signals; nothing else. NEURON's
clock and globals belong to the engine, so that many cells can be advanced in one process.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from dendroflow.errors import ModelError
from dendroflow.kernel.outlines import outlines, short_name
from dendroflow.kernel.sections import Sections


def quantity(default: Any, unit: str = "", description: str = "", **bounds: Any) -> Any:
    """Declare a parameter of a model.

    Parameters
    ----------
    default
        value where an experiment says nothing else.
    unit
        as it shall appear in figures, such as `"S/cm²"`.
    description
        what it is, in a few words; labels the axis of a figure.
    **bounds
        `gt`, `ge`, `lt`, `le` of pydantic's `Field`.
    """
    return Field(default, description=description, json_schema_extra={"unit": unit}, **bounds)


class Signal(NamedTuple):
    """A declared signal: its unit, and what it is, in a few words for figures."""

    unit: str
    description: str = ""


class RecordedSignal(NamedTuple):
    """A signal that a cell records.

    It is a vector of NEURON, a list that fills during the run, or a function called after it. Of
    the vector every `stride`-th sample counts.

    `location` and `outline` (x, y, z, diameter in µm of each 3-D point) are those of a segment.
    """

    signal: str
    unit: str
    vector: Any = None
    times: Any = None
    samples: list[float] | None = None
    function: Callable[[], float | None] | None = None
    sampling: float | None = None
    stride: int = 1
    location: str | None = None
    outline: tuple[float, ...] | None = None
    kept: list[tuple[int, Any]] | None = None

    def thin(self) -> None:
        """Keep what counts of the vector so far, and empty it."""
        values = np.asarray(self.vector)
        assert self.kept is not None, "asked of what an engine records at each of its steps"
        seen = sum(length for length, _ in self.kept)
        self.kept.append((len(values), values[-seen % self.stride :: self.stride].copy()))
        self.vector.resize(0)


@dataclass
class BuildContext:
    """Where a model is built: what the engine hands to it besides its parameters.

    `only_steps` is the step (ms) of an engine that records at each of its steps and calls nothing
    of Python on its way; None for NEURON itself.
    """

    seed: int = 1
    sections: Sections | None = None
    sampling: float | None = None
    variable_step: bool = False
    only_steps: float | None = None
    recordings: list[RecordedSignal] = field(default_factory=list)
    handlers: list[Any] = field(default_factory=list)
    places: dict[str, Any] = field(default_factory=dict)

    def clear(self) -> None:
        """Let go of everything that a model recorded."""
        for kept in (self.recordings, self.handlers, self.places):
            kept.clear()


def declared(signal: str | Signal) -> Signal:
    """A signal that was declared by its unit alone, or in full."""
    return Signal(signal) if isinstance(signal, str) else signal


class Model:
    """Base of all models: subclass it in `config/models/<model>/model.py`.

    Attributes
    ----------
    signals
        name -> unit of everything that `build` records, or a `Signal` with a description.
    places
        name -> what it is, of everything that `build` names by `self.place`.
    process
        `"shared"`: cells are advanced together. `"alone"` (`rxd` without `build_rxd`) and `"fresh"`
        (anything else that outlives its cell): each point gets a process.
    required_sections
        kinds of section (`"soma"`, `"axon"`, `"dend"`, `"apic"`) that the morphology must have.
        A model that names any, or that sets `needs_morphology`, is run with one.
    p
        the parameters of this cell, as `build` gets them.
    time_unit
        what a millisecond of NEURON stands for in this model, such as `"h"`; labels times.
    """

    class Parameters(BaseModel):
        """Base of a model's parameters, each declared by `quantity`."""

        model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    signals: ClassVar[Mapping[str, str | Signal]] = {}
    places: ClassVar[Mapping[str, str]] = {}
    process: ClassVar[Literal["shared", "alone", "fresh"]] = "shared"
    needs_morphology: ClassVar[bool] = False
    required_sections: ClassVar[tuple[str, ...]] = ()
    time_unit: ClassVar[str] = "ms"
    p: Any

    def __init__(self, context: BuildContext) -> None:
        self._context = context

    def __repr__(self) -> str:
        return "cell"

    def build(self, p: Any) -> None:
        """Create the cell from its parameters `p`, an instance of `Parameters`."""
        raise NotImplementedError

    @classmethod
    def build_rxd(cls, cells: Sequence[Any]) -> Any:
        """Create what `rxd` needs for all cells that are advanced together, after `build` of each.

        One region with the sections of all of them, and one object for each species, parameter and
        reaction: then `rxd` advances hundreds of cells at a third of the cost of each alone. What
        differs between cells is the value of a node: `value=swept("kf")`.

        Returns
        -------
        object
            What must live until the run is over, such as a tuple of all that was created.
        """

    @classmethod
    def builds_rxd(cls) -> bool:
        """Whether it creates the objects of rxd for many cells at once."""
        return cls.build_rxd.__func__ is not Model.build_rxd.__func__  # type: ignore[attr-defined]

    def load_morphology(self) -> None:
        """Create the sections of the morphology: `self.soma`, `self.dend`, `self.all`, ...

        Raises
        ------
        ModelError
            If the experiment names no morphology.
        """
        vars(self).update(self._sections().create(self))

    def place_morphology(
        self, name: str, position: Sequence[float], rotation: Any = None
    ) -> SimpleNamespace:
        """Create one of several cells of the morphology, each at a place of its own.

        Parameters
        ----------
        name
            of the cell, before the names of its sections: `"pyramidal[2]"`.
        position
            where the middle of its soma comes to lie: x, y, z (µm).
        rotation
            about that middle, such as `scipy.spatial.transform.Rotation`; none by default.

        Returns
        -------
        SimpleNamespace
            the sections: `soma`, `axon`, `dend`, `apic` (lists, perhaps empty), `all`.

        Raises
        ------
        ModelError
            If the experiment names no morphology.
        """
        placed = self._sections().placed(position, rotation)
        return SimpleNamespace(**placed.create(self, f"{name}."))

    def _sections(self) -> Sections:
        if self._context.sections is None:
            raise ModelError(f"model {type(self).__name__} needs a morphology and was given none")
        return self._context.sections

    def place(self, name: str, segment: Any) -> None:
        """Name a place, at which an experiment may stimulate and record.

        Raises
        ------
        ModelError
            If `name` is not declared in `places`.
        """
        if name not in self.places:
            raise ModelError(f"place {name!r} is not declared in {type(self).__name__}.places")
        self._context.places[name] = segment

    def random123(self, index: int = 0) -> tuple[int, int, int]:
        """Keys of a Random123 stream that depends on `simulation.seed` and `index` alone.

        Give them to `NetStim.noiseFromRandom123` or `h.Random().Random123`.
        """
        return (self._context.seed, index, 0)

    def record(self, signal: str, reference: Any) -> None:
        """Record a NEURON reference such as `self.soma(0.5)._ref_v` as a declared signal.

        Raises
        ------
        ModelError
            If `signal` is not declared in `signals`, or recorded already.
        """
        if any(recording.signal == signal for recording in self._context.recordings):
            raise ModelError(f"signal {signal!r} is recorded twice")
        self._record(signal, reference, self._context.sampling)

    def record_segments(
        self, signal: str, variable: str, sections: Iterable[Any], sampling: float | None = None
    ) -> None:
        """Record a range variable such as `"v"` in every segment of `sections`.

        Parameters
        ----------
        sampling
            interval (ms); the experiment's by default. Nothing is kept between two samples.
        """
        interval = sampling or self._context.sampling
        for section in sections:
            if not section.n3d():
                raise ModelError(
                    f"{short_name(section)} has no 3-D points: call h.define_shape() in build"
                )
            for segment, outline in zip(section, outlines(section), strict=True):
                reference = reference_of(segment, variable)
                location = f"{short_name(section)}({segment.x:.6g})"
                self._record(signal, reference, interval, location=location, outline=outline)

    def sample(self, signal: str, function: Callable[[], float], sampling: float) -> None:
        """Call `function()` every `sampling` ms, for what no NEURON reference points to."""
        samples: list[float] = []
        self._sample_every(signal, sampling, [samples], lambda: [float(function())])
        self._keep(signal, samples=samples, sampling=sampling)

    def record_field(
        self,
        signal: str,
        voxels: Sequence[tuple[float, float, float, float]],
        function: Callable[[], Iterable[float]],
        sampling: float,
    ) -> None:
        """Record a quantity in many places outside of the cell, for figures of kind `field`.

        Parameters
        ----------
        voxels
            middle and edge of each place: x, y, z, edge (µm). One plane is enough for a figure.
        function
            returns the value in each of them; called every `sampling` ms.
        """
        columns: list[list[float]] = [[] for _ in voxels]
        self._sample_every(signal, sampling, columns, function)
        for voxel, samples in zip(voxels, columns, strict=True):
            outline = tuple(map(float, voxel))
            place = ", ".join(f"{value:.6g}" for value in outline[:3])
            self._keep(
                signal, samples=samples, sampling=sampling, location=f"({place})", outline=outline
            )

    def _sample_every(
        self,
        signal: str,
        sampling: float,
        columns: list[list[float]],
        function: Callable[[], Iterable[float]],
    ) -> None:
        """Append the values of `function()` to the columns every `sampling` ms."""
        from neuron import h

        if self._context.only_steps is not None:
            raise ModelError(
                f"signal {signal!r} is sampled by a function, which CoreNEURON does not call"
            )
        taken = 0

        def start() -> None:
            nonlocal taken
            taken = 0
            for samples in columns:
                samples.clear()
            h.CVode().event(0, sample)

        def sample() -> None:
            nonlocal taken
            for samples, value in zip(columns, function(), strict=True):
                samples.append(float(value))
            taken += 1
            h.CVode().event(taken * sampling, sample)

        self._context.handlers.append(h.FInitializeHandler(start))

    def record_value(self, signal: str, function: Callable[[], float | None]) -> None:
        """Keep what `function()` returns once the run is over, as a signal of one sample.

        None says that it does not exist, such as the speed of a wave that dies out: its features
        are null, and the point is ok.
        """
        self._keep(signal, function=function)

    def _record(self, signal: str, reference: Any, sampling: float | None, **place: Any) -> None:
        import neuron  # Faster than a name from it, for each of a million cells.

        stride, interval = 1, (() if sampling is None else (sampling,))
        if self._context.only_steps is not None and sampling is not None:
            stride, interval = _stride(signal, sampling, self._context.only_steps), ()
        vector = neuron.h.Vector().record(reference, *interval)
        times = None
        if sampling is None and self._context.variable_step:
            times = neuron.h.Vector().record(neuron.h._ref_t)
        kept: list[tuple[int, Any]] | None = [] if stride > 1 else None
        self._keep(
            signal,
            vector=vector,
            times=times,
            sampling=sampling,
            stride=stride,
            kept=kept,
            **place,
        )

    def _keep(self, signal: str, unit: str | None = None, **recorded: Any) -> None:
        if unit is None and signal not in self.signals:
            raise ModelError(
                f"signal {signal!r} is recorded but not declared in {type(self).__name__}.signals"
            )
        unit = declared(self.signals[signal]).unit if unit is None else unit
        self._context.recordings.append(RecordedSignal(signal, unit, **recorded))


def _stride(signal: str, sampling: float, step: float) -> int:
    stride = round(sampling / step)
    if stride < 1 or abs(sampling / step - stride) > 1e-9:
        raise ModelError(
            f"signal {signal!r} is sampled every {sampling:g} ms, which is no multiple of "
            f"dt {step:g} ms; CoreNEURON records at its steps"
        )
    return stride


def reference_of(segment: Any, variable: str) -> Any:
    """NEURON's reference to a range variable, such as `"v"`; `ModelError` if there is none."""
    try:
        return getattr(segment, f"_ref_{variable}")
    except AttributeError as error:
        place = f"{short_name(segment.sec)}({segment.x:.6g})"
        raise ModelError(
            f"{place} has no range variable {variable!r}: insert its mechanism there, "
            "or record it in fewer sections"
        ) from error
