"""What is measured on the signals: the `features` of an experiment."""

import math
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    RootModel,
    WithJsonSchema,
    model_validator,
)

from dendroflow.features.names import EFEL_UNITS, SPIKE, STATISTIC_UNITS
from dendroflow.settings.base import Interval, Positive, Settings, Share, each_once, known, spelled
from dendroflow.settings.expressions import Expression

_NO_CURRENT = "needs a recorded current, which eFEL is not given here"
_WHOLE_TRACE = "is the trace itself: use `statistics`"
UNUSABLE = {
    "current": _NO_CURRENT,
    "current_base": _NO_CURRENT,
    "impedance": _NO_CURRENT,
    "steady_state_current_stimend": _NO_CURRENT,
    "multiple_decay_time_constant_after_stim": "needs several stimuli; a block has one",
    "time": _WHOLE_TRACE,
    "voltage": _WHOLE_TRACE,
}
# eFEL fits from the stimulus on to 70 ms before its middle; where it is shorter, there is nothing
# to fit, and eFEL may read beyond the trace.
TIME_CONSTANT_STIMULUS = 140.0
NEED_STIMULUS_CURRENT = frozenset({"ohmic_input_resistance", "ohmic_input_resistance_vb_ssse"})


def _usable(name: str) -> str:
    if name in UNUSABLE:
        raise ValueError(f"the eFEL feature {name} {UNUSABLE[name]}")
    return name


EfelName = Annotated[
    str,
    AfterValidator(_usable),
    AfterValidator(known("eFEL feature", EFEL_UNITS)),
    WithJsonSchema({"enum": [name for name in EFEL_UNITS if name not in UNUSABLE]}),
]
StatisticName = Annotated[
    str,
    AfterValidator(known("statistic", STATISTIC_UNITS)),
    WithJsonSchema({"enum": list(STATISTIC_UNITS)}),
]


def _formula(text: str) -> str:
    Expression(text)
    return text


def _in_full(value: object) -> object:
    return {"expression": value} if isinstance(value, str) else value


class Derived(Settings):
    """A column that follows from others of its point; null where it does not exist."""

    expression: Annotated[str, AfterValidator(_formula)] = Field(
        description="of features, swept values and parameters, such as `dend_max / soma_max`"
    )
    unit: str = Field("", description="unit, for axes")
    description: str = Field("", description="what it is, in a few words; the expression if empty")


AnyDerived = Annotated[Derived, BeforeValidator(_in_full, json_schema_input_type=Derived | str)]


