"""The figures of an experiment, as they are declared.

Everything that Snakemake and the planner must know of a figure (its files, columns and signals)
follows from the declaration alone; nothing here draws, and no plotting library is imported.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from dendroflow.settings.base import Interval, OneOf, Settings, spelled
from dendroflow.settings.sweep import Scalar, filled, scalar
from dendroflow.settings.targets import column_meant

PRINT_FORMATS = ("svg", "pdf", "png")
# Dashes and markers that can be told apart.
MOST_STYLES = 7

Column = Annotated[str, StringConstraints(min_length=1), AfterValidator(column_meant)]
FileName = Annotated[
    str, spelled(r"^[a-z0-9][a-z0-9_-]*$", "a file name of a-z, 0-9, '_' and '-'", 120)
]


def _options(given: Any) -> object:
    if isinstance(filled(given), list | tuple):
        return tuple(map(scalar, given))
    return scalar(given)


Options = Annotated[
    Any, PlainValidator(_options, json_schema_input_type=Scalar | tuple[Scalar, ...])
]

# What a caption says of the keys by which points are told apart.
_TOLD_BY = {"hue": "coloured by", "style": "styled by", "col": "a panel for each"}


class OwnFigure(NamedTuple):
    """A figure that `optimise` or `analysis` draws by itself; its files have this name."""

    name: str
    title: str
    caption: str


class AnyFigure(Settings):
    """What figures of every kind have in common.

    `where` keeps the points whose column has the given value, or one of the given values.
    """

    columns_of: ClassVar[tuple[str, ...]] = ()
    # Keys of columns that must hold numbers.
    numbers_of: ClassVar[tuple[str, ...]] = ()
    signals_of: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[tuple[str, ...]] = PRINT_FORMATS
    # The title, unless it is given; {x} stands for what the key `x` says.
    shows: ClassVar[str] = ""
    # What the caption says besides, unless it is given.
    more: ClassVar[str] = ""

    name: FileName = Field("", description="file name; derived from the other keys if left out")
    title: str | None = Field(None, min_length=1, description="heads the figure")
    caption: str = Field("", description="a sentence or two beside the figure in the report")
    where: Mapping[Column, Options] = Field(
        default_factory=dict, description="column: value, or a list of values; selects points"
    )

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, data: Any) -> Any:
        """Fill in the name and the caption that were left out."""
        if not isinstance(data, Mapping):
            return data
        words = cls._words(data)
        keys = ("kind", *cls.signals_of, *cls.columns_of)
        by = "".join(f", {told} {words[key]}" for key, told in _TOLD_BY.items() if words[key])
        return {
            **data,
            "name": data.get("name") or _slug("-".join(words[key] for key in keys if words[key])),
            "caption": data.get("caption") or f"{(cls.shows + cls.more).format_map(words)}{by}.",
        }

    @classmethod
    def _words(cls, data: Mapping[str, Any]) -> dict[str, str]:
        return defaultdict(str, {key: _listed(value) for key, value in data.items() if value})


def _filled_in(template: str, x: float) -> str:
    """The text with `{x}`, or `{x:...}`, as a number; other braces are text."""
    return re.sub(r"\{x(:[^{}]*)?\}", lambda found: found[0].format(x=x), template)


class _Facets(AnyFigure):
    """Relations of columns, in one panel or in one for each value of `col`."""

    columns_of = ("y", "x", "hue", "style", "col")
    numbers_of = ("y",)
    shows = "{y} against {x}"

    x: Column = Field(description="column along the horizontal axis")
    y: Column = Field(description="column along the vertical axis")
    hue: Column | None = Field(None, description="column shown by colour")
    style: Column | None = Field(None, description="column shown by dashes or markers")
    col: Column | None = Field(None, description="column with a panel for each value")
    log_x: bool = Field(False, description="logarithmic horizontal axis")
    log_y: bool = Field(False, description="logarithmic vertical axis")
    reference: Mapping[Column, Scalar] = Field(
        default_factory=dict,
        description="swept column: value; y becomes its relative error against the point with "
        "these values that is otherwise the same",
    )
    power_law: bool = Field(
        False, description="fit y = a x^n to what each hue and style shows, and write n into it"
    )

    @model_validator(mode="after")
    def _power_law_is_straight(self) -> Self:
        if self.power_law and not (self.log_x and self.log_y):
            raise ValueError("`power_law` is a straight line: set `log_x` and `log_y` too")
        return self


class Line(_Facets):
    """Lines; the mean, and how far points spread that share a place on a line."""

    kind: Literal["line"]
    errorbar: Literal["range", "sd", "se", "pi", "none"] = Field(
        "range",
        description="the band: least to largest, one standard deviation, one standard error, or "
        "95 % of the points to both sides; `none` for none",
    )
    ends: str | None = Field(
        None,
        min_length=1,
        description="text where a line ends because y no longer exists, such as "
        "'no spike from {x:g} °C'",
    )

    @field_validator("ends")
    @classmethod
    def _template_is_sound(cls, ends: str | None) -> str | None:
        try:
            _filled_in(ends or "", 1.0)
        except ValueError as error:
            raise ValueError(f"{ends!r} does not format a number: {error}") from None
        return ends

    def end_at(self, x: float) -> str:
        """The text where a line ends."""
        return _filled_in(self.ends or "", x)


class Scatter(_Facets):
    """One marker a point."""

    kind: Literal["scatter"]


class Heatmap(AnyFigure):
    """A matrix of cells, coloured by `value`; the mean where several points share a cell."""

    columns_of = ("value", "x", "y")
    numbers_of = ("value",)
    shows = "{value} by {x} and {y}"

    kind: Literal["heatmap"]
    x: Column = Field(description="column along the horizontal axis")
    y: Column = Field(description="column along the vertical axis")
    value: Column = Field(description="column shown by colour")
    annotate: bool = Field(False, description="write the value into each cell")


class Histogram(AnyFigure):
    """How often values of `x` occur among the points, or with `all_values` within them."""

    columns_of = ("x", "hue")
    numbers_of = ("x",)
    shows = "Distribution of {x}"
    more = " over the points"

    kind: Literal["histogram"]
    x: Column = Field(description="column whose values are counted")
    hue: Column | None = Field(None, description="column shown by colour; the bars are stacked")
    all_values: bool = Field(
        False,
        description="count all values of an eFEL feature, such as one per spike, and not one per "
        "point, which is their mean",
    )


class _Orbits(AnyFigure):
    """What several points do in the course of time."""

    columns_of = ("hue",)

    hue: Column | None = Field(None, description="column shown by colour")
    window: Interval | None = Field(None, description="shown part of the time, ms")
    limit: int = Field(12, ge=1, le=200, description="most points to show, spread over `hue`")


class Trace(_Orbits):
    """Signals over time, a line a point; a panel for each signal."""

    signals_of = ("signal",)
    shows = "{signal} over time"

    kind: Literal["trace"]
    signal: Annotated[
        tuple[Column, ...],
        Field(min_length=1),
        BeforeValidator(
            lambda given: (given,) if isinstance(given, str) else given,
            json_schema_input_type=Column | Annotated[tuple[Column, ...], Field(min_length=1)],
        ),
    ] = Field(description="a signal, or a list of them, from top to bottom")
    recordings: bool = Field(
        False, description="true: beneath, in grey, the recordings that targets come from"
    )


class Phase(_Orbits):
    """Two signals against each other over time, an orbit a point."""

    signals_of = ("y", "x")
    shows = "{y} against {x}"

    kind: Literal["phase"]
    x: Column = Field(description="signal along the horizontal axis")
    y: Column = Field(description="signal along the vertical axis")


class Moment(OneOf):
    """The time at which a signal rises most steeply, or at which it is largest."""

    upstroke: Column | None = Field(None, description="signal whose steepest rise is meant")
    peak: Column | None = Field(None, description="signal whose maximum is meant")

    @property
    def signal(self) -> str:
        """The signal that decides the time."""
        return str(self.given[1])


class Select(OneOf):
    """The point with the largest, or the smallest, value of a column."""

    maximum: Column | None = None
    minimum: Column | None = None

    @property
    def column(self) -> str:
        """The column that decides."""
        return str(self.given[1])


class _OnePoint(AnyFigure):
    """One point: in print, and as a page."""

    signals_of: ClassVar[tuple[str, ...]] = ("signal",)
    formats = (*PRINT_FORMATS, "html")

    select: Select | None = Field(
        None, description="which of the points that `where` leaves; the first without this"
    )


class Shape(_OnePoint):
    """The cell of one point, coloured by a signal that is recorded along it, at one time."""

    shows = "{signal} along the cell"
    more = " at {when}"

    kind: Literal["shape"]
    signal: Column = Field(description="a signal that is recorded in every segment")
    at: Annotated[
        Annotated[float, Tag("time")] | Annotated[Moment, Tag("moment")],
        Discriminator(lambda at: "moment" if isinstance(at, Mapping | Moment) else "time"),
    ] = Field(description="time, ms; or {upstroke: signal} or {peak: signal}")
    offset: float = Field(0.0, description="added to the time of an upstroke or a peak, ms")

    @classmethod
    def _words(cls, data: Mapping[str, Any]) -> dict[str, str]:
        when, at = f"{data.get('at')} ms", data.get("at")
        if isinstance(at, Mapping):
            what = {"upstroke": "the steepest rise of", "peak": "the peak of"}
            when = ", ".join(f"{what.get(key, key)} {signal}" for key, signal in at.items())
        return super()._words(data) | {"when": when}


class _OverTime(_OnePoint):
    """One point at several times: panels in print, and a page with a slider."""

    more = " at several times"

    window: Interval | None = Field(None, description="shown part of the time, ms")
    times: tuple[float, ...] | None = Field(
        None, min_length=1, max_length=12, description="times in print, ms; six without this"
    )
    frames: int = Field(40, ge=2, le=500, description="most times on the page")

    @model_validator(mode="after")
    def _times_lie_in_window(self) -> Self:
        if self.window is not None:
            for time in self.times or ():
                if not self.window[0] <= time <= self.window[1]:
                    raise ValueError(f"times: {time:g} lies outside of `window`")
        return self


class Movie(_OverTime):
    """The cell of one point, or its cells, coloured by a signal along them, over time."""

    shows = "{signal} along the cell"

    kind: Literal["movie"]
    signal: Column = Field(description="a signal that is recorded in every segment")


class FieldMap(_OverTime):
    """What is recorded in a plane outside of the cells of one point, over time."""

    signals_of = ("signal", "cells")
    shows = "{signal} around the cell"

    kind: Literal["field"]
    signal: Column = Field(description="a signal that is recorded in voxels of one plane")
    cells: Column | None = Field(
        None, description="a signal that is recorded in every segment: its cells are drawn too"
    )
    limits: Interval | None = Field(
        None, description="range of the colours; what lies beyond gets those of its ends"
    )


class Kymograph(AnyFigure):
    """A signal that is recorded along a cable, over distance and time; a panel a point."""

    signals_of = ("signal",)
    shows = "{signal} along the cable over time"

    kind: Literal["kymograph"]
    signal: Column = Field(description="a signal that is recorded in every segment of a path")
    window: Interval | None = Field(None, description="shown part of the time, ms")
    limit: int = Field(3, ge=1, le=6, description="most points to show")


class Table(AnyFigure):
    """Values as text, a row a point, in the order of their swept values."""

    columns_of = ("columns",)
    shows = "{columns}"
    more = " of each point"

    kind: Literal["table"]
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=8)] = Field(
        description="columns, from left to right"
    )


class Targets(AnyFigure):
    """What features should be, and what they are: a row a target, a dot a point."""

    shows = "what features should be, and what they are"

    kind: Literal["targets"]


_Kind = Targets | Line | Scatter | Heatmap | Histogram | Table | Trace | Phase | Kymograph
Figure = Annotated[_Kind | Shape | Movie | FieldMap, Field(discriminator="kind")]


def output_names(figure: Figure) -> tuple[str, ...]:
    """Name the files that a figure is rendered to.

    Examples
    --------
    >>> output_names(Histogram(kind="histogram", x="AP_amplitude", name="amplitude"))
    ('amplitude.svg', 'amplitude.pdf', 'amplitude.png')
    """
    return tuple(f"{figure.name}.{suffix}" for suffix in figure.formats)


def columns(figure: Figure) -> set[str]:
    """Name the columns of the table of points (parameters, features) that a figure uses."""
    used = _names(figure, figure.columns_of)
    if isinstance(figure, _OnePoint) and figure.select:
        used.add(figure.select.column)
    return used | set(getattr(figure, "reference", ())) | set(figure.where)


def times(figure: Figure) -> dict[str, float]:
    """The latest time that each key of a figure needs, ms."""
    found = {}
    if window := getattr(figure, "window", None):
        found["window"] = window[0]
    if several := getattr(figure, "times", None):
        found["times"] = max(several)
    if isinstance(figure, Shape) and isinstance(figure.at, float):
        found["at"] = figure.at + figure.offset
    return found


def numeric(figure: Figure) -> set[str]:
    """Name the columns that must hold numbers."""
    used = _names(figure, figure.numbers_of)
    if isinstance(figure, _OnePoint) and figure.select:
        used.add(figure.select.column)
    return used | ({figure.x} if isinstance(figure, Line) and figure.ends else set())


def is_any(value: Any, options: Sequence[Any]) -> bool:
    """Whether a value is one of the options; numbers may differ by their last digits."""
    if isinstance(value, str | bool):
        return value in options
    numbers = (option for option in options if not isinstance(option, str))
    return any(math.isclose(value, number, rel_tol=1e-9) for number in numbers)


def signals(figure: Figure) -> set[str]:
    """Name the recorded signals that a figure uses."""
    used = _names(figure, figure.signals_of)
    if isinstance(figure, Shape) and not isinstance(figure.at, float):
        used.add(figure.at.signal)
    return used


def _names(figure: Figure, keys: Sequence[str]) -> set[str]:
    """What the keys hold: nothing, a name, or several."""
    given = [getattr(figure, key) or () for key in keys]
    return {name for value in given for name in ((value,) if isinstance(value, str) else value)}


def check_names(figures: Sequence[Figure]) -> Sequence[Figure]:
    """Return figures; a `ValueError` if two of them would be rendered to the same files."""
    seen: dict[str, int] = {}
    for position, figure in enumerate(figures, start=1):
        first = seen.setdefault(figure.name, position)
        if first != position:
            raise ValueError(
                f"figures {first} and {position} are both named {figure.name!r}; "
                "give one of them another `name`"
            )
    return figures


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _slug(text: str) -> str:
    """`text` as a file name: lower case, underscores for all that is not a letter or a digit."""
    return re.sub(r"[^a-z0-9-]+", "_", text.lower()).strip("_-")[:120].strip("_-")
