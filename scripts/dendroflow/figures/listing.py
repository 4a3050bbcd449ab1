"""Tables: values of columns, a row for each point."""

from typing import Any

import pandas as pd

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import OK, FigureData, is_null, is_numeric
from dendroflow.figures.page import FAILED, GREY, INK, Page, failure_note, subtitle, title, wrapped
from dendroflow.settings.figures import Table

ROW = 0.24
WIDTH = 7.4
MOST_ROWS = 60
ABSENT = "–"


def draw(figure: Table, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw a table of points, of which at least one is ok.

    A point that did not succeed has its status in place of features, which it does not have.

    Raises
    ------
    ConfigurationError
        If there are more points than a page holds.
    """
    if len(points) > MOST_ROWS:
        raise ConfigurationError(
            f"figure {figure.name}: {len(points)} points do not fit into a table of at most "
            f"{MOST_ROWS} rows; choose fewer by `where`"
        )
    width = WIDTH / len(figure.columns)
    heads = [wrapped(data.labels[column], width) for column in figure.columns]
    head = 0.19 * max(text.count("\n") + 1 for text in heads) + 0.1
    height = head + ROW * len(points)
    page = Page(title(figure, data), subtitle(figure, data), failure_note(points), (WIDTH, height))
    axes = page.axes_at(0, 0, WIDTH, height)
    axes.set_axis_off()
    axes.set(xlim=(0, len(figure.columns)), ylim=(0, height))
    for column, text in enumerate(heads):
        axes.text(column + 0.5, height - head / 2, text, ha="center", va="center", weight="bold")
    axes.axhline(height - head, color=INK, lw=0.8)
    patterns = {c: "{:.3g}" if c in data.swept else _pattern(points[c]) for c in figure.columns}
    for row, (_, point) in enumerate(points.iterrows()):
        middle = height - head - ROW * (row + 0.5)
        if row % 2:
            axes.axhspan(middle - ROW / 2, middle + ROW / 2, color="#f3f3f3", lw=0)
        for column, name in enumerate(figure.columns):
            text, colour = _cell(point, name, pattern=patterns[name], swept=data.swept)
            axes.text(
                column + 0.5,
                middle,
                text,
                ha="center",
                va="center",
                color=colour,
                parse_math=False,
            )
    return page


def _pattern(values: "pd.Series[Any]") -> str:
    """How numbers are written: with exponents throughout, where one of them is very small."""
    if not is_numeric(values):
        return "{}"
    sizes = values.dropna().abs()
    return "{:.1e}" if ((sizes > 0) & (sizes < 1e-3)).any() else "{:.3g}"


def _cell(
    point: "pd.Series[Any]", name: str, *, pattern: str, swept: tuple[str, ...]
) -> tuple[str, str]:
    """Text and colour of one cell."""
    value = point[name]
    if is_null(value):
        if point["status"] != OK and name not in swept:
            return str(point["status"]).replace("_", " "), FAILED
        return ABSENT, GREY
    return (pattern.format(value) if isinstance(value, float) else str(value)), INK