class EfelSettings(Settings):
    """eFEL's settings, by eFEL's names and with its defaults, except for `interp_step`."""

    interp_step: Annotated[FiniteFloat, Field(gt=0, le=1)] | None = Field(
        None,
        description="step to which traces are interpolated (ms); null: the trace's own step, "
        "0.025 where it varies. eFEL's default is 0.1, at which AP_height differs by up to 3.6 % "
        "and AP_width by 2.5 %: set 0.1 for the numbers that eFEL gives by itself",
    )
    Threshold: FiniteFloat = Field(SPIKE, description="a spike crosses this upwards (mV)")
    DerivativeThreshold: FiniteFloat = Field(10.0, description="dV/dt at a spike's begin (mV/ms)")
    DownDerivativeThreshold: FiniteFloat = Field(-12.0, description="dV/dt of the fall (mV/ms)")
    DerivativeWindow: int = Field(
        3, ge=1, description="samples in a row that exceed DerivativeThreshold at a begin"
    )
    strict_stiminterval: bool = Field(
        False,
        description="false: spikes of the whole trace count, those before and after the stimulus "
        "too; true: only those within it",
    )
    min_spike_height: FiniteFloat = Field(20.0, ge=0, description="least height of a spike (mV)")
    spike_skipf: FiniteFloat = Field(0.1, ge=0, lt=1, description="share of spikes to skip")
    max_spike_skip: int = Field(2, ge=0, description="most spikes that are skipped")
    ignore_first_ISI: bool = Field(  # noqa: N815
        True, description="statistics of ISIs leave out the first"
    )
    burst_factor: Positive = Field(1.5, description="ISI over its neighbours that ends a burst")
    strict_burst_factor: Positive = Field(2.0, description="the same for strict bursts")
    voltage_base_start_perc: Share = Field(0.9, description="of the time to the stimulus")
    voltage_base_end_perc: Share = Field(1.0, description="of the time to the stimulus")
    voltage_base_mode: Literal["mean", "median"] = Field(
        "mean", description="how voltage_base is averaged"
    )
    rise_start_perc: Share = Field(0.0, description="of a spike's height, where its rise begins")
    rise_end_perc: Share = Field(1.0, description="of a spike's height, where its rise ends")
    initial_perc: FiniteFloat = Field(
        0.1, ge=0, lt=1, description="share of the stimulus in which spikes are initial"
    )
    initburst_freq_threshold: int = Field(50, ge=0, description="least rate of its spikes (Hz)")
    initburst_sahp_start: int = Field(5, ge=0, description="after the last spike of it (ms)")
    initburst_sahp_end: int = Field(100, ge=0, description="after the last spike of it (ms)")
    sahp_start: FiniteFloat = Field(5.0, ge=0, description="slow AHP, after the peak (ms)")
    AP_phaseslope_range: int = Field(2, ge=1, description="samples on each side of a begin")
    inactivation_tc_end_skip: int = Field(10, ge=0, description="samples left out at the end")
    depol_block_min_duration: Positive = Field(50.0, description="of a depolarisation block (ms)")
    precision_threshold: Positive = Field(1e-10, description="tolerance of times (ms)")
    decay_start_after_stim: FiniteFloat = Field(
        1.0, ge=0, description="of decay_time_constant_after_stim (ms)"
    )
    decay_end_after_stim: Positive = Field(
        10.0, description="of decay_time_constant_after_stim (ms)"
    )
    stimulus_current: FiniteFloat | None = Field(
        None, description="amplitude of the stimulus, for ohmic_input_resistance (nA)"
    )

    @model_validator(mode="after")
    def _intervals(self) -> "EfelSettings":
        for start, end in (
            ("voltage_base_start_perc", "voltage_base_end_perc"),
            ("rise_start_perc", "rise_end_perc"),
            ("decay_start_after_stim", "decay_end_after_stim"),
        ):
            if getattr(self, start) >= getattr(self, end):
                raise ValueError(f"{start} must be less than {end}")
        if self.stimulus_current == 0:
            raise ValueError("stimulus_current must differ from 0")
        return self


class Propagation(Settings):
    """How long a wave takes from where another signal is recorded, and how fast it is."""

    since: str = Field(min_length=1, description="the signal from whose crossing time is counted")
    threshold: FiniteFloat = Field(
        description="value that both signals cross upwards, in their unit; the first time counts"
    )
    distance: str | None = Field(
        None,
        min_length=1,
        description="a signal in µm that the model measures once: how far apart both are",
    )

    @property
    def names(self) -> tuple[str, ...]:
        """What is measured."""
        return ("delay",) if self.distance is None else ("delay", "speed")

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that are looked at besides the block's own."""
        return (self.since,) if self.distance is None else (self.since, self.distance)


