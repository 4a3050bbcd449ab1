"""From declared figures to files."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from dendroflow.figures import (
    distribution,
    field,
    groups,
    kymograph,
    maps,
    pair,
    relation,
    shape,
    table,
    targets,
    trace_phase,
)
from dendroflow.figures.data import (
    OK,
    FigureData,
    in_fitting_units,
    select_points,
    with_status_of_runs,
)
from dendroflow.figures.headings import empty_page, failure_note
from dendroflow.figures.page import Page, Slot, house_style
from dendroflow.figures.references import against_reference
from dendroflow.settings.figures import Figure, signals
from dendroflow.settings.figures_of_columns import Line, Scatter

DRAW: dict[str, Callable[[Any, FigureData, pd.DataFrame, Slot], Page]] = {
    **dict.fromkeys(("line", "scatter"), relation.draw),
    **dict.fromkeys(("box", "violin", "strip", "bar"), groups.draw),
    **dict.fromkeys(("histogram", "ecdf"), distribution.draw),
    **dict.fromkeys(("heatmap", "contour"), maps.draw),
    "pair": pair.draw,
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
    with house_style(figure.style):
        return draw(figure, data, Slot(figure.style)).save(folder, figure.name)


def draw(figure: Figure, data: FigureData, slot: Slot) -> Page:
    """Draw a figure on a page of its own, or into a part of one."""
    points = with_status_of_runs(select_points(figure, data), signals(figure), data.runs)
    if not (points["status"] == OK).any():
        return _draw_nothing(figure, data, points, slot)
    if isinstance(figure, Line | Scatter) and figure.reference:
        data, points = against_reference(figure, data, points)
    if figure.kind != "targets":
        data, points = in_fitting_units(figure, data, points)
    return DRAW[figure.kind](figure, data, points, slot)


def _draw_nothing(figure: Figure, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    if points.empty:
        return empty_page(figure, data, slot, "`where` selects no point of this experiment.", [])
    errors = points["error"].dropna()
    notes = failure_note(points) + [f"First error: {error}" for error in errors.head(1)]
    return empty_page(figure, data, slot, "No point of this figure succeeded.", notes)
