"""Colours, dashes and markers of the values of a column, and the legend that explains them."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_hex
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import Label, is_null, is_numeric, levels, shown
from dendroflow.figures.page import FAILED, GREY, TEXT_SIZE, Page, literal, wrapped

NO_VALUE = "no value"
MOST_LISTED = 8
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = (
    "",
    (4, 1.5),
    (1, 1),
    (3, 1.25, 1.5, 1.25),
    (5, 1, 1, 1),
    (8, 2),
    (2, 2, 4, 2),
)


LEGEND_CHARACTERS = 22
LEGEND_ROW = 14.5
BAR_WIDTH = 0.85
LEAST_BAR = 0.4


@dataclass(frozen=True)
class Group:
    """Entries of a legend below a title."""

    title: str
    handles: Sequence[Artist]


def colour_map() -> Colormap:
    """The part of viridis that is dark enough for thin lines on white."""
    colours = sns.color_palette("viridis", 256)[: int(256 * 0.9)]
    return ListedColormap([to_hex(colour) for colour in colours], name="viridis-on-white")


@dataclass(frozen=True)
class Hues:
    """A colour for each value of a column; `bar` where a colour bar explains them."""

    label: Label | None
    colours: dict[str, str]
    bar: ScalarMappable | None = None

    def group(self) -> Group | None:
        """The part of the legend that lists the colours; none where the bar says it all."""
        listed = {k: c for k, c in self.colours.items() if not self.bar or k == NO_VALUE}
        if self.label is None or not listed:
            return None
        lines = [Line2D([], [], color=c, lw=2.5, label=text) for text, c in listed.items()]
        return Group(str(self.label), lines)


@dataclass(frozen=True)
class Styles:
    """Dashes and a marker for each value of a column."""

    label: Label | None
    texts: tuple[str, ...]

    @property
    def dashes(self) -> dict[str, Any]:
        """Dashes, as seaborn takes them."""
        return dict(zip(self.texts, DASHES, strict=False))

    @property
    def markers(self) -> dict[str, str]:
        """Markers, as seaborn takes them."""
        return dict(zip(self.texts, MARKERS, strict=False))

    def group(self, hues: Hues, *, lines: bool) -> Group | None:
        """The part of the legend that lists dashes and markers.

        Where colours tell apart the same column, they are listed here too.
        """
        if self.label is None:
            return None
        handles = [
            Line2D(
                [],
                [],
                color=hues.colours[text] if self.label == hues.label else GREY,
                marker=self.markers[text],
                ls=((0, self.dashes[text] or None) if lines else "none"),
                ms=5,
                label=text,
            )
            for text in self.texts
        ]
        return Group(str(self.label), handles)


def texts(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Values as the legend writes them."""
    return values.map(lambda value: NO_VALUE if is_null(value) else shown(value)).astype(object)


def hues_of(values: "pd.Series[Any] | None", label: Label | None) -> Hues:
    """Colours of the values of a column; one colour if there is no column."""
    if values is None or label is None:
        return Hues(None, {"": to_hex(sns.color_palette("colorblind")[0])})
    steps = levels(values)
    numeric = is_numeric(values)
    bar = None
    if numeric and len(steps) > MOST_LISTED:
        norm = Normalize(float(steps[0]), float(steps[-1]))
        bar = ScalarMappable(norm, colour_map())
        colours = [to_hex(colour) for colour in colour_map()(norm(np.array(steps, dtype=float)))]
    elif numeric or len(steps) > 10 or isinstance(values.dtype, pd.CategoricalDtype):
        ramp = colour_map()(np.linspace(0.0, 0.87, max(len(steps), 1)))
        colours = [to_hex(colour) for colour in ramp]
    else:
        colours = [to_hex(colour) for colour in sns.color_palette("colorblind", len(steps))]
    named = dict(zip(map(shown, steps), colours, strict=False))
    if values.isna().any():
        named[NO_VALUE] = "#999999"
    return Hues(label, named, bar)


def styles_of(name: str, values: "pd.Series[Any] | None", label: Label | None) -> Styles:
    """Dashes and markers of the values of a column.

    Raises
    ------
    ConfigurationError
        If there are more values than can be told apart.
    """
    if values is None or label is None:
        return Styles(None, ("",))
    steps = [shown(step) for step in levels(values)] + [NO_VALUE] * bool(values.isna().any())
    if len(steps) > len(MARKERS):
        raise ConfigurationError(
            f"figure {name}: `style` has {len(steps)} values, of which {len(MARKERS)} can be told "
            "apart; use `hue` or `col`"
        )
    return Styles(label, tuple(steps))


def failed_group(count: int) -> Group | None:
    """The part of the legend that explains the marks of failed points."""
    if not count:
        return None
    label = f"failed ({count} point{'s' if count > 1 else ''})"
    mark = Line2D([], [], ls="none", marker="x", color=FAILED, ms=6, mew=1.5, label=label)
    return Group("", [mark])


def add_legend(page: Page, axes: Axes, groups: Sequence[Group | None], hues: Hues) -> None:
    """Explain the encoding to the right of `axes`: lists above, a colour bar below.

    Where the bar finds too little space below the lists, it stands between them and the axes.
    """
    present = [group for group in groups if group is not None]
    titles = [textwrap.fill(group.title, LEGEND_CHARACTERS) for group in present]
    depths = [0.0]
    for group, title in zip(present, titles, strict=True):
        rows = len(group.handles) + (title.count("\n") + 1 if title else 0)
        depths.append(depths[-1] + LEGEND_ROW * rows + 6)
    page.canvas.draw_without_rendering()
    height = axes.bbox.height / page.canvas.dpi
    share = 1 - (depths[-1] + LEGEND_ROW) / 72 / height
    beside = hues.bar is not None and share < LEAST_BAR
    inches = page.canvas.dpi_scale_trans
    for group, title, depth in zip(present, titles, depths[:-1], strict=True):
        shift = ScaledTranslation(BAR_WIDTH if beside else 0, -depth / 72, inches)
        legend = Legend(
            axes,
            list(group.handles),
            [literal(str(handle.get_label())) for handle in group.handles],
            title=literal(title) or None,
            title_fontproperties={"weight": "bold", "size": TEXT_SIZE},
            alignment="left",
            loc="upper left",
            bbox_to_anchor=(1.02, 1.02),
            bbox_transform=axes.transAxes + shift,
            borderaxespad=0,
        )
        axes.add_artist(legend)
        legend.set_clip_on(False)
    if hues.bar is not None:
        share = 1.0 if beside or not present else share
        place = axes.inset_axes((1.04, 0.0, 0.035, share))
        bar = page.canvas.colorbar(hues.bar, cax=place)
        bar.set_label(wrapped(hues.label, share * height))
        bar.outline.set_visible(False)
