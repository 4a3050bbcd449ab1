"""One signal against another: orbits in the phase plane."""

from typing import Any

import numpy as np
import pandas as pd

from dendroflow.figures.data import FigureData
from dendroflow.figures.encoding import add_legend, hues_of, texts
from dendroflow.figures.headings import failure_note
from dendroflow.figures.page import Page, page_of, wrapped
from dendroflow.figures.trace import choose, cropped, read_signals
from dendroflow.settings.figures import Phase

HEIGHT = 4.6


def draw(figure: Phase, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw the orbits of points, of which at least one is ok; an arrow shows their direction."""
    chosen, notes = choose(points, figure.hue, figure.limit)
    traces = read_signals(figure, data, chosen, (figure.x, figure.y))
    if figure.window is not None:
        start, end = figure.window
        notes.insert(0, f"From {start:g} to {end:g} {data.time_unit}.")
    page = page_of(figure, data, notes + failure_note(points), (6.9, HEIGHT), shown=chosen)
    (axes,) = panels = page.panels()
    hues = hues_of(chosen, figure.hue, data.labels)
    orbits = []
    for point_id, hue in zip(chosen["point_id"], texts(chosen, figure.hue), strict=True):
        t, x = cropped(figure, data, *traces[point_id, figure.x])
        y = np.interp(t, *traces[point_id, figure.y])
        axes.plot(x, y, color=hues.colours[hue], lw=1.3)
        orbits.append((x, y, hues.colours[hue]))
    for orbit in orbits:
        _add_direction(axes, *orbit)
    axes.set_xlabel(str(data.labels[figure.x]))
    axes.set_ylabel(wrapped(data.labels[figure.y], HEIGHT - 0.6))
    add_legend(page, panels, hues.entries(), hues)
    return page


def _add_direction(axes: Any, x: Any, y: Any, colour: str) -> None:
    """Show the direction of an orbit by an arrow where it runs fastest; a rest, by a dot."""
    dx, dy = np.diff(x) / np.ptp(axes.get_xlim()), np.diff(y) / np.ptp(axes.get_ylim())
    if max(np.ptp(np.cumsum(dx)), np.ptp(np.cumsum(dy))) < 0.01:
        axes.plot(x[-1:], y[-1:], marker="o", ms=5, color=colour)
        return
    i = int(np.hypot(dx, dy).argmax())
    arrow = {"arrowstyle": "-|>", "color": colour, "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xytext=(x[i], y[i]), xy=(x[i + 1], y[i + 1]), arrowprops=arrow)
