"""Colours, dashes and markers of the values of a column, and the legend that explains them."""

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize, to_hex
from matplotlib.lines import Line2D
from matplotlib.offsetbox import HPacker

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import Label, is_null, is_numeric, levels, shown
from dendroflow.figures.page import GREY, Page

NO_VALUE = "no value"
MOST_LISTED, CLASSES = 8, 6
LEGEND_CHARACTERS = 24
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Lengths of dashes and gaps; "" for none.
DASHES: tuple[Any, ...] = (
    *("", (4, 1.5), (1, 1), (4, 1, 1, 1)),
    *((8, 2), (5, 1, 1, 1, 1, 1), (2, 2, 4, 2)),
)

Group = tuple[str, Sequence[Artist]]
Palette = str | Sequence[str] | None


def colour_map(palette: Palette = None) -> Any:
    """Colours for numbers; without a palette, of viridis what is dark enough on white."""
    if palette is not None:
        return as_colours(palette, 256, continuous=True)
    colours = sns.color_palette("viridis", 256)[: int(256 * 0.9)]
    return ListedColormap([to_hex(colour) for colour in colours], name="viridis-on-white")


def as_colours(palette: Palette, count: int, *, continuous: bool = False) -> Any:
    """A list of colours of a palette, or all of it as a map.

    Raises
    ------
    ConfigurationError
        If there is no such palette.
    """
    try:
        if not continuous:
            return sns.color_palette(palette or "colorblind", count)
        if palette is None or isinstance(palette, str):
            return ListedColormap(sns.color_palette(palette or "viridis", count), name="palette")
        return sns.blend_palette(palette, count, as_cmap=True)
    except ValueError as error:
        named = palette if isinstance(palette, str) else ", ".join(palette or ())
        raise ConfigurationError(
            f"style: palette: {named}: no palette of seaborn and no colours: {error}"
        ) from error


def norm_of(values: Any) -> Normalize:
    """From least to largest; logarithmic for values that are spread over decades evenly."""
    found = np.asarray(values, dtype=float)
    low, high = float(found.min()), float(found.max())
    if low > 0 and high >= 10 * low:
        middle = float(np.median(found))
        if abs(math.log(middle / math.sqrt(low * high))) < abs(math.log(2 * middle / (low + high))):
            return LogNorm(low, high)
    return Normalize(low, high)


@dataclass(frozen=True)
class Hues:
    """A colour for each text of a column; `bar` where a colour bar explains them."""

    label: Label | None
    colours: dict[str, str]
    bar: ScalarMappable | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What seaborn is told of a column `hue`; it draws no legend of its own."""
        return {"hue": "hue", "palette": self.colours, "legend": False}

    def listed(self, **style: Any) -> Group:
        """Return what the legend lists: lines of that style."""
        lines = [
            Line2D([], [], color=colour, label=text, **{"lw": 2.0, **style})
            for text, colour in self.colours.items()
            if self.label and (self.bar is None or text == NO_VALUE)
        ]
        return str(self.label), lines


def texts(points: pd.DataFrame, column: str | None) -> "pd.Series[Any]":
    """Return a column as the legend writes it, a categorical in the order of its values.

    All is "" if there is no column.
    """
    if column is None:
        return pd.Series("", index=points.index, dtype=pd.CategoricalDtype([""]))
    found = points[column].map(lambda v: NO_VALUE if is_null(v) else shown(v)).astype(object)
    steps = [*map(shown, levels(points[column])), *[NO_VALUE] * bool((found == NO_VALUE).any())]
    return found.astype(pd.CategoricalDtype(list(dict.fromkeys(steps))))


@dataclass(frozen=True)
class Sizes:
    """Widths of lines, or areas of marks (points squared), for the numbers of a column."""

    label: Label | None
    low: float = 0.0
    high: float = 1.0
    smallest: float = 1.0
    largest: float = 1.0

    @property
    def told(self) -> dict[str, Any]:
        """What seaborn is told of a column `size`."""
        if self.label is None:
            return {}
        ends = {"sizes": (self.smallest, self.largest), "size_norm": (self.low, self.high)}
        return {"size": "size", **ends}

    def listed(self, **style: Any) -> Group:
        """Return what the legend lists: least, middle and largest."""
        if self.label is None:
            return "", []
        marks = []
        for value in np.linspace(self.low, self.high, 3):
            share = (value - self.low) / ((self.high - self.low) or 1.0)
            size = self.smallest + share * (self.largest - self.smallest)
            shape = {"ms": math.sqrt(size)} if "marker" in style else {"lw": size}
            marks.append(Line2D([], [], color=GREY, label=f"{value:.3g}", **style | shape))
        return str(self.label), marks


def sizes_of(
    values: "pd.Series[Any] | None", label: Label | None, ends: tuple[float, float]
) -> Sizes:
    """Spread the sizes from one end to the other over the values."""
    if values is None or values.isna().all():
        return Sizes(None)
    return Sizes(label, float(values.min()), float(values.max()), *ends)


def lines_of(part: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Split points by the texts of their columns hue and style, in the order of the legend."""
    for key, line in part.groupby(["hue", "style"], observed=True):
        hue, style = map(str, key)
        yield hue, style, line


