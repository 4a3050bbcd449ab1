"""Maps: a value over two columns, as cells of a matrix or on true axes with contour lines."""

import math
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Patch, Rectangle

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData, is_numeric, levels, shown
from dendroflow.figures.encoding import add_legend, colour_map
from dendroflow.figures.estimates import is_mean, named
from dendroflow.figures.facets import Facets, measured, told_apart
from dendroflow.figures.headings import empty_page, failure_note
from dendroflow.figures.page import FAILED, INK, POINT, SMALL_SIZE, Page, Slot
from dendroflow.settings.figures_of_columns import Map

ABSENT: dict[str, dict[str, Any]] = {
    "no value": {"facecolor": "#d9d9d9", "hatchcolor": "#999999", "hatch": "////", "lw": 0},
    "failed": {"facecolor": "#ffffff", "hatchcolor": FAILED, "hatch": "xxxx", "lw": 0},
    "not requested": {"facecolor": "#ffffff", "hatchcolor": "#aaaaaa", "hatch": "....", "lw": 0},
}


def draw(figure: Map, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw a map of points, of which at least one is ok.

    Raises
    ------
    ConfigurationError
        If a contour lacks numbers along an axis.
    """
    value, notes = data.labels[figure.value], failure_note(points)
    places = {"x": points[figure.x], "y": points[figure.y]}
    frame = pd.DataFrame(
        {**places, "value": measured(figure, points, "value"), **told_apart(figure, points)}
    )
    if frame["value"].isna().all():
        reason = f"{value.text} exists at none of the {len(points)} points."
        return empty_page(figure, data, slot, reason, notes)

    frame = frame.dropna(subset=["x", "y"])
    if len(points) > len(frame):
        notes.append(f"{len(points) - len(frame)} points have no place along the axes.")
    if is_mean(frame, ["x", "y", "col", "row"]):
        notes.insert(0, f"Cell: {figure.estimator} of the points at the same place.")
        value = named(value, figure.estimator)
    facets = Facets(figure, data, slot, notes, frame, grid=False)
    steps: dict[str, Any] = {"index": levels(frame["y"]), "columns": levels(frame["x"])}
    tables = []
    for _, part in facets.parts:
        cells = part.groupby(["y", "x"])
        values = cells["value"].agg(figure.estimator).unstack().reindex(**steps)
        lost = cells["failed"].all().unstack().reindex(**steps)
        tables.append((values.astype(float), lost))
    found = np.concatenate([values.to_numpy().ravel() for values, _ in tables])
    norm = Normalize(float(np.nanmin(found)), float(np.nanmax(found)))
    colours: Any = ScalarMappable(norm, colour_map(figure.style.palette or "viridis"))
    absent: dict[str, Artist] = {}
    room = facets.width, max(facets.page.height / facets.rows - 12, 15.0)
    for axes, (values, lost) in zip(facets.panels, tables, strict=True):
        if figure.kind == "contour":
            _draw_contour(figure, axes, values, colours)
        else:
            _draw_cells(figure, axes, values, colours, room)
            absent |= _mark_absent(axes, values, lost)
        axes.set(xlabel="", ylabel="")
    facets.finish(points, data.labels[figure.x], data.labels[figure.y])
    facets.page.colour_bar(facets.panels, colours, value)
    add_legend(facets.page, facets.panels, [("", list(absent.values()))])
    return facets.page


def _draw_cells(
    figure: Map, axes: Axes, values: pd.DataFrame, colours: Any, room: tuple[float, float]
) -> None:
    """Draw the cells, and as many names beside them as `room`, mm, has space for."""
    columns, rows = list(map(shown, values.columns)), list(map(shown, values.index))
    wide, high = 0.6 * (max(map(len, columns)) + 1.5) * SMALL_SIZE * POINT, 1.5 * SMALL_SIZE * POINT
    sns.heatmap(
        values.set_axis(rows, axis=0).set_axis(columns, axis=1),
        xticklabels=max(1, math.ceil(len(columns) * wide / room[0])),
        yticklabels=max(1, math.ceil(len(rows) * high / room[1])),
        ax=axes,
        norm=colours.norm,
        cmap=colours.cmap,
        cbar=False,
        annot=figure.annotate,
        fmt=".3g",
        annot_kws={"size": SMALL_SIZE - 1},
        linewidths=0.3 if max(values.shape) <= 30 else 0,
        rasterized=values.size > 5000,
    )
    axes.set_ylim(0, len(values))
    axes.tick_params(rotation=0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=INK)


def _draw_contour(figure: Map, axes: Axes, values: pd.DataFrame, colours: Any) -> None:
    """Cells on true axes; lines where the values around exist."""
    for name, axis in (("x", values.columns), ("y", values.index)):
        if not is_numeric(axis.to_series()) or len(axis) < 2:
            raise ConfigurationError(
                f"figure {figure.name}: a contour needs two numbers or more along {name}, which "
                f"{getattr(figure, name)} does not have; use `kind: heatmap`"
            )
    x, y = (axis.to_numpy(dtype=float) for axis in (values.columns, values.index))
    norm, cmap = colours.norm, colours.cmap
    axes.pcolormesh(
        x, y, values.to_numpy(), shading="nearest", norm=norm, cmap=cmap, rasterized=True
    )
    lines = axes.contour(
        x, y, np.ma.masked_invalid(values.to_numpy()), figure.levels, colors="white", linewidths=0.7
    )
    if figure.annotate:
        axes.clabel(lines, fmt=lambda level: f"{level:g}", fontsize=SMALL_SIZE)


def _mark_absent(axes: Axes, values: pd.DataFrame, failed: pd.DataFrame) -> dict[str, Artist]:
    """Mark the cells without a value; return what the legend lists."""
    masks = {
        "no value": values.isna() & failed.eq(False),
        "failed": failed.eq(True),
        "not requested": failed.isna(),
    }
    handles: dict[str, Artist] = {}
    for kind, mask in masks.items():
        if mask.to_numpy().any():
            handles[kind] = Patch(label=kind, **ABSENT[kind])
            cells = [Rectangle((x, y), 1, 1) for y, x in np.argwhere(mask.to_numpy())]
            axes.add_collection(PatchCollection(cells, **ABSENT[kind]))
    return handles
