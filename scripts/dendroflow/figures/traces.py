"""Signals over time."""

from typing import Any

import numpy as np
import pandas as pd

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import OK, FigureData, levels, read_rows
from dendroflow.figures.encoding import add_legend, hues_of, texts
from dendroflow.figures.page import Page, failure_note, subtitle, title, wrapped
from dendroflow.settings.figures import Phase, Trace


def draw(figure: Trace, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw the signals of points, of which at least one is ok.

    Raises
    ------
    ConfigurationError
        If a signal is recorded in many places of the cell, or nothing of it lies in the window.
    """
    alive = points[points["status"] == OK]
    chosen = spread(alive, figure.hue, figure.limit)
    rows = read_rows(figure, data, chosen["point_id"].tolist(), figure.signal_names)
    refuse_many_places(figure, rows)
    notes = failure_note(points)
    if len(chosen) < len(alive):
        by = f", spread over {data.labels[figure.hue].text}" if figure.hue else ""
        notes.insert(0, f"{len(chosen)} of {len(alive)} points are shown{by}.")
    signals = [data.labels[name] for name in figure.signal_names]
    single = chosen.iloc[0] if len(chosen) == 1 else None
    height = 3.6 if len(signals) == 1 else 1.2 + 1.7 * len(signals)
    page = Page(title(figure, data), subtitle(figure, data, single), notes, (6.9, height))
    grid = page.canvas.subplots(len(signals), 1, sharex=True, squeeze=False)[:, 0]

    hues = hues_of(
        chosen[figure.hue] if figure.hue else None, data.labels[figure.hue] if figure.hue else None
    )
    keys = texts(chosen[figure.hue]) if figure.hue else [""] * len(chosen)
    colours = {p: hues.colours[k] for p, k in zip(chosen["point_id"], keys, strict=True)}
    for axes, name, label in zip(grid, figure.signal_names, signals, strict=True):
        of_signal = rows[rows["signal"] == name].set_index("point_id")
        for point_id, colour in colours.items():
            t, v = cropped(figure, data, of_signal.loc[point_id])
            axes.plot(t, v, color=colour, lw=1.3 if len(chosen) <= 20 else 0.9)
        axes.set_ylabel(wrapped(label, height / len(signals) - 0.4))
        axes.grid(visible=True, color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.margins(x=0)
    if figure.window is not None:
        grid[-1].set_xlim(*figure.window)
    grid[-1].set_xlabel(f"time ({data.time_unit})")
    page.canvas.align_ylabels(list(grid))
    add_legend(page, grid[0], [hues.group()], hues)
    return page


def spread(points: pd.DataFrame, hue: str | None, limit: int) -> pd.DataFrame:
    """At most `limit` points, as evenly as can be over the values of `hue`.

    Examples
    --------
    >>> points = pd.DataFrame({"g": [1, 1, 1, 2, 2, 2]})
    >>> spread(points, "g", 4).index.tolist()
    [0, 2, 3, 5]
    """
    if len(points) <= limit:
        return points
    if hue is None:
        return points.iloc[_evenly(len(points), limit)]
    steps = levels(points[hue])
    steps = [steps[i] for i in _evenly(len(steps), limit)]
    groups = [points[points[hue] == step] for step in steps]
    share, rest = divmod(limit, max(len(groups), 1))
    parts = [group.iloc[_evenly(len(group), share + (i < rest))] for i, group in enumerate(groups)]
    return pd.concat(parts) if parts else points.iloc[_evenly(len(points), limit)]


def _evenly(count: int, limit: int) -> list[int]:
    """Indices of `limit` of `count` things, the first and the last among them."""
    if limit >= count:
        return list(range(count))
    return [int(i) for i in np.unique(np.linspace(0, count - 1, limit).round())]


def refuse_many_places(figure: Trace | Phase, rows: pd.DataFrame) -> None:
    """Refuse a signal that is recorded in many places of the cell.

    Raises
    ------
    ConfigurationError
        If there is one among the rows.
    """
    repeated = rows.duplicated(["point_id", "signal"])
    if repeated.any():
        names = ", ".join(sorted(rows.loc[repeated, "signal"].unique()))
        raise ConfigurationError(
            f"figure {figure.name}: {names} is recorded in many places "
            "of the cell; draw it with `kind: shape`"
        )


def cropped(figure: Trace | Phase, data: FigureData, row: "pd.Series[Any]") -> tuple[Any, Any]:
    """Times and values in the window, and one sample on either side."""
    t, v = np.asarray(row["t"]), np.asarray(row["values"])
    if figure.window is None:
        return t, v
    first = max(int(np.searchsorted(t, figure.window[0])) - 1, 0)
    last = int(np.searchsorted(t, figure.window[1], side="right")) + 1
    if figure.window[1] < t[0] or figure.window[0] > t[-1]:
        raise ConfigurationError(
            f"figure {figure.name}: `window` {list(figure.window)} lies outside of what was "
            f"recorded, {t[0]:g} to {t[-1]:g} {data.time_unit}"
        )
    return t[first:last], v[first:last]