def hues_of(
    points: pd.DataFrame, column: str | None, labels: Mapping[str, Label], palette: Palette = None
) -> Hues:
    """Choose colours of the values of a column; one colour if there is no column."""
    if column is None:
        return Hues(None, {"": to_hex(as_colours(palette, 1)[0])})
    values = points[column]
    steps = levels(values)
    bar = None
    if is_numeric(values) and len(steps) > MOST_LISTED:
        bar = ScalarMappable(norm_of(steps), colour_map(palette))
        colours = bar.to_rgba(np.array(steps, dtype=float))
    elif is_numeric(values) or len(steps) > 10 or isinstance(values.dtype, pd.CategoricalDtype):
        colours = colour_map(palette)(np.linspace(0.0, 0.87, max(len(steps), 1)))
    else:
        colours = as_colours(palette, len(steps))
    found = {shown(step): to_hex(c) for step, c in zip(steps, colours, strict=False)}
    missing = {NO_VALUE: "#999999"} if values.isna().any() else {}
    return Hues(labels[column], found | missing, bar)


def in_classes(points: pd.DataFrame, column: str | None) -> pd.DataFrame:
    """Replace values of a column by classes where they are too many numbers to be told apart."""
    if column is None or not is_numeric(points[column]):
        return points
    if len(levels(points[column])) <= MOST_LISTED:
        return points
    edges = np.linspace(points[column].min(), points[column].max(), CLASSES + 1)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    classes = pd.cut(points[column], edges.tolist(), labels=names, include_lowest=True)
    return points.assign(**{column: classes})


@dataclass(frozen=True)
class Styles:
    """Dashes and a marker for each text of a column."""

    label: Label | None
    markers: dict[str, str]
    dashes: dict[str, Any]

    def listed(self, hues: Hues, *, lines: bool) -> Group:
        """Return what the legend lists: marks, in the colours of the same column if it has any."""
        marks = []
        for text, mark in self.markers.items() if self.label else ():
            colour = hues.colours[text] if self.label == hues.label else GREY
            dashes = "none" if not lines else (0, self.dashes[text]) if self.dashes[text] else "-"
            marks.append(Line2D([], [], color=colour, marker=mark, ls=dashes, ms=3.5, label=text))
        return str(self.label), marks


def styles_of(
    name: str, points: pd.DataFrame, column: str | None, labels: Mapping[str, Label]
) -> Styles:
    """Choose dashes and markers of the values of a column.

    Raises
    ------
    ConfigurationError
        If there are more values than can be told apart.
    """
    steps = list(texts(points, column).cat.categories)
    if len(steps) > len(MARKERS):
        raise ConfigurationError(
            f"figure {name}: `style` has {len(steps)} values, of which {len(MARKERS)} can be told "
            "apart; use `hue` or `col`"
        )
    label = None if column is None else labels[column]
    markers, dashes = (dict(zip(steps, marks, strict=False)) for marks in (MARKERS, DASHES))
    return Styles(label, markers, dashes)


def add_legend(
    page: Page, panels: Sequence[Axes], groups: Iterable[Group], hues: Hues | None = None
) -> None:
    """Explain colours and marks to the right of all panels: titled lists, and a colour bar."""
    if hues is not None and hues.bar is not None:
        page.colour_bar(panels, hues.bar, hues.label)
    handles: list[Artist] = []
    titles = []
    for title, marks in groups:
        if marks and title:
            titles.append(len(handles))
            head = "\n" * bool(handles) + textwrap.fill(title, LEGEND_CHARACTERS)
            handles.append(Line2D([], [], ls="none", label=head))
        handles += marks
    if not handles:
        return
    legend = page.canvas.legend(handles=handles, loc="outside right upper", borderaxespad=0.3)
    rows: list[Any] = [row for row in legend.findobj(HPacker) if len(row.get_children()) == 2]
    for index in titles:
        legend.get_texts()[index].set_fontweight("bold")
        rows[index].get_children()[0].set_width(0)
        rows[index].sep = 0
