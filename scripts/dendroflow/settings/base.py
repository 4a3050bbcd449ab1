"""What all settings have in common."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from dendroflow.errors import ConfigurationError

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
NonNegative = Annotated[FiniteFloat, Field(ge=0)]
Positive = Annotated[FiniteFloat, Field(gt=0)]


class Settings(BaseModel):
    """Settings are frozen, and a key that they do not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class OneOf(Settings):
    """Settings of which exactly one is given."""

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, data: object) -> object:
        if not isinstance(data, Mapping | Settings):
            choice = ", ".join(f"{{{name}: ...}}" for name in cls.model_fields)
            raise ValueError(f"must be one of {choice}; is {data!r}")
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


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse names of which one is listed twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is listed twice")
    return names


Interval = Annotated[tuple[FiniteFloat, FiniteFloat], AfterValidator(in_order)]


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
