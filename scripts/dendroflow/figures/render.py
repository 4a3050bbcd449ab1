"""From declared figures to files."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from dendroflow.figures import (
    distribution,
    field,
    kymograph,
    listing,
    matrix,
    movie,
    phase,
    relations,
    shape,
    shape_html,
    traces,
)
from dendroflow.figures.data import OK, FigureData, select_points
from dendroflow.figures.page import Page, empty_page, failure_note, house_style, subtitle, title
from dendroflow.settings.figures import (
    FieldMap,
    Figure,
    Heatmap,
    Histogram,
    Kymograph,
    Line,
    Movie,
    Phase,
    Scatter,
    Shape,
    Table,
    Trace,
    output_names,
)

DRAW: dict[type, Callable[[Any, FigureData, pd.DataFrame], Page]] = {
    Line: relations.draw,
    Scatter: relations.draw,
    Heatmap: matrix.draw,
    Histogram: distribution.draw,
    Trace: traces.draw,
    Phase: phase.draw,
    Kymograph: kymograph.draw,
    Table: listing.draw,
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
    folder.mkdir(parents=True, exist_ok=True)
    points = select_points(figure, data)
    with house_style():
        if not (points["status"] == OK).any():
            _render_nothing(figure, data, points, folder)
        elif isinstance(figure, Shape):
            scene = shape.make_scene(figure, data, points)
            shape.draw_print(scene).save(folder, figure.name)
            shape_html.write_shape(scene, folder / f"{figure.name}.html")
        elif isinstance(figure, Movie):
            movie.render(figure, data, points, folder)
        elif isinstance(figure, FieldMap):
            field.render(figure, data, points, folder)
        else:
            DRAW[type(figure)](figure, data, points).save(folder, figure.name)
    return [folder / name for name in output_names(figure)]


def _render_nothing(figure: Figure, data: FigureData, points: pd.DataFrame, folder: Path) -> None:
    reason = "No point of this figure succeeded."
    notes = failure_note(points)
    errors = points["error"].dropna()
    if points.empty:
        reason = "`where` selects no point of this experiment."
    elif len(errors):
        notes.append(f"First error: {errors.iloc[0]}")
    empty_page(figure, data, reason, notes).save(folder, figure.name)
    if "html" in figure.formats:
        path = folder / f"{figure.name}.html"
        shape_html.write_reason(path, title(figure, data), subtitle(figure, data), reason, notes)