class FeatureBlock(Settings):
    """Features of one signal: eFEL's, statistics, a propagation, or several of them."""

    signal: str = Field(min_length=1, description="a signal that the model records")
    stimulus: Interval | None = Field(
        None, description="start and end of the stimulus (ms), for `efel`"
    )
    efel: Annotated[tuple[EfelName, ...], AfterValidator(each_once)] = Field(
        (), description="names of eFEL features"
    )
    settings: EfelSettings = Field(EfelSettings(), description="eFEL's settings")
    statistics: Annotated[tuple[StatisticName, ...], AfterValidator(each_once)] = Field(
        (), description="names of statistics"
    )
    window: Interval | None = Field(
        None, description="part of the trace that `statistics` see (ms); null: all of it"
    )
    threshold: FiniteFloat = Field(
        SPIKE, description="`rate` counts how often the signal crosses this upwards, in its unit"
    )
    propagation: Propagation | None = Field(
        None, description="delay (ms) and, given a distance, speed (m/s) since another signal"
    )
    prefix: (
        Annotated[str, spelled(r"^[^\W\d]\w*$", "a letter, then letters, digits and _", 60)] | None
    ) = Field(
        None,
        description="put before the names of eFEL features, and before all other names in place "
        "of the signal",
    )
    keep_values: bool = Field(
        True, description="store all values of an eFEL feature (one per spike), not only the mean"
    )

    @model_validator(mode="after")
    def _complete(self) -> "FeatureBlock":
        if not (self.efel or self.statistics or self.propagation):
            raise ValueError(
                f"nothing is asked of {self.signal}: give `efel`, `statistics` or `propagation`"
            )
        if self.propagation and self.signal in self.propagation.signals:
            raise ValueError(f"`propagation` needs another signal than {self.signal} itself")
        start, end = self.stimulus or (0.0, math.inf)
        if "time_constant" in self.efel and end - start <= TIME_CONSTANT_STIMULUS:
            raise ValueError(
                f"time_constant needs a stimulus of more than {TIME_CONSTANT_STIMULUS:g} ms"
            )
        given = self.model_dump(exclude_defaults=True)
        needs = dict.fromkeys(("stimulus", "settings", "keep_values"), "efel")
        for key, needed in (needs | {"window": "statistics", "threshold": "rate"}).items():
            if key in given and needed not in (*given, *self.statistics):
                raise ValueError(f"`{key}` is for `{needed}`, which is not given")
        needing = NEED_STIMULUS_CURRENT.intersection(self.efel)
        if needing and self.settings.stimulus_current is None:
            raise ValueError(f"{min(needing)} needs `settings: {{stimulus_current: ...}}` in nA")
        return self

    @property
    def efel_columns(self) -> dict[str, str]:
        """The column of each eFEL feature."""
        return {name: self._prefixed(name) if self.prefix else name for name in self.efel}

    @property
    def statistic_columns(self) -> dict[str, str]:
        """The column of each statistic."""
        return {name: self._prefixed(name) for name in self.statistics}

    @property
    def propagation_columns(self) -> dict[str, str]:
        """The column of each measure of a propagation."""
        names = self.propagation.names if self.propagation else ()
        return {name: self._prefixed(name) for name in names}

    def _prefixed(self, name: str) -> str:
        return f"{(self.prefix or self.signal).rstrip('_')}_{name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order in which they are stored."""
        columns = (self.efel_columns, self.statistic_columns, self.propagation_columns)
        return tuple(column for names in columns for column in names.values())

    @property
    def signals(self) -> tuple[str, ...]:
        """All signals that are looked at."""
        return (self.signal, *(self.propagation.signals if self.propagation else ()))


def _as_blocks(given: Any) -> Any:
    return [given] if isinstance(given, dict | FeatureBlock) else given


class Features(RootModel[tuple[FeatureBlock, ...]]):
    """What is measured: one block, or a list of blocks."""

    model_config = ConfigDict(frozen=True)

    root: Annotated[
        tuple[FeatureBlock, ...],
        BeforeValidator(_as_blocks, json_schema_input_type=FeatureBlock | tuple[FeatureBlock, ...]),
    ]

    @model_validator(mode="after")
    def _columns_differ(self) -> "Features":
        # Like SQLite, which does not tell AP_width from ap_width.
        first_of: dict[str, str] = {}
        for column in self.columns:
            key = column.casefold()
            if key in first_of:
                raise ValueError(
                    f"two blocks give the column {column}: set `prefix` in one of them"
                    if first_of[key] == column
                    else f"the columns {first_of[key]} and {column} differ by case only: "
                    "set another `prefix`"
                )
            first_of[key] = column
        return self

    @property
    def blocks(self) -> tuple[FeatureBlock, ...]:
        """The blocks, in the order of the experiment."""
        return self.root

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of every feature, in the order in which they are stored."""
        return tuple(column for block in self.root for column in block.columns)

    @property
    def kept_values(self) -> tuple[str, ...]:
        """The columns of which all values are stored besides their mean."""
        blocks = (block for block in self.root if block.keep_values)
        return tuple(column for block in blocks for column in block.efel_columns.values())

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that are measured, each once."""
        return tuple(dict.fromkeys(signal for block in self.root for signal in block.signals))

    def only(self, names: Collection[str]) -> "Features":
        """What is needed to measure some of the columns."""
        blocks = []
        for block in self.root:
            kept: dict[str, Any] = {
                "efel": tuple(n for n, column in block.efel_columns.items() if column in names),
                "statistics": tuple(
                    n for n, column in block.statistic_columns.items() if column in names
                ),
            }
            propagates = set(names) & set(block.propagation_columns.values())
            kept["propagation"] = block.propagation if propagates else None
            if any(kept.values()):
                blocks.append(block.model_copy(update=kept))
        return Features(tuple(blocks))

    @property
    def dumped(self) -> list[dict[str, object]]:
        """All that it says, for JSON."""
        found: list[dict[str, object]] = self.model_dump(mode="json")
        return found

    @property
    def end(self) -> float | None:
        """When the last stimulus or window ends (ms): a simulation must last as long."""
        intervals = [i for block in self.root for i in (block.stimulus, block.window) if i]
        return max((end for _, end in intervals), default=None)
