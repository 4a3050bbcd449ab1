"""Figures of recorded signals: over time, against each other, along cells and around them."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from dendroflow.settings.any_figure import AnyFigure
from dendroflow.settings.base import Interval, OneOf
from dendroflow.settings.conditions import Column


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


class OnePoint(AnyFigure):
    """One point: in print, and as a page."""

    signals_of: ClassVar[tuple[str, ...]] = ("signal",)
    paged = True

    select: Select | None = Field(
        None, description="which of the points that `where` leaves; the first without this"
    )


class Shape(OnePoint):
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
    def _words(cls, data: Mapping[str, Any], meant: Callable[[str], str] = str) -> dict[str, str]:
        when, at = f"{data.get('at')} ms", data.get("at")
        if isinstance(at, Mapping):
            what = {"upstroke": "the steepest rise of", "peak": "the peak of"}
            when = ", ".join(
                f"{what.get(key, key)} {meant(signal)}" for key, signal in at.items() if signal
            )
        return super()._words(data, meant) | {"when": when}


class _OverTime(OnePoint):
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
