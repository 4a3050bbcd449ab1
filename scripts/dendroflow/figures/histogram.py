"""Histograms: how often values of a column occur."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import MaxNLocator

from dendroflow.figures.data import OK, FigureData, is_numeric, levels, numbers
from dendroflow.figures.encoding import MOST_LISTED, add_legend, hues_of, texts
from dendroflow.figures.page import Page, empty_page, failure_note, page_of
from dendroflow.settings.figures import Histogram

MOST_BINS = 50
CLASSES = 6


def draw(figure: Histogram, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw a histogram of points, of which at least one is ok, or of all values of these."""
    label, counted = data.labels[figure.x], "points"
    if figure.all_values:
        label, counted = replace(label, mean=""), "values"
    alive = points[points["status"] == OK]
    notes = failure_note(points)
    missing = int(numbers(figure, alive, figure.x).isna().sum())
    if missing:
        absent = f"{label.text} does not exist at {missing} of {len(alive)} points that succeeded."
        notes.insert(0, absent)
    if missing == len(alive):
        reason = f"{label.text} exists at none of the {len(points)} points."
        return empty_page(figure, data, reason, notes)

    if figure.all_values:
        found = data.read_values(figure.x).rename(columns={"value": figure.x})
        alive = alive.drop(columns=figure.x).merge(found, on="point_id")
    values = numbers(figure, alive, figure.x)
    page = page_of(figure, data, notes, (6.9, 3.6))
    panels = page.panels()
    (axes,) = panels
    alive = in_classes(alive, figure.hue)
    hues = hues_of(alive, figure.hue, data.labels)
    frame = pd.DataFrame({"x": values, "hue": texts(alive, figure.hue)}).dropna(subset="x")
    whole = bool((frame["x"] % 1 == 0).all()) and np.ptp(frame["x"]) <= MOST_BINS
    edges = np.histogram_bin_edges(frame["x"], bins="auto")
    sns.histplot(
        data=frame,
        x="x",
        hue="hue",
        hue_order=list(hues.colours),
        palette=hues.colours,
        multiple="stack",
        discrete=whole,
        shrink=0.8 if whole else 1,
        bins="auto" if whole else int(np.clip(len(edges) - 1, 5, MOST_BINS)),
        edgecolor="white",
        linewidth=0.6,
        alpha=1,
        legend=False,
        ax=axes,
    )
    axes.set(xlabel=str(label), ylabel=f"number of {counted}")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if whole:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=False, axis="x")
    add_legend(page, panels, [hues.listed(lw=7, solid_capstyle="butt")], hues)
    return page


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
