"""Panels of one place at several times, all in the same colours; a page beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_hex

from dendroflow.figures.data import FigureData
from dendroflow.figures.page import INK, Page, page_of
from dendroflow.figures.places import Array
from dendroflow.settings.figures import FieldMap, Movie, Shape

WIDTH, HEIGHT = 6.4, 5.0
BAR, HEAD = 1.0, 0.3
LEAST_HEIGHT = 1.6

Box = tuple[float, float, float, float]


def make_panels(
    figure: Shape | Movie | FieldMap,
    data: FigureData,
    notes: Sequence[str],
    point: pd.DataFrame,
    box: Box,
    times: Array,
    colours: ScalarMappable,
) -> tuple[Page, list[Axes]]:
    """Make a panel for each time, as large as can be, true to scale, and one colour bar.

    Parameters
    ----------
    point
        the one that is shown.
    box
        left, right, bottom, top of each panel.
    """
    left, right, bottom, top = box
    tall = (top - bottom) / (right - left)
    rows = np.arange(1, len(times) + 1)
    columns = -(-len(times) // rows)
    widths = np.minimum((WIDTH - BAR) / columns, (HEIGHT / rows - HEAD) / tall)
    full = len(times) / (rows * columns)
    best = int((widths * full**2).argmax())
    height = max(float(rows[best] * (widths[best] * tall + HEAD)), LEAST_HEIGHT)
    page = page_of(figure, data, notes, (WIDTH, height), point, "compressed")
    panels = page.panels(
        int(rows[best]),
        int(columns[best]),
        count=len(times),
        grid=False,
        sharex=True,
        sharey=True,
    )
    for axes, time in zip(panels, times, strict=True):
        axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
        if len(times) > 1:
            axes.set_title(f"{time:.4g} ms", pad=3)
    page.colour_bar(panels, colours, data.labels[figure.signal])
    return page, panels


def plot_layout(colours: ScalarMappable, label: Any) -> dict[str, Any]:
    """Lay out a plot on a page: its font, and one colour bar for all of its traces."""
    steps = np.linspace(0, 1, 33).round(5).tolist()
    low, high = colours.get_clim()
    return {
        "template": None,
        "autosize": True,
        "showlegend": False,
        "paper_bgcolor": "white",
        "font": {"family": "DejaVu Sans, Verdana, sans-serif", "size": 13, "color": INK},
        "coloraxis": {
            "cmin": low,
            "cmax": high,
            "colorscale": [[step, to_hex(colours.cmap(step))] for step in steps],
            "colorbar": {
                "title": {"text": str(label), "side": "right"},
                "len": 0.6,
                "thickness": 16,
                "outlinewidth": 0,
            },
        },
    }
