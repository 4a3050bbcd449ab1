"""How often values of a column occur: histograms, and empirical distribution functions."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dendroflow.figures.data import OK, FigureData
from dendroflow.figures.encoding import Hues, add_legend, hues_of, in_classes
from dendroflow.figures.facets import Facets, measured, told_apart
from dendroflow.figures.headings import empty_page, failure_note
from dendroflow.figures.page import Page, Slot
from dendroflow.settings.figures_of_columns import Ecdf, Histogram

MOST_BINS = 50


def draw(figure: Histogram | Ecdf, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw a distribution of points, of which at least one is ok, or of all their values."""
    label, counted = data.labels[figure.x], "points"
    if figure.all_values:
        label, counted = replace(label, mean=""), "values"
    alive = points[points["status"] == OK]
    notes = failure_note(points)
    missing = int(measured(figure, alive, "x").isna().sum())
    if missing:
        lacks = "does not exist, or is not positive," if figure.log_x else "does not exist"
        absent = f"{label.text} {lacks} at {missing} of {len(alive)} points that succeeded."
        notes.insert(0, absent)
    if missing == len(alive):
        reason = f"{label.text} exists at none of the {len(points)} points."
        return empty_page(figure, data, slot, reason, notes)

    if figure.all_values:
        found = data.read_values(figure.x).rename(columns={"value": figure.x})
        found[figure.x] *= label.factor
        alive = alive.drop(columns=figure.x).merge(found, on="point_id")
    alive = in_classes(alive, figure.hue)
    hues = hues_of(alive, figure.hue, data.labels, figure.style.palette)
    frame = pd.DataFrame({"x": measured(figure, alive, "x"), **told_apart(figure, alive)})
    frame = frame.dropna(subset="x")
    facets = Facets(figure, data, slot, notes, frame)
    bins = None if isinstance(figure, Ecdf) else _bins(figure, frame["x"])
    for axes, part in facets.parts:
        if isinstance(figure, Ecdf):
            order = list(hues.colours)
            sns.ecdfplot(data=part, x="x", hue_order=order, ax=axes, **hues.told)
        else:
            _draw_bars(axes, part, hues, figure, bins)
        axes.grid(visible=False, axis="x")
    if isinstance(figure, Ecdf):
        facets.finish(points, label, f"share of {counted}")
    else:
        words = {"count": f"number of {counted}", "probability": f"share of {counted}"}
        facets.finish(points, label, words.get(figure.stat, "density"))
    groups = [
        hues.listed(**{} if isinstance(figure, Ecdf) else {"lw": 5, "solid_capstyle": "butt"})
    ]
    add_legend(facets.page, facets.panels, groups, hues)
    return facets.page


def _bins(figure: Histogram, values: "pd.Series[float]") -> Any:
    """Edges of the bars, of a logarithmic axis their logarithms; None for one a whole number."""
    whole = bool((values % 1 == 0).all()) and np.ptp(values) <= MOST_BINS
    if whole and figure.bins is None and not figure.log_x:
        return None
    places = np.log10(values) if figure.log_x else values
    number = figure.bins or int(
        np.clip(len(np.histogram_bin_edges(places, bins="auto")) - 1, 5, MOST_BINS)
    )
    return np.histogram_bin_edges(places, bins=number)


def _draw_bars(axes: Axes, part: pd.DataFrame, hues: Hues, figure: Histogram, bins: Any) -> None:
    if figure.log_x:
        axes.set_xscale("log")
    sns.histplot(
        data=part,
        x="x",
        hue_order=list(hues.colours),
        multiple="stack",
        stat=figure.stat,
        discrete=bins is None,
        shrink=0.8 if bins is None else 1,
        bins="auto" if bins is None else bins,
        edgecolor="white",
        linewidth=0.4,
        alpha=1,
        ax=axes,
        **hues.told,
    )
    if figure.stat == "count":
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    if bins is None:
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
