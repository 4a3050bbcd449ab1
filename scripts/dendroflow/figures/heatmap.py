"""Heatmaps: a value over the cells of two columns."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Patch, Rectangle

from dendroflow.figures.data import OK, FigureData, levels, numbers, shown
from dendroflow.figures.encoding import add_legend
from dendroflow.figures.page import FAILED, INK, Page, empty_page, failure_note, page_of, wrapped
from dendroflow.settings.figures import Heatmap

ABSENT: dict[str, dict[str, Any]] = {
    "no value": {"facecolor": "#d9d9d9", "hatchcolor": "#999999", "hatch": "////", "lw": 0},
    "failed": {"facecolor": "#ffffff", "hatchcolor": FAILED, "hatch": "xxxx", "lw": 0},
    "not requested": {"facecolor": "#ffffff", "hatchcolor": "#aaaaaa", "hatch": "....", "lw": 0},
}


def draw(figure: Heatmap, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw a heatmap of points, of which at least one is ok."""
    failed = points["status"] != OK
    value = data.labels[figure.value]
    found = numbers(figure, points, figure.value).mask(failed)
    places = {"x": points[figure.x], "y": points[figure.y]}
    frame = pd.DataFrame({**places, "value": found, "failed": failed})
    notes = failure_note(points)
    if frame["value"].isna().all():
        reason = f"{value.text} exists at none of the {len(points)} points."
        return empty_page(figure, data, reason, notes)

    frame = frame.dropna(subset=["x", "y"])
    if len(points) > len(frame):
        notes.append(f"{len(points) - len(frame)} points have no place along the axes.")
    if frame.duplicated(["x", "y"]).any():
        notes.insert(0, "Cell: mean of the points at the same place.")
        value = replace(value, mean="over points")
    steps: dict[str, Any] = {"index": levels(frame["y"]), "columns": levels(frame["x"])}
    cells = frame.groupby(["y", "x"])
    values = cells["value"].mean().unstack().reindex(**steps)
    lost = cells["failed"].all().unstack().reindex(**steps)
    size = _size(figure, *values.shape)
    page = page_of(figure, data, notes, size)
    (axes,) = panels = page.panels(grid=False)
    sns.heatmap(
        values.rename(index=shown, columns=shown),
        ax=axes,
        cmap="viridis",
        cbar=False,
        annot=figure.annotate,
        fmt=".3g",
        annot_kws={"size": 8},
        linewidths=0.4 if max(values.shape) <= 30 else 0,
        rasterized=values.size > 5000,
    )
    page.colour_bar(panels, axes.collections[0], value)
    add_legend(page, panels, [("", _mark_absent(axes, values, lost))])
    axes.invert_yaxis()
    high = size[1] - 0.8
    axes.set(xlabel=str(data.labels[figure.x]), ylabel=wrapped(data.labels[figure.y], high))
    axes.tick_params(rotation=0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=INK)
    return page


def _size(figure: Heatmap, rows: int, columns: int) -> tuple[float, float]:
    """Choose width and height in inches; large enough to read the numbers in the cells."""
    if not figure.annotate:
        return 6.9, float(np.clip(0.25 * rows + 1.5, 2.6, 5.0))
    return max(6.9, 0.5 * columns + 2), max(2.6, 0.26 * rows + 1.2)


def _mark_absent(axes: Axes, values: pd.DataFrame, failed: pd.DataFrame) -> list[Artist]:
    """Mark the cells without a value; return what the legend lists."""
    masks = {
        "no value": values.isna() & failed.eq(False),
        "failed": failed.eq(True),
        "not requested": failed.isna(),
    }
    handles: list[Artist] = []
    for kind, mask in masks.items():
        if mask.to_numpy().any():
            handles.append(Patch(label=kind, **ABSENT[kind]))
            cells = [Rectangle((x, y), 1, 1) for y, x in np.argwhere(mask.to_numpy())]
            axes.add_collection(PatchCollection(cells, **ABSENT[kind]))
    return handles
