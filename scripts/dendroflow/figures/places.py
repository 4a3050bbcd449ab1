"""What one point shows in many places at several times: read, cut, and laid out in panels."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from dendroflow.errors import ConfigurationError, StoreError
from dendroflow.figures.data import OK, FigureData, numbers, read_rows
from dendroflow.figures.page import Page
from dendroflow.settings.figures import Figure
from dendroflow.settings.figures_of_signals import FieldMap, Movie, Shape

Array = NDArray[np.float64]

Box = tuple[float, float, float, float]

PANELS = 6
# All in mm: the most of all panels together, what the bar takes and the head of each, the least.
HEIGHT, BAR, HEAD, LEAST_HEIGHT = 85.0, 17.0, 5.0, 26.0


def select_point(
    figure: Shape | Movie | FieldMap, data: FigureData, points: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Select the one point that is shown, a table of one row, and name it if there are others.

    Raises
    ------
    ConfigurationError
        If no point has a value in the column of `select`.
    """
    alive = points[points["status"] == OK]
    chosen, why = alive.index[0], ""
    if figure.select is not None:
        values = numbers(figure, alive, figure.select.column)
        if values.isna().all():
            raise ConfigurationError(
                f"figure {figure.name}: no point has a value of {figure.select.column}; "
                "`select` by another column, or use `where`"
            )
        chosen = values.idxmax() if figure.select.maximum else values.idxmin()
        word = "largest" if figure.select.maximum else "smallest"
        why = f": the one with the {word} {data.label(figure.select.column).text}"
    point = alive.loc[[chosen]]
    if len(alive) == 1:
        return point, []
    return point, [f"Point {point['point_id'].iloc[0][:12]}, one of {len(alive)}{why}."]


def read_places(
    figure: Figure, data: FigureData, point_id: str, signal: str, *, voxels: bool
) -> pd.DataFrame:
    """Read the traces of a signal of one point that was recorded in segments, or in voxels.

    Returns
    -------
    DataFrame
        as `read_rows` gives it, by location; `outline` has the shape (points, 4), one point for
        a voxel.

    Raises
    ------
    StoreError
        If the signal has no outlines, or those of the other kind.
    """
    rows = read_rows(figure, data, [point_id], [signal])
    outlines = [np.asarray(o, dtype=float).reshape(-1, 4) for o in rows["outline"].dropna()]
    if len(outlines) < len(rows) or any((len(outline) == 1) != voxels for outline in outlines):
        lacks = (
            "was not recorded by record_field; draw it with `kind: shape` or `movie`"
            if voxels
            else "has no outline of the cell; record it in every segment, or draw it with "
            "`kind: field`"
        )
        raise StoreError(f"figure {figure.name}: {signal} {lacks}")
    rows["outline"] = pd.Series(outlines, index=rows.index, dtype=object)
    return rows.sort_values("location", kind="stable", ignore_index=True)


def course_of(
    figure: Shape | Movie | FieldMap, rows: pd.DataFrame, window: tuple[float, float] | None = None
) -> pd.DataFrame:
    """Cut the window out of traces: a row per time of the first one, ms, and a column per trace.

    Raises
    ------
    ConfigurationError
        If fewer than two samples lie in the window.
    StoreError
        If the traces are not numbers throughout.
    """
    times = np.asarray(rows["t"].iloc[0], dtype=float)
    start, end = window or (-np.inf, np.inf)
    # Times of samples are multiples of a step, which decimals of a window may miss by a bit.
    within = times[(times > start - 1e-9) & (times < end + 1e-9)]
    if len(within) < (1 if isinstance(figure, Shape) else 2):
        raise ConfigurationError(
            f"figure {figure.name}: {len(within)} samples of {figure.signal} lie in the window; "
            f"it was recorded from {times[0]:g} to {times[-1]:g} ms"
        )
    columns = [np.interp(within, t, v) for t, v in rows[["t", "values"]].to_numpy()]
    if not np.isfinite(columns).all():
        raise StoreError(f"figure {figure.name}: {figure.signal} is not a number throughout")
    return pd.DataFrame(np.column_stack(columns), index=within)


def at_times(figure: Shape | Movie | FieldMap, course: pd.DataFrame, times: Any) -> pd.DataFrame:
    """Interpolate a course between samples; at six times, from its first to its last, for `None`.

    Raises
    ------
    ConfigurationError
        If a time lies outside of what was recorded.
    """
    first, last = float(course.index[0]), float(course.index[-1])
    times = np.linspace(first, last, PANELS) if times is None else np.asarray(times, dtype=float)
    for time in times:
        if not first <= time <= last:
            raise ConfigurationError(
                f"figure {figure.name}: {time:g} ms lies outside of what was recorded, "
                f"{first:g} to {last:g} ms"
            )
    columns = [np.interp(times, course.index, values) for values in course.to_numpy().T]
    return pd.DataFrame(np.column_stack(columns), index=times)


def limits_of(course: pd.DataFrame) -> tuple[float, float]:
    """Lowest and highest value of a course; a range that is not empty."""
    low, high = float(course.to_numpy().min()), float(course.to_numpy().max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def grid_of(box: Box, count: int, width: float) -> tuple[tuple[int, int], float]:
    """Rows and columns of the panels that are largest, true to scale, and their height, mm."""
    left, right, bottom, top = box
    tall = (top - bottom) / (right - left)
    rows = np.arange(1, count + 1)
    columns = -(-count // rows)
    widths = np.minimum((width - BAR) / columns, (HEIGHT / rows - HEAD) / tall)
    full = count / (rows * columns)
    best = int((widths * full).argmax())
    height = max(float(rows[best] * (widths[best] * tall + HEAD)), LEAST_HEIGHT)
    return (int(rows[best]), int(columns[best])), height


def add_panels(page: Page, box: Box, grid: tuple[int, int], times: "pd.Index[Any]") -> list[Axes]:
    """Add a panel for each time, true to scale; `box` is its left, right, bottom and top."""
    left, right, bottom, top = box
    panels = page.panels(*grid, count=len(times), grid=False, sharex=True, sharey=True)
    for axes, time in zip(panels, times, strict=True):
        axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
        if len(times) > 1:
            axes.set_title(f"{time:.4g} ms", pad=3)
    return panels
