"""Signals over time or against each other, and which points are shown where these are many."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import OK, FigureData, levels, read_rows, thinned
from dendroflow.figures.encoding import add_legend, hues_of, texts
from dendroflow.figures.headings import failure_note, page_of
from dendroflow.figures.page import Page, Slot, wrapped
from dendroflow.settings.figures_of_signals import Phase, Trace

RECORDED = "#b8b8b8"


def draw_traces(figure: Trace, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw the signals of points, of which at least one is ok."""
    chosen, notes = choose(points, figure.hue, figure.limit)
    names = figure.signal
    traces = read_signals(figure, data, chosen, names)
    height = 60.0 if len(names) == 1 else 20.0 + 28.0 * len(names)
    page = page_of(figure, data, slot, notes + failure_note(points), height, drawn=chosen)
    panels = page.panels(len(names), count=len(names), sharex=True)
    hues = hues_of(chosen, figure.hue, data.labels, figure.style.palette)
    hue_of = dict(zip(chosen["point_id"], texts(chosen, figure.hue), strict=True))
    for axes, name in zip(panels, names, strict=True):
        simulated = traces[chosen["point_id"].iloc[0], name][0]
        drawn = np.concatenate([traces[point_id, name][1] for point_id in hue_of])
        label = data.labels[name].fitting(drawn)
        for row in data.read_recordings(name) if figure.recordings else ():
            times = row["t0"] + row["dt"] * np.arange(len(row["values"]))
            shown = (times >= simulated[0]) & (times <= simulated[-1])
            values = np.array(row["values"])[shown] * label.factor
            axes.plot(times[shown], values, color=RECORDED, lw=0.6)
        for point_id, hue in hue_of.items():
            t, values = traces[point_id, name]
            width = 0.9 if len(chosen) <= 20 else 0.6
            axes.plot(t, values * label.factor, color=hues.colours[hue], lw=width)
        axes.set_ylabel(wrapped(label, page.height / len(names) - 7))
        axes.margins(x=0)
    if figure.window is not None:
        panels[-1].set_xlim(*figure.window)
    panels[-1].set_xlabel(f"time ({data.time_unit})")
    page.canvas.align_ylabels(panels)
    add_legend(page, panels, [hues.listed()], hues)
    return page


def draw_orbits(figure: Phase, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw the orbits of points, of which at least one is ok; an arrow shows their direction."""
    chosen, notes = choose(points, figure.hue, figure.limit)
    traces = read_signals(figure, data, chosen, (figure.x, figure.y))
    if figure.window is not None:
        start, end = figure.window
        notes.insert(0, f"From {start:g} to {end:g} {data.time_unit}.")
    page = page_of(figure, data, slot, notes + failure_note(points), 75, drawn=chosen)
    (axes,) = panels = page.panels()
    hues = hues_of(chosen, figure.hue, data.labels, figure.style.palette)
    orbits = []
    x_label, y_label = (
        data.labels[name].fitting(np.concatenate([traces[p, name][1] for p in chosen["point_id"]]))
        for name in (figure.x, figure.y)
    )
    for point_id, hue in zip(chosen["point_id"], texts(chosen, figure.hue), strict=True):
        t, x = traces[point_id, figure.x]
        y = np.interp(t, *traces[point_id, figure.y]) * y_label.factor
        x = x * x_label.factor
        axes.plot(x, y, color=hues.colours[hue], lw=0.9)
        orbits.append((x, y, hues.colours[hue]))
    for orbit in orbits:
        _add_direction(axes, *orbit)
    axes.set_xlabel(wrapped(x_label, page.width - 12))
    axes.set_ylabel(wrapped(y_label, page.height - 8))
    add_legend(page, panels, [hues.listed()], hues)
    return page


def _add_direction(axes: Any, x: Any, y: Any, colour: str) -> None:
    """Show the direction of an orbit by an arrow where it runs fastest; a rest, by a dot."""
    dx, dy = np.diff(x) / np.ptp(axes.get_xlim()), np.diff(y) / np.ptp(axes.get_ylim())
    if max(np.ptp(np.cumsum(dx)), np.ptp(np.cumsum(dy))) < 0.01:
        axes.plot(x[-1:], y[-1:], marker="o", color=colour)
        return
    i = int(np.hypot(dx, dy).argmax())
    arrow = {"arrowstyle": "-|>", "color": colour, "mutation_scale": 10, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xytext=(x[i], y[i]), xy=(x[i + 1], y[i + 1]), arrowprops=arrow)


def choose(points: pd.DataFrame, hue: str | None, limit: int) -> tuple[pd.DataFrame, list[str]]:
    """Choose at most `limit` points that are ok, as evenly as can be over the values of `hue`.

    Examples
    --------
    >>> points = pd.DataFrame({"g": [1, 1, 1, 2, 2, 2], "status": "ok"})
    >>> chosen, notes = choose(points, "g", 4)
    >>> chosen.index.tolist(), notes
    ([0, 2, 3, 5], ['4 of 6 points are shown.'])
    """
    alive = points[points["status"] == OK]
    if len(alive) <= limit:
        return alive, []
    groups = [alive]
    if hue is not None and (steps := levels(alive[hue])):
        shown = thinned(pd.DataFrame(index=steps), limit).index
        groups = [alive[alive[hue] == step] for step in shown]
    share, rest = divmod(limit, len(groups))
    parts = [thinned(group, share + (i < rest)) for i, group in enumerate(groups)]
    chosen = pd.concat(parts)
    return chosen, [f"{len(chosen)} of {len(alive)} points are shown."]


def read_signals(
    figure: Trace | Phase, data: FigureData, points: pd.DataFrame, names: Sequence[str]
) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Read times and values of signals within the window, by point and signal.

    Raises
    ------
    ConfigurationError
        If a signal is recorded in many places of the cell, or not within the window.
    """
    rows = read_rows(figure, data, points["point_id"].tolist(), names)
    repeated = rows[rows.duplicated(["point_id", "signal"])]
    if len(repeated):
        raise ConfigurationError(
            f"figure {figure.name}: {', '.join(sorted(repeated['signal'].unique()))} is recorded "
            "in many places of the cell; draw it with `kind: shape`"
        )
    columns = rows[["point_id", "signal", "t", "values"]].to_numpy()
    return {(point, name): _cropped(figure, data, t, v) for point, name, t, v in columns}


def _cropped(figure: Trace | Phase, data: FigureData, t: Any, v: Any) -> tuple[Any, Any]:
    """Cut out the window, and one sample on either side."""
    if not len(t):
        return t, np.asarray(v, dtype=float)
    start, end = figure.window or (t[0], t[-1])
    if end < t[0] or start > t[-1]:
        raise ConfigurationError(
            f"figure {figure.name}: `window` [{start}, {end}] lies outside of what was "
            f"recorded, {t[0]:g} to {t[-1]:g} {data.time_unit}"
        )
    first = max(int(np.searchsorted(t, start)) - 1, 0)
    last = int(np.searchsorted(t, end, side="right")) + 1
    return t[first:last], np.asarray(v, dtype=float)[first:last]
