"""What an experiment does at the places of a model, and what it records there."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, FiniteFloat, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from dendroflow.settings.base import (
    Name,
    NonNegative,
    Positive,
    Settings,
    Share,
    WrongKeyError,
    spelled,
)
from dendroflow.settings.expressions import Expression

FileName = Annotated[
    str, spelled(r"^[\w][\w. -]*$", "the name of a file in the model's folder, such as trace.csv")
]


def _number(unit: str, description: str, default: Any = ...) -> Any:
    words = f"{description} ({unit})" if unit else description
    return Field(default, description=words, json_schema_extra={"unit": unit})


# Intervals between samples: a run of seconds has some millions at most.
Sampling = Annotated[FiniteFloat, Field(ge=1e-3)]


class Stimulus(Settings):
    """What all stimuli have. Each number may be swept, as `stimuli.<name>.<key>`.

    Under a protocol a number may follow from what others have found: `1.5 * rheobase.amplitude`.
    """

    at: Name = Field(description="a place that the model names")
    delay: NonNegative = _number("ms", "when it begins")
    formulas: dict[str, str] = Field(
        default_factory=dict, description="numbers that are given as expressions; filled in"
    )

    @model_validator(mode="before")
    @classmethod
    def _take_formulas(cls, data: Any) -> Any:
        """Let a 1 stand for each number that is an expression of others."""
        if not isinstance(data, Mapping):
            return data
        if "formulas" in data:
            raise WrongKeyError("formulas", "unknown key; write an expression for a number")
        formulas = {}
        for key, value in data.items():
            field = cls.model_fields.get(key)
            extra = field.json_schema_extra if field else None
            if isinstance(value, str) and isinstance(extra, dict) and "unit" in extra:
                try:
                    expression = Expression(value)
                except ValueError as error:
                    raise WrongKeyError(key, str(error)) from None
                if expression.names:
                    formulas[key] = value
        return {**data, **dict.fromkeys(formulas, 1.0), "formulas": formulas}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell that each number may be an expression."""
        reference = handler(core_schema)
        properties = handler.resolve_ref_schema(reference)["properties"]
        del properties["formulas"]
        for key, one in properties.items():
            if "unit" in one:
                about = {k: one.pop(k) for k in ("title", "description", "default") if k in one}
                expression = {"type": "string", "format": "expression"}
                properties[key] = about | {"anyOf": [one, expression]}
        return reference

    @property
    def written(self) -> dict[str, Any]:
        """Its keys and values, as they were given."""
        given = self.model_dump(exclude_unset=True, exclude={"formulas"})
        return given | self.formulas

    @property
    def values(self) -> dict[str, Any]:
        """All its keys and values; a 1 stands for an expression."""
        return self.model_dump(exclude={"formulas"})


class Step(Stimulus):
    """A constant current."""

    kind: Literal["step"]
    amplitude: FiniteFloat = _number("nA", "current")
    duration: Positive = _number("ms", "how long it lasts")


class Ramp(Stimulus):
    """A current that grows along a line."""

    kind: Literal["ramp"]
    amplitude: FiniteFloat = _number("nA", "current at the end")
    duration: Positive = _number("ms", "how long it lasts")
    start: FiniteFloat = _number("nA", "current at the beginning", 0.0)


class Pulses(Stimulus):
    """A train of rectangular pulses."""

    kind: Literal["pulses"]
    amplitude: FiniteFloat = _number("nA", "current of each pulse")
    width: Positive = _number("ms", "how long a pulse lasts")
    interval: Positive = _number("ms", "from the beginning of a pulse to that of the next")
    number: int = Field(ge=1, le=100_000, description="number of pulses")

    @model_validator(mode="after")
    def _apart(self) -> "Pulses":
        if self.width >= self.interval:
            raise ValueError(f"width {self.width:g} must be less than interval {self.interval:g}")
        return self


class _Wave(Stimulus):
    """What sinusoidal currents have."""

    amplitude: FiniteFloat = _number("nA", "from the middle to the peak")
    duration: Positive = _number("ms", "how long it lasts")
    sampling: Sampling = _number("ms", "interval between samples, joined by lines", 0.025)

    @model_validator(mode="after")
    def _fine(self) -> Self:
        highest = max(value for key, value in self if key.endswith("frequency"))
        if self.sampling * highest > 100:
            raise ValueError(
                f"sampling {self.sampling:g} ms is too coarse for {highest:g} Hz; "
                f"write {100 / highest:g} or less"
            )
        return self


