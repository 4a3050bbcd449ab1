"""Heatmaps: a value over the cells of two columns."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Patch, Rectangle

from dendroflow.figures.data import OK, FigureData, levels, numbers, shown
from dendroflow.figures.page import (
    FAILED,
    INK,
    Page,
    empty_page,
    failure_note,
    literal,
    subtitle,
    title,
    wrapped,
)
from dendroflow.settings.figures import Heatmap

ABSENT: dict[str, dict[str, Any]] = {
    "no value": {"facecolor": "#d9d9d9", "hatchcolor": "#999999", "hatch": "////", "lw": 0},
    "failed": {"facecolor": "#ffffff", "hatchcolor": FAILED, "hatch": "xxxx", "lw": 0},
    "not requested": {"facecolor": "#ffffff", "hatchcolor": "#aaaaaa", "hatch": "....", "lw": 0},
}


def draw(figure: Heatmap, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw a heatmap of points, of which at least one is ok."""
    failed = points["status"] != OK
    x, y, value = (data.labels[c] for c in (figure.x, figure.y, figure.value))
    frame = pd.DataFrame(
        {
            "x": points[figure.x],
            "y": points[figure.y],
            "value": numbers(figure, points, figure.value).mask(failed),
            "failed": failed,
        }
    )
    notes = failure_note(points)
    if frame["value"].isna().all():
        reason = f"{value.text} exists at none of the {len(points)} points."
        return empty_page(figure, data, reason, notes)

    xs, ys = levels(points[figure.x]), levels(points[figure.y])
    frame = frame.dropna(subset=["x", "y"])
    if len(points) > len(frame):
        notes.append(f"{len(points) - len(frame)} points have no place along the axes.")
    cells = frame.groupby(["y", "x"])
    values = cells["value"].mean().unstack().reindex(index=ys, columns=xs)
    if cells.size().max() > 1:
        notes.insert(0, "Cell: mean of the points at the same place.")

    size = _size(figure, len(xs), len(ys))
    page = Page(title(figure, data), subtitle(figure, data), notes, size)
    axes = page.canvas.subplots()
    sns.heatmap(
        values,
        ax=axes,
        cmap="viridis",
        annot=figure.annotate,
        fmt=".3g",
        annot_kws={"size": 8},
        cbar_kws={"label": wrapped(value, size[1] - 0.8), "pad": 0.02},
        linewidths=0.4 if max(values.shape) <= 30 else 0,
        rasterized=values.size > 5000,
    )
    kinds = _absent(axes, values, cells["failed"].all().unstack().reindex(index=ys, columns=xs))
    axes.invert_yaxis()
    axes.set(xlabel=literal(str(x)), ylabel=wrapped(y, size[1] - 0.8))
    _ticks(axes, list(map(shown, xs)), list(map(shown, ys)))
    for spine in axes.spines.values():
        spine.set(visible=True, color=INK)
    if kinds:
        handles = [Patch(label=kind, **ABSENT[kind]) for kind in kinds]
        axes.legend(
            handles=handles,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            ncols=len(handles),
            borderaxespad=0.3,
        )
    return page


def _size(figure: Heatmap, columns: int, rows: int) -> tuple[float, float]:
    """Width and height in inches; large enough to read the numbers in the cells."""
    if not figure.annotate:
        return 6.9, float(np.clip(0.25 * rows + 1.5, 2.6, 5.0))
    return max(6.9, 0.5 * columns + 2), max(2.6, 0.26 * rows + 1.2)


def _absent(axes: Axes, values: pd.DataFrame, failed: pd.DataFrame) -> list[str]:
    """Mark the cells without a value; returns the kinds of marks."""
    masks = {
        "no value": values.isna() & failed.eq(False),
        "failed": failed.eq(True),
        "not requested": failed.isna(),
    }
    kinds = []
    for kind, mask in masks.items():
        places = np.argwhere(mask.to_numpy())
        if len(places):
            patches = [Rectangle((column, row), 1, 1) for row, column in places]
            style = {k: v for k, v in ABSENT[kind].items() if k != "hatch"}
            marks = PatchCollection(patches, hatch=ABSENT[kind]["hatch"], **style)
            axes.add_collection(marks)
            kinds.append(kind)
    return kinds


def _ticks(axes: Axes, xs: list[str], ys: list[str]) -> None:
    """Label as many columns and rows as there is space for."""
    space = 78 / max(max(map(len, xs)) + 1.5, 3)
    step = max(1, int(np.ceil(len(xs) / space)))
    axes.set_xticks(np.arange(0, len(xs), step) + 0.5, list(map(literal, xs[::step])), rotation=0)
    step = max(1, int(np.ceil(len(ys) / 20)))
    axes.set_yticks(np.arange(0, len(ys), step) + 0.5, list(map(literal, ys[::step])), rotation=0)
