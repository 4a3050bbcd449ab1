"""One signal against another: orbits in the phase plane."""

from typing import Any

import numpy as np
import pandas as pd

from dendroflow.figures.data import OK, FigureData, read_rows
from dendroflow.figures.encoding import add_legend, hues_of, texts
from dendroflow.figures.page import Page, failure_note, literal, subtitle, title, wrapped
from dendroflow.figures.traces import cropped, refuse_many_places, spread
from dendroflow.settings.figures import Phase

HEIGHT = 4.6


def draw(figure: Phase, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw the orbits of points, of which at least one is ok; an arrow shows their direction.

    Raises
    ------
    ConfigurationError
        If a signal is recorded in many places of the cell, or nothing of it lies in the window.
    """
    alive = points[points["status"] == OK]
    chosen = spread(alive, figure.hue, figure.limit)
    rows = read_rows(figure, data, chosen["point_id"].tolist(), (figure.x, figure.y))
    refuse_many_places(figure, rows)
    x_label, y_label = data.labels[figure.x], data.labels[figure.y]
    notes = failure_note(points)
    if len(chosen) < len(alive):
        notes.insert(0, f"{len(chosen)} of {len(alive)} points are shown.")
    if figure.window is not None:
        start, end = figure.window
        notes.insert(0, f"From {start:g} to {end:g} {data.time_unit}.")
    single = chosen.iloc[0] if len(chosen) == 1 else None
    page = Page(title(figure, data), subtitle(figure, data, single), notes, (6.9, HEIGHT))
    axes = page.canvas.subplots()
    hue_label = data.labels[figure.hue] if figure.hue else None
    hues = hues_of(chosen[figure.hue] if figure.hue else None, hue_label)
    keys = texts(chosen[figure.hue]) if figure.hue else [""] * len(chosen)
    orbits = []
    table = rows.set_index(["point_id", "signal"])
    for point_id, key in zip(chosen["point_id"], keys, strict=True):
        t, x = cropped(figure, data, table.loc[(point_id, figure.x)])
        other = table.loc[(point_id, figure.y)]
        y = np.interp(t, other["t"], other["values"])
        axes.plot(x, y, color=hues.colours[key], lw=1.3)
        orbits.append((x, y, hues.colours[key]))
    for orbit in orbits:
        _add_direction(axes, *orbit)
    axes.set_xlabel(literal(str(x_label)))
    axes.set_ylabel(wrapped(y_label, HEIGHT - 0.6))
    axes.grid(visible=True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    add_legend(page, axes, [hues.group()], hues)
    return page


def _add_direction(axes: Any, x: Any, y: Any, colour: str) -> None:
    """Show the direction of an orbit by an arrow where it runs fastest; a rest, by a dot."""
    spans = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    if max(np.ptp(x) / spans[0], np.ptp(y) / spans[1]) < 0.01:
        axes.plot(x[-1:], y[-1:], marker="o", ms=5, color=colour)
        return
    i = int(np.hypot(np.diff(x) / spans[0], np.diff(y) / spans[1]).argmax())
    axes.annotate(
        "",
        xytext=(x[i], y[i]),
        xy=(x[i + 1], y[i + 1]),
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "mutation_scale": 16,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
