"""The cells of one point over time: panels in print, and a page with a slider."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize

from dendroflow.figures.data import FigureData, Label
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.moments import Frames, Moments, moments_of, read_places
from dendroflow.figures.page import Page, subtitle, title, wrapped
from dendroflow.figures.shape import Scene, Strokes, draw_scale_bar, select_point, which_point
from dendroflow.figures.shape_html import plot_cell, write_plot
from dendroflow.settings.figures import Movie

PRINT_WIDTH = 5.7
PRINT_HEIGHT = 6.4
LEFT = 0.25
BAR_SPACE = 1.2
GAP = 0.12
HEAD = 0.24
LOWEST = 1.6


def render(figure: Movie, data: FigureData, points: pd.DataFrame, folder: Path) -> None:
    """Draw the panels and write the page of a movie of which a point is ok.

    Raises
    ------
    ConfigurationError
        If the window or a time lies outside of what was recorded.
    StoreError
        If the signal was not recorded along the cell, or at times of its own in each segment.
    """
    point = select_point(figure, points)
    rows = read_places(figure, data, point["point_id"], figure.signal, voxels=False)
    rows = rows.sort_values("location", kind="stable")
    moments = moments_of(figure, rows)
    scene = Scene(
        title=title(figure, data),
        subtitle=subtitle(figure, data, point),
        notes=tuple(filter(None, [which_point(figure, data, points, point).strip()])),
        label=data.labels[figure.signal],
        names=tuple(rows["location"]),
        outlines=tuple(rows["outline"]),
        values=moments.values[0],
        limits=moments.range,
    )
    draw_print(scene, moments.at(figure)).save(folder, figure.name)
    frames = Frames(moments.thinned(figure.frames), scene.label.unit, scene.names)
    write_plot(
        folder / f"{figure.name}.html",
        (scene.title, scene.subtitle, scene.notes),
        plot_cell(scene, moving=True),
        frames,
    )


def draw_print(scene: Scene, moments: Moments) -> Page:
    """Draw the cell from above once for each time, all in the same colours."""
    low, high = scene.box
    extent = np.maximum((high - low)[:2], 1e-3)
    columns, scale = best_columns(extent, len(moments.times))
    rows = -(-len(moments.times) // columns)
    size = extent * scale
    body = max(rows * (size[1] + HEAD) + (rows - 1) * GAP + 0.3, LOWEST)
    page = Page(scene.title, scene.subtitle, scene.notes, (PRINT_WIDTH + BAR_SPACE, body))
    left = LEFT + (PRINT_WIDTH - LEFT - columns * size[0] - (columns - 1) * GAP) / 2
    norm = Normalize(*scene.range)
    strokes = Strokes.of(scene.outlines, scale * 72)
    for k, (time, values) in enumerate(zip(moments.times, moments.values, strict=True)):
        row, column = divmod(k, columns)
        bottom = body - (row + 1) * (size[1] + HEAD) - row * GAP
        axes = page.axes_at(left + column * (size[0] + GAP), bottom, *size)
        axes.set_axis_off()
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        strokes.draw(axes, values, norm, rasterized=True)
        axes.set_title(f"{time:.4g} ms", loc="center", pad=3)
    bar = page.axes_at(left, 0, size[0], 0.3)
    bar.set_axis_off()
    bar.set(xlim=(low[0], high[0]), ylim=(0, 1))
    draw_scale_bar(bar, scene.scale_bar, low[0] + 0.1 / scale, 0.15)
    add_colour_bar(page, scene.label, norm, colour_map())
    return page


def best_columns(extent: Any, count: int) -> tuple[int, float]:
    """The number of columns that shows the cell largest, and its scale in inches a µm."""
    found = []
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        wide = (PRINT_WIDTH - LEFT - (columns - 1) * GAP) / columns / extent[0]
        high = (PRINT_HEIGHT / rows - GAP - HEAD) / extent[1]
        found.append((float(min(wide, high)), columns))
    scale, columns = max(found)
    return columns, scale


def add_colour_bar(page: Page, label: Label, norm: Normalize, cmap: Colormap) -> None:
    """Put a colour bar to the right of all panels."""
    tall = min(0.8 * page.body, 2.6)
    place = page.axes_at(PRINT_WIDTH + 0.2, (page.body - tall) / 2, 0.16, tall)
    bar = page.canvas.colorbar(ScalarMappable(norm, cmap), cax=place)
    bar.set_label(wrapped(label, tall))
    bar.outline.set_visible(False)
