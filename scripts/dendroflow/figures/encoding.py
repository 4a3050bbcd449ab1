"""Colours, dashes and markers of the values of a column, and the legend that explains them."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_hex
from matplotlib.lines import Line2D
from matplotlib.offsetbox import HPacker

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import Label, is_null, is_numeric, levels, shown
from dendroflow.figures.page import GREY, Page

NO_VALUE = "no value"
MOST_LISTED = 8
LEGEND_CHARACTERS = 24
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.5)),
    (0, (1, 1)),
    (0, (3, 1.25, 1.5, 1.25)),
    (0, (5, 1, 1, 1)),
    (0, (8, 2)),
    (0, (2, 2, 4, 2)),
)


def colour_map() -> Colormap:
    """Take the part of viridis that is dark enough for thin lines on white."""
    colours = sns.color_palette("viridis", 256)[: int(256 * 0.9)]
    return ListedColormap([to_hex(colour) for colour in colours], name="viridis-on-white")


@dataclass(frozen=True)
class Hues:
    """A colour for each text of a column; `bar` where a colour bar explains them."""

    label: Label | None
    colours: dict[str, str]
    bar: ScalarMappable | None = None

    def entries(self, **style: Any) -> dict[str, list[Artist]]:
        """Return what the legend lists: lines of that style."""
        listed = {t: c for t, c in self.colours.items() if not self.bar or t == NO_VALUE}
        lines = [
            Line2D([], [], color=c, label=t, **{"lw": 2.5, **style}) for t, c in listed.items()
        ]
        return {str(self.label): list(lines)} if self.label else {}


def texts(points: pd.DataFrame, column: str | None) -> "pd.Series[str]":
    """Return the values of a column as the legend writes them; empty if there is no column."""
    if column is None:
        return pd.Series("", index=points.index, dtype=object)
    return points[column].map(lambda v: NO_VALUE if is_null(v) else shown(v)).astype(object)


def listed(points: pd.DataFrame, column: str | None) -> list[str]:
    """Return the distinct texts of a column, in the order of its values."""
    found = texts(points, column)
    steps = [""] if column is None else map(shown, levels(points[column]))
    return [*dict.fromkeys(steps), *[NO_VALUE] * bool((found == NO_VALUE).any())]


def hues_of(points: pd.DataFrame, column: str | None, labels: Mapping[str, Label]) -> Hues:
    """Choose colours of the values of a column; one colour if there is no column."""
    named = listed(points, column)
    steps: Any = [text for text in named if text != NO_VALUE]
    if column is None:
        return Hues(None, {"": to_hex(sns.color_palette("colorblind")[0])})
    bar = None
    values = points[column]
    if is_numeric(values) and len(steps) > MOST_LISTED:
        numbers = np.array(levels(values), dtype=float)
        bar = ScalarMappable(Normalize(numbers[0], numbers[-1]), colour_map())
        colours = bar.to_rgba(numbers)
    elif is_numeric(values) or len(steps) > 10 or isinstance(values.dtype, pd.CategoricalDtype):
        colours = colour_map()(np.linspace(0.0, 0.87, max(len(steps), 1)))
    else:
        colours = sns.color_palette("colorblind", len(steps))
    found = {text: to_hex(colour) for text, colour in zip(steps, colours, strict=False)}
    return Hues(labels[column], found | {text: "#999999" for text in named[len(steps) :]}, bar)


@dataclass(frozen=True)
class Styles:
    """Dashes and a marker for each text of a column."""

    label: Label | None
    texts: tuple[str, ...]

    @property
    def dashes(self) -> dict[str, Any]:
        """Dashes of each text."""
        return dict(zip(self.texts, DASHES, strict=False))

    @property
    def markers(self) -> dict[str, str]:
        """Marker of each text."""
        return dict(zip(self.texts, MARKERS, strict=False))

    def entries(self, hues: Hues, *, lines: bool) -> dict[str, list[Artist]]:
        """Return what the legend lists: marks, in the colours of the same column if it has any."""
        marks = [
            Line2D(
                [],
                [],
                color=hues.colours[text] if self.label == hues.label else GREY,
                marker=self.markers[text],
                ls=self.dashes[text] if lines else "none",
                ms=5,
                label=text,
            )
            for text in self.texts
        ]
        return {str(self.label): list(marks)} if self.label else {}


def styles_of(
    name: str, points: pd.DataFrame, column: str | None, labels: Mapping[str, Label]
) -> Styles:
    """Choose dashes and markers of the values of a column.

    Raises
    ------
    ConfigurationError
        If there are more values than can be told apart.
    """
    steps = listed(points, column)
    if len(steps) > len(MARKERS):
        raise ConfigurationError(
            f"figure {name}: `style` has {len(steps)} values, of which {len(MARKERS)} can be told "
            "apart; use `hue` or `col`"
        )
    return Styles(None if column is None else labels[column], tuple(steps))


def add_legend(
    page: Page,
    panels: Sequence[Axes],
    entries: Mapping[str, Sequence[Artist]],
    hues: Hues | None = None,
) -> None:
    """Explain colours and marks to the right of all panels: lists by title, and a colour bar."""
    if hues is not None and hues.bar is not None:
        page.colour_bar(panels, hues.bar, hues.label)
    handles: list[Artist] = []
    titles = []
    for title, marks in entries.items():
        if marks and title:
            titles.append(len(handles))
            gap = "\n" if handles else ""
            head = gap + textwrap.fill(title, LEGEND_CHARACTERS)
            handles.append(Line2D([], [], ls="none", label=head))
        handles += marks
    if not handles:
        return
    legend = page.canvas.legend(handles=handles, loc="outside right upper")
    rows = [row for row in legend.findobj(HPacker) if len(row.get_children()) == 2]
    for index in titles:
        legend.get_texts()[index].set_weight("bold")
        rows[index].get_children()[0].set_width(0)
        rows[index].sep = 0
