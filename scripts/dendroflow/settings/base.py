"""What all settings have in common."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    model_validator,
)

from dendroflow.errors import ConfigurationError

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
NonNegative = Annotated[FiniteFloat, Field(ge=0)]
Positive = Annotated[FiniteFloat, Field(gt=0)]


# What rules a terminal, or no SVG may hold; YAML can write it as an escape alone.
_CONTROL = re.compile(r"[^\t\n -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def control_character(text: str) -> str | None:
    """What is wrong with a text that holds a character which no figure or terminal can show."""
    found = _CONTROL.search(text)
    return found and f"{text!r} holds the character {found[0]!r}: remove it"


# What a text has to look like, by the pattern that says it.
SPELLING: dict[str, str] = {}


def spelled(pattern: str, words: str, longest: int | None = None) -> StringConstraints:
    """Demand that a text matches `pattern`, which stands in messages as `words`."""
    SPELLING[pattern] = words
    return StringConstraints(pattern=pattern, max_length=longest)


Name = Annotated[
    str, spelled(r"^[a-z][a-z0-9_]*$", "a name: a letter from a to z, then a-z, 0-9 and _", 60)
]


class WrongKeyError(ValueError):
    """What is wrong with one key of settings."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key


class Settings(BaseModel):
    """Settings are frozen; an unknown key is an error, and so is a truth value for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _keys(cls, data: Any) -> Any:
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        for key, value in data.items() if isinstance(data, Mapping) else ():
            if key not in fields:
                hint = nearest(str(key), fields) or "; see docs/configuration.md"
                raise WrongKeyError(str(key), f"unknown key{hint}")
            # Python takes true for 1.
            kinds = set(_kinds(fields[key].annotation))
            if isinstance(value, bool) and kinds & {int, float} and bool not in kinds:
                raise WrongKeyError(key, f"{shown(value)} is not a number")
        return data


def shown(value: object) -> str:
    """A value as YAML writes it, cut short."""
    text = "null" if value is None else repr(value)
    text = text.lower() if isinstance(value, bool) else text
    return text if len(text) <= 100 else f"{text[:100]} …"


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of."""
    yield annotation
    for argument in get_args(annotation):
        yield from _kinds(argument)


class OneOf(Settings):
    """Settings of which exactly one is given."""

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, data: object) -> object:
        if not isinstance(data, Mapping | Settings):
            choice = ", ".join(f"{{{name}: ...}}" for name in cls.model_fields)
            raise ValueError(f"must be one of {choice}; is {shown(data)}")
        return data

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            choice = ", ".join(type(self).model_fields)
            raise ValueError(f"takes exactly one of {choice}; has {', '.join(given) or 'none'}")
        return self

    @property
    def given(self) -> tuple[str, Any]:
        """The key that is given, and its value."""
        return next((name, value) for name, value in self if value is not None)


def in_order(interval: tuple[float, float]) -> tuple[float, float]:
    """Refuse an interval that does not go from a smaller number to a larger one."""
    low, high = interval
    if not low < high:
        raise ValueError(f"{low:g} must lie below {high:g}")
    return interval


Listed = TypeVar("Listed", bound=tuple[Any, ...])


def each_once(names: Listed) -> Listed:
    """Refuse names of which one is listed twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is listed twice")
    return names


def items(names: str) -> BeforeValidator:
    """Demand a list with one number for each of `names`."""
    count = names.count(",") + 1

    def check(value: Any) -> Any:
        numbers = isinstance(value, list | tuple) and not any(isinstance(v, bool) for v in value)
        if not numbers or len(value) != count:
            raise ValueError(f"must be [{names}], is {shown(value)}")
        return value

    return BeforeValidator(check)


Interval = Annotated[tuple[FiniteFloat, FiniteFloat], AfterValidator(in_order), items("low, high")]


def nearest(name: str, names: Iterable[str]) -> str:
    """Return "; did you mean 'a' or 'b'?", or which few names there are, or nothing."""
    by_lower = {other.casefold(): other for other in names}
    close = get_close_matches(name.casefold(), by_lower, n=3, cutoff=0.5)
    if close:
        return f"; did you mean {' or '.join(repr(by_lower[other]) for other in close)}?"
    few = len(by_lower) <= 20
    return f"; there are {', '.join(sorted(by_lower.values())) or 'none'}" if few else ""


def known(what: str, names: Collection[str]) -> Callable[[str], str]:
    """Return a validator that refuses all names but these."""

    def check(name: str) -> str:
        if name not in names:
            hint = nearest(name, names) or "; see docs/configuration.md"
            raise ValueError(f"there is no {what} {name!r}{hint}")
        return name

    return check


def demand(name: str, names: Collection[str], before: str, after: str = "") -> None:
    """Refuse a name that is none of `names`, in a line with the nearest ones."""
    if name not in names:
        raise ConfigurationError(f"{before}{name!r}{after}{nearest(name, names)}")


@contextmanager
def naming(source: Path | str) -> Iterator[None]:
    """Put a file or a key before an error about what stands there."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{source}: {error}") from error
