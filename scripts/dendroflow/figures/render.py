"""From declared figures to files."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from dendroflow.figures import (
    field,
    heatmap,
    histogram,
    kymograph,
    line_scatter,
    shape,
    table,
    targets,
    trace_phase,
)
from dendroflow.figures.data import OK, FigureData, select_points, with_status_of_runs
from dendroflow.figures.page import Page, empty_page, failure_note, house_style
from dendroflow.settings.figures import Figure, signals

DRAW: dict[str, Callable[[Any, FigureData, pd.DataFrame], Page]] = {
    "line": line_scatter.draw,
    "scatter": line_scatter.draw,
    "heatmap": heatmap.draw,
    "histogram": histogram.draw,
    "trace": trace_phase.draw_traces,
    "phase": trace_phase.draw_orbits,
    "kymograph": kymograph.draw,
    "table": table.draw,
    "targets": targets.draw,
    "shape": shape.draw,
    "movie": shape.draw,
    "field": field.draw,
}


def render_all(figures: Iterable[Figure], data: FigureData, folder: Path) -> list[Path]:
    """Render the figures of an experiment into `folder`; see `render`."""
    return [path for figure in figures for path in render(figure, data, folder)]


def render(figure: Figure, data: FigureData, folder: Path) -> list[Path]:
    """Render a figure into `folder`, to the files that `output_names` lists.

    The files depend on the values of `data` alone, not on the order of its rows. A figure of
    which no point succeeded says so instead of showing nothing.

    Raises
    ------
    ConfigurationError
        If the figure asks for what the points or their traces do not have.
    StoreError
        If a trace is missing.
    """
    points = with_status_of_runs(select_points(figure, data), signals(figure), data.runs)
    with house_style():
        draw = DRAW[figure.kind] if (points["status"] == OK).any() else _draw_nothing
        return draw(figure, data, points).save(folder, figure.name)


def _draw_nothing(figure: Figure, data: FigureData, points: pd.DataFrame) -> Page:
    if points.empty:
        return empty_page(figure, data, "`where` selects no point of this experiment.", [])
    errors = points["error"].dropna()
    notes = failure_note(points) + [f"First error: {error}" for error in errors.head(1)]
    return empty_page(figure, data, "No point of this figure succeeded.", notes)
