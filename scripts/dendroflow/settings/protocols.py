"""Protocols: under which stimuli and settings every point is simulated, and what is searched."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from dendroflow.settings.base import Interval, Name, Positive, Settings, nearest, spelled
from dendroflow.settings.expressions import Condition
from dendroflow.settings.features import FeatureBlock, Features
from dendroflow.settings.problems import first_problem
from dendroflow.settings.recordings import Recorded
from dendroflow.settings.simulation import Simulation
from dendroflow.settings.stimuli import AnyStimulus, Stimulus

# A shorter stimulus is over before the cell fires: its search has to say where it looks (ms).
LONG_ENOUGH = 10.0
# So many times its range is searched, unless a limit is given.
REACH = 4.0

_STIMULI: TypeAdapter[Any] = TypeAdapter(dict[Name, AnyStimulus])
SearchedPath = Annotated[
    str,
    spelled(
        r"^(stimuli\.[a-z]\w*\.[a-z]\w*|parameters\.[^\W\d]\w*)$",
        "stimuli.<name>.<key> or parameters.<name>",
    ),
]


def _condition(text: str) -> str:
    Condition(text)
    return text


class Search(Settings):
    """A value that is searched for each point: where a condition on features begins to hold."""

    smallest: SearchedPath | None = Field(
        None, description="path whose smallest value is searched, such as stimuli.step.amplitude"
    )
    largest: SearchedPath | None = Field(None, description="in its place: the largest value")
    value: SearchedPath | None = Field(None, description="in its place: the value of an equation")
    such_that: Annotated[str, AfterValidator(_condition)] = Field(
        description="on features of this protocol, such as `Spikecount >= 1`; an equation, such "
        "as `v_final == -83`, for `value`"
    )
    range: Interval = Field(description="[low, high]: the values that are looked at first")
    limit: FiniteFloat | None = Field(
        None,
        description="how far the range grows upwards where nothing is found in it; null: to four "
        "times its width",
    )
    tolerance: Positive | None = Field(
        None, description="largest width of the bracket that is answered, in the value's unit"
    )
    relative_tolerance: Annotated[FiniteFloat, Field(gt=0, lt=1)] | None = Field(
        None, description="the same, as a share of the answer"
    )
    grid: int = Field(
        4, ge=1, le=1000, description="parts of the range, at whose ends is looked before bisecting"
    )

    @model_validator(mode="after")
    def _complete(self) -> "Search":
        given = [key for key in ("smallest", "largest", "value") if getattr(self, key)]
        if len(given) != 1:
            raise ValueError("takes exactly one of smallest, largest, value")
        if (self.kind == "value") != (self.condition.operator == "=="):
            asks = "an equation with ==" if self.kind == "value" else "one of >=, >, <=, <"
            raise ValueError(f"such_that: {self.kind} needs {asks}")
        if self.tolerance is None and self.relative_tolerance is None:
            raise ValueError("give `tolerance`, `relative_tolerance` or both")
        if self.limit is not None and self.limit < self.range[1]:
            raise ValueError(f"limit {self.limit:g} lies below the range's {self.range[1]:g}")
        return self

    @property
    def kind(self) -> Literal["smallest", "largest", "value"]:
        """Which value it is that is searched."""
        return "smallest" if self.smallest else "largest" if self.largest else "value"

    @property
    def path(self) -> str:
        """What is varied."""
        return str(self.smallest or self.largest or self.value)

    @property
    def column(self) -> str:
        """The last word of its path, by which its answer is called."""
        return self.path.rpartition(".")[2]

    @cached_property
    def condition(self) -> Condition:
        """What has to hold."""
        return Condition(self.such_that)

    @property
    def simulations(self) -> int:
        """About how many it takes for a point."""
        low, high = self.range
        widths = (self.tolerance, (self.relative_tolerance or 0.0) * max(abs(low), abs(high)))
        width = max(filter(None, widths), default=high - low)
        return self.grid + 2 + max(0, math.ceil(math.log2((high - low) / self.grid / width)))

    @property
    def end(self) -> float:
        """How far is looked."""
        low, high = self.range
        return low + REACH * (high - low) if self.limit is None else self.limit


class Protocol(Settings):
    """Stimuli, settings, a window and features of its own; the rest is the experiment's."""

    description: str = Field("", description="what it is, in a few words")
    duration: Positive | None = Field(None, description="simulated time (ms)")
    simulation: dict[str, Any] = Field(
        default_factory=dict, description="settings of the simulation that differ"
    )
    stimuli: dict[Name, dict[str, Any] | None] = Field(
        default_factory=dict,
        description="stimuli that are added; keys of them that change; null: removed",
    )
    window: Interval | None = Field(
        None,
        description="start and end (ms) of what `efel` and `statistics` see, where a block says "
        "none; of a search, the stimulus' own unless it is shorter than 10 ms",
    )
    features: Features = Field(
        Features(()), description="what is measured besides the experiment's features"
    )
    search: Search | None = Field(None, description="a value that is searched for each point")
    recorded: Recorded | None = Field(
        None, description="which recordings targets take; null: those made under its name"
    )
    validation: bool = Field(
        False, description="true: not part of a fit; simulated for its best alone"
    )

    def simulated(self, base: Simulation) -> Simulation:
        """The settings under which it is simulated."""
        own = self.simulation | ({} if self.duration is None else {"duration": self.duration})
        if self.duration is not None and "duration" in self.simulation:
            raise ValueError("simulation: duration is given twice")
        try:
            found = Simulation.model_validate(base.model_dump() | own)
        except ValidationError as error:
            raise ValueError(f"simulation: {first_problem(error)}") from None
        if found.duration is None:
            raise ValueError("duration is missing, here and in `simulation`")
        return found

    def stimulated(self, base: Mapping[str, Stimulus]) -> dict[str, Stimulus]:
        """The stimuli with which it is simulated."""
        found: dict[str, Any] = {name: stimulus.written for name, stimulus in base.items()}
        for name, keys in self.stimuli.items():
            if keys is None:
                if found.pop(name, None) is None:
                    hint = nearest(name, base)
                    raise ValueError(f"stimuli: {name}: there is none to remove{hint}")
            else:
                added = "kind" in keys
                if not added and name not in found:
                    raise ValueError(
                        f"stimuli: {name}: a new stimulus needs a kind, such as step"
                        + (nearest(name, base) if base else "")
                    )
                found[name] = keys if added else found[name] | keys
        if self.search and self.search.path.startswith("stimuli."):
            _, name, key = self.search.path.split(".")
            if name not in found:
                raise ValueError(f"search: there is no stimulus {name!r}{nearest(name, found)}")
            found[name] = found[name] | {key: self.search.range[0]}
        try:
            return dict(_STIMULI.validate_python(found))
        except ValidationError as error:
            raise ValueError(f"stimuli: {first_problem(error, found)}") from None

    def measured(self, common: Features, stimuli: Mapping[str, Stimulus]) -> Features:
        """The features that are measured, each block with its window.

        A search counts spikes within its window alone, unless a block says otherwise.
        """
        blocks = [*common.blocks, *self.features.blocks]
        window = self.window or (self._window_of_search(stimuli) if self.search else None)
        try:
            return Features(
                tuple(_with_window(block, window, strict=bool(self.search)) for block in blocks)
            )
        except ValidationError as error:
            raise ValueError(f"features: {first_problem(error)}") from None

    def _window_of_search(self, stimuli: Mapping[str, Stimulus]) -> tuple[float, float] | None:
        assert self.search is not None
        stimulus = stimuli.get(self.search.path.split(".")[1])
        duration = getattr(stimulus, "duration", 0.0)
        if (
            stimulus is None
            or duration < LONG_ENOUGH
            or stimulus.formulas.keys()
            & {
                "delay",
                "duration",
            }
        ):
            raise ValueError(
                "search: give the protocol a `window`: [start, end] in ms, within which its "
                "condition holds; only a stimulus of 10 ms or more is one by itself"
            )
        return stimulus.delay, stimulus.delay + duration


def _with_window(
    block: FeatureBlock, window: tuple[float, float] | None, *, strict: bool
) -> FeatureBlock:
    given = block.model_dump(exclude_unset=True)
    if window and block.efel and block.stimulus is None:
        given["stimulus"] = window
    if window and block.statistics and block.window is None:
        given["window"] = window
    if strict and block.efel:
        given["settings"] = {"strict_stiminterval": True} | given.get("settings", {})
    return FeatureBlock.model_validate(given)
