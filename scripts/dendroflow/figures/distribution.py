"""Histograms: how often values of a column occur."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from dendroflow.figures.data import OK, FigureData, is_numeric, levels, numbers
from dendroflow.figures.encoding import MOST_LISTED, Group, add_legend, hues_of, texts
from dendroflow.figures.page import Page, empty_page, failure_note, literal, subtitle, title
from dendroflow.settings.figures import Histogram

MOST_BINS = 50
CLASSES = 6


def draw(figure: Histogram, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw a histogram of points, of which at least one is ok."""
    label = data.labels[figure.x]
    alive = points[points["status"] == OK]
    values = numbers(figure, alive, figure.x)
    notes = failure_note(points)
    missing = int(values.isna().sum())
    if missing:
        notes.insert(
            0,
            f"{label.text} does not exist at {missing} of {len(alive)} points that succeeded.",
        )
    if values.isna().all():
        reason = f"{label.text} exists at none of the {len(points)} points."
        return empty_page(figure, data, reason, notes)

    page = Page(title(figure, data), subtitle(figure, data), notes, (6.9, 3.6))
    axes = page.canvas.subplots()
    hue_label = data.labels[figure.hue] if figure.hue else None
    by = _classes(alive[figure.hue]) if figure.hue else None
    hues = hues_of(by, hue_label)
    frame = pd.DataFrame({"x": values, "hue": texts(by) if by is not None else ""})
    frame = frame.dropna(subset="x")
    whole = bool((frame["x"] % 1 == 0).all()) and np.ptp(frame["x"]) <= MOST_BINS
    sns.histplot(
        data=frame,
        x="x",
        hue="hue",
        hue_order=list(hues.colours),
        palette=hues.colours,
        multiple="stack",
        discrete=whole,
        shrink=0.8 if whole else 1,
        bins="auto" if whole else _bins(frame["x"].to_numpy()),
        edgecolor="white",
        linewidth=0.6,
        alpha=1,
        legend=False,
        ax=axes,
    )
    axes.set(xlabel=literal(str(label)), ylabel="number of points")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, axis="y", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    if hue_label is not None:
        patches = [Patch(color=colour, label=text) for text, colour in hues.colours.items()]
        add_legend(page, axes, [Group(str(hue_label), patches)], hues)
    return page


def _bins(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> int:
    """As many bins as numpy's `auto` rule finds, within reason."""
    return int(np.clip(len(np.histogram_bin_edges(values, bins="auto")) - 1, 5, MOST_BINS))


def _classes(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Values, or the class of each where they are too many numbers to be told apart."""
    if not is_numeric(values) or len(levels(values)) <= MOST_LISTED:
        return values
    edges = np.linspace(values.min(), values.max(), CLASSES + 1)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    codes = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, CLASSES - 1)
    present = values.notna()
    named = pd.Series(None, index=values.index, dtype=pd.CategoricalDtype(names, ordered=True))
    named[present] = [names[code] for code in codes[present]]
    return named
