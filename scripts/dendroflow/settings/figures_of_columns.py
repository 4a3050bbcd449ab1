"""Figures of the table of points: relations, distributions, maps, pairs, tables."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, FiniteFloat, field_validator, model_validator

from dendroflow.settings.any_figure import AnyFigure
from dendroflow.settings.conditions import Column
from dendroflow.settings.style import Style
from dendroflow.settings.sweep import Scalar


def _filled_in(template: str, x: float) -> str:
    """The text with `{x}`, or `{x:...}`, as a number; other braces are text."""
    return re.sub(r"\{x(:[^{}]*)?\}", lambda found: found[0].format(x=x), template)


class _Panels(AnyFigure):
    """Columns of the table of points, in one panel or in one for each value of a column."""

    col: Column | None = Field(None, description="column with a panel for each value")
    row: Column | None = Field(None, description="column with a row of panels for each value")


class _Relation(_Panels):
    """Two columns against each other."""

    columns_of: ClassVar[tuple[str, ...]] = ("y", "x", "hue", "col", "row")
    numbers_of: ClassVar[tuple[str, ...]] = ("y",)
    shows = "{y} against {x}"

    x: Column = Field(description="column along the horizontal axis")
    y: Column = Field(description="column along the vertical axis")
    hue: Column | None = Field(None, description="column shown by colour")
    log_y: bool = Field(False, description="logarithmic vertical axis")


class ColumnStyle(Style):
    """Also the column that dashes and markers tell apart."""

    column: Column | None = Field(None, description="column shown by dashes or markers")


class _Marked(_Relation):
    columns_of = ("y", "x", "hue", "marks", "size", "col", "row")
    numbers_of = ("y", "size")

    style: Annotated[
        ColumnStyle,
        BeforeValidator(
            lambda given: {"column": given} if isinstance(given, str) else given,
            json_schema_input_type=Column | ColumnStyle,
        ),
    ] = Field(
        ColumnStyle(),
        description="column shown by dashes or markers; or how the figure looks on the page, "
        "with the column as `column`",
    )
    size: Column | None = Field(None, description="column shown by the width of lines or marks")
    log_x: bool = Field(False, description="logarithmic horizontal axis")
    reference: Mapping[Column, Scalar] = Field(
        default_factory=dict,
        description="swept column: value; y becomes its relative error against the point with "
        "these values that is otherwise the same",
    )
    power_law: bool = Field(
        False, description="fit y = a x^n to what each hue and style shows, and write n into it"
    )

    @property
    def marks(self) -> str | None:
        """The column shown by dashes or markers."""
        return self.style.column

    @model_validator(mode="after")
    def _power_law_is_straight(self) -> Self:
        if self.power_law and not (self.log_x and self.log_y):
            raise ValueError("`power_law` is a straight line: set `log_x` and `log_y` too")
        return self


Estimator = Literal["mean", "median", "min", "max"]
ESTIMATOR: Any = Field("mean", description="what stands for points that share a place")
ERRORBAR: Any = Field(
    "range",
    description="how far they spread: least to largest, one standard deviation, one standard "
    "error, a bootstrapped 95 % interval of the estimate, or 95 % of the points to both sides; "
    "`none` for none",
)
Errorbar = Literal["range", "sd", "se", "ci", "pi", "none"]


class Line(_Marked):
    """Lines; the mean, and how far points spread that share a place on a line."""

    kind: Literal["line"]
    estimator: Estimator = ESTIMATOR
    errorbar: Errorbar = ERRORBAR
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


class Scatter(_Marked):
    """One marker a point."""

    kind: Literal["scatter"]


class Groups(_Relation):
    """How y is distributed at each value of x: boxes with quartiles, densities, or all points."""

    kind: Literal["box", "violin", "strip"]


class Bar(_Relation):
    """A bar for each value of x, as high as the mean of y."""

    kind: Literal["bar"]
    estimator: Estimator = ESTIMATOR
    errorbar: Errorbar = ERRORBAR


class Distribution(_Panels):
    """How often values of a column occur."""

    columns_of = ("x", "hue", "col", "row")
    numbers_of = ("x",)
    shows = "Distribution of {x}"
    more = " over the points"

    x: Column = Field(description="column whose values are counted")
    hue: Column | None = Field(None, description="column shown by colour")
    log_x: bool = Field(False, description="logarithmic horizontal axis")
    all_values: bool = Field(
        False,
        description="count all values of an eFEL feature, such as one per spike, and not one per "
        "point, which is their mean",
    )


class Histogram(Distribution):
    """How often values of `x` occur among the points; bars of a hue are stacked."""

    kind: Literal["histogram"]
    stat: Literal["count", "probability", "density"] = Field("count", description="height of bars")
    bins: Annotated[int, Field(ge=1, le=500)] | None = Field(None, description="number of bars")


class Ecdf(Distribution):
    """The share of points whose `x` is at most that large."""

    kind: Literal["ecdf"]


class Map(_Panels):
    """`value` over two columns, by colour: cells, or with `contour` true axes and lines."""

    columns_of = ("value", "x", "y", "col", "row")
    numbers_of = ("value",)
    shows = "{value} by {x} and {y}"

    kind: Literal["heatmap", "contour"]
    x: Column = Field(description="column along the horizontal axis")
    y: Column = Field(description="column along the vertical axis")
    value: Column = Field(description="column shown by colour")
    log_x: bool = Field(False, description="logarithmic horizontal axis")
    log_y: bool = Field(False, description="logarithmic vertical axis")
    estimator: Estimator = ESTIMATOR
    annotate: bool = Field(False, description="write the value into each cell, or onto each line")
    levels: tuple[FiniteFloat, ...] | None = Field(
        None, min_length=1, description="values with a line, of `contour`; without this, round ones"
    )

    @model_validator(mode="after")
    def _true_axes(self) -> Self:
        asked = [key for key in ("log_x", "log_y", "levels") if getattr(self, key)]
        if self.kind == "heatmap" and asked:
            raise ValueError(f"{asked[0]}: needs true axes, which `kind: contour` has")
        return self


class Pair(AnyFigure):
    """Each pair of some columns, with their correlations, and the distribution of each."""

    columns_of = ("columns", "hue")
    numbers_of = ("columns",)
    shows = "Pairs of {columns}"

    kind: Literal["pair"]
    columns: Annotated[tuple[Column, ...], Field(min_length=2, max_length=8)] = Field(
        description="columns, from left to right"
    )
    hue: Column | None = Field(None, description="column shown by colour")


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
