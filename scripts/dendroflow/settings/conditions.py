"""Which points a figure selects: by values of their columns, or by what these have to be."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    FiniteFloat,
    PlainValidator,
    StringConstraints,
    Tag,
    model_validator,
)

from dendroflow.settings.base import Settings
from dendroflow.settings.sweep import Scalar, filled, scalar
from dendroflow.settings.targets import column_meant

Column = Annotated[str, StringConstraints(min_length=1), AfterValidator(column_meant)]


def _options(given: Any) -> object:
    if isinstance(filled(given), list | tuple):
        return tuple(map(scalar, given))
    return scalar(given)


Options = Annotated[
    Any, PlainValidator(_options, json_schema_input_type=Scalar | tuple[Scalar, ...])
]


class Condition(Settings):
    """What a value has to be."""

    at_least: FiniteFloat | None = Field(None, description="least value")
    above: FiniteFloat | None = Field(None, description="larger than this")
    at_most: FiniteFloat | None = Field(None, description="largest value")
    below: FiniteFloat | None = Field(None, description="smaller than this")
    none_of: Options | None = Field(
        None, alias="not", description="a value, or a list of values, that it is not"
    )
    exists: bool | None = Field(None, description="whether there is a value at all")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError(f"says nothing; it may have {', '.join(CONDITIONS)}")
        return self

    def met_by(self, value: Any) -> bool:
        """Whether a value meets all of it; what is missing meets nothing but `exists: false`."""
        missing = _is_missing(value)
        if missing or self.exists is False:
            return missing and self.exists is False
        numeric = not isinstance(value, str | bool)
        for limit, within in (
            (self.at_least, operator.ge),
            (self.above, operator.gt),
            (self.at_most, operator.le),
            (self.below, operator.lt),
        ):
            if limit is not None and not (numeric and within(value, limit)):
                return False
        return self.none_of is None or not is_any(value, self.none_of)

    def words(self, write: Callable[[Any], str]) -> str:
        """Say it, with values as `write` writes them."""
        words = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<", "none_of": "not"}
        said = []
        for key, word in words.items():
            value = getattr(self, key)
            if value is not None:
                values = value if isinstance(value, tuple) else (value,)
                said.append(f"{word} {', '.join(map(write, values))}")
        return " and ".join(
            said + ["there" if self.exists else "not there"] * (self.exists is not None)
        )


CONDITIONS = [field.alias or name for name, field in Condition.model_fields.items()]
Wanted = Annotated[
    Annotated[Condition, Tag("condition")] | Annotated[Options, Tag("value")],
    Discriminator(lambda given: "condition" if isinstance(given, Mapping | Condition) else "value"),
]


def is_wanted(value: Any, wanted: Any) -> bool:
    """Whether a value is what `where` asks for."""
    if isinstance(wanted, Condition):
        return wanted.met_by(value)
    return not _is_missing(value) and is_any(value, wanted)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_any(value: Any, options: Any) -> bool:
    """Whether a value is the option, or one of several; numbers may differ by their last digits."""
    options = options if isinstance(options, tuple) else (options,)
    if isinstance(value, str | bool):
        return value in options
    numbers = (option for option in options if not isinstance(option, str))
    return any(math.isclose(value, number, rel_tol=1e-9) for number in numbers)