class Sine(_Wave):
    """A sinusoidal current."""

    kind: Literal["sine"]
    frequency: Positive = _number("Hz", "cycles per second")
    phase: FiniteFloat = _number("°", "phase at the beginning", 0.0)
    offset: FiniteFloat = _number("nA", "current in the middle", 0.0)


class Chirp(_Wave):
    """A sinusoidal current whose frequency grows along a line."""

    kind: Literal["chirp"]
    frequency: NonNegative = _number("Hz", "frequency at the beginning")
    last_frequency: Positive = _number("Hz", "frequency at the end")


class Noise(Stimulus):
    """A current that is an Ornstein-Uhlenbeck process; it follows from `simulation.seed`."""

    kind: Literal["noise"]
    mean: FiniteFloat = _number("nA", "mean")
    sd: NonNegative = _number("nA", "standard deviation")
    tau: Positive = _number("ms", "correlation time")
    duration: Positive = _number("ms", "how long it lasts")
    sampling: Sampling = _number("ms", "interval between samples, joined by lines", 0.1)

    @model_validator(mode="after")
    def _fine(self) -> "Noise":
        if self.sampling > min(self.tau, self.duration):
            raise ValueError(f"sampling {self.sampling:g} ms is longer than tau or duration")
        return self


class Playback(Stimulus):
    """A current from a file."""

    kind: Literal["trace"]
    file: FileName = Field(description="in the model's folder: columns of times (ms) and currents")
    scale: FiniteFloat = _number("", "what the currents are multiplied by, to be nA", 1.0)


class VoltageClamp(Stimulus):
    """A single-electrode clamp that steps from the holding potential, or follows a file."""

    kind: Literal["voltage_clamp"]
    holding: FiniteFloat = _number("mV", "potential before and after")
    voltage: FiniteFloat | None = _number("mV", "potential of the step", None)
    duration: Positive = _number("ms", "how long the step lasts", 1.0)
    resistance: Positive = _number("MΩ", "resistance of the electrode", 0.01)
    file: FileName | None = Field(
        None, description="in place of a step: columns of times (ms) and potentials (mV)"
    )

    @model_validator(mode="after")
    def _step_or_file(self) -> "VoltageClamp":
        if (self.voltage is None) == (self.file is None):
            raise ValueError("give either `voltage` or `file`")
        return self


class Synapse(Stimulus):
    """A conductance that events open: regular, random, or at times from a file."""

    kind: Literal["synapse"]
    weight: NonNegative = _number("µS", "largest conductance of an event")
    decay: Positive = _number("ms", "time constant of the decay")
    rise: Positive | None = _number("ms", "time constant of the rise; null: at once", None)
    reversal: FiniteFloat = _number("mV", "reversal potential", 0.0)
    interval: Positive = _number("ms", "mean interval between events", 10.0)
    number: int = Field(1, ge=1, le=10_000_000, description="number of events")
    noise: Share = _number("", "0: regular; 1: a Poisson process", 0.0)
    file: FileName | None = Field(None, description="in place of these: a column of times (ms)")

    @model_validator(mode="after")
    def _rises_faster(self) -> "Synapse":
        if self.rise is not None and self.rise >= self.decay:
            raise ValueError(f"rise {self.rise:g} must be less than decay {self.decay:g}")
        return self


AnyStimulus = Annotated[
    Step | Ramp | Pulses | Sine | Chirp | Noise | Playback | VoltageClamp | Synapse,
    Field(discriminator="kind"),
]

# Units of what is most often recorded.
_UNITS = {"v": "mV", "cai": "mM", "ica": "mA/cm²", "ina": "mA/cm²", "ik": "mA/cm²"}


class Recording(Settings):
    """A signal that the experiment records: a range variable at a place, or a stimulus' current."""

    at: Name | None = Field(None, description="a place that the model names")
    variable: str = Field("v", min_length=1, description="a range variable, such as v or m_hh")
    stimulus: Name | None = Field(None, description="in place of these: a stimulus' current")
    unit: str = Field("", description="unit; that of v, cai, ica, ina, ik is known")
    description: str = Field("", description="what it is, in a few words, for figures")

    @model_validator(mode="after")
    def _one_of_them(self) -> "Recording":
        if (self.at is None) == (self.stimulus is None):
            raise ValueError("give either `at` or `stimulus`")
        return self

    @property
    def known_unit(self) -> str:
        """Its unit, given or known."""
        return self.unit or ("nA" if self.stimulus else _UNITS.get(self.variable, ""))

    @property
    def meaning(self) -> str:
        """What it is, for labels."""
        where = f"current of {self.stimulus}" if self.stimulus else f"{self.variable} at {self.at}"
        return self.description or where.replace("_", " ")
