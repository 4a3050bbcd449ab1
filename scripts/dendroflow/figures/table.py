"""Tables: values of columns, a row for each point."""

import pandas as pd
from matplotlib.transforms import Bbox

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import OK, FigureData, is_null, is_numeric
from dendroflow.figures.headings import failure_note, page_of
from dendroflow.figures.page import (
    FAILED,
    GREY,
    INK,
    POINT,
    SMALL_SIZE,
    Page,
    Slot,
    wrapped,
)
from dendroflow.settings.figures_of_columns import Table

ROW = 4.0  # mm
MOST_ROWS = 60
ABSENT = "–"


def draw(figure: Table, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
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
    width = slot.width / len(figure.columns) - 2
    heads = [wrapped(data.label(column), width) for column in figure.columns]
    head = 1.35 * SMALL_SIZE * POINT * max(text.count("\n") + 1 for text in heads) + 1.5
    height = head + ROW * len(points)
    page = page_of(figure, data, slot, failure_note(points), height)
    (axes,) = page.panels(grid=False)
    axes.set_axis_off()
    texts = [_texts(points, column, swept=column in data.swept) for column in figure.columns]
    rows = list(zip(*texts, strict=True))
    table = axes.table(rows, colLabels=heads, cellLoc="center", bbox=Bbox.unit())
    table.auto_set_font_size(False)
    table.set_fontsize(SMALL_SIZE)
    for (row, column), cell in table.get_celld().items():
        cell.set(height=(ROW if row else head) / height, lw=0)
        text = cell.get_text()
        if row == 0:
            text.set_fontweight("bold")
        elif is_null(points[figure.columns[column]].iloc[row - 1]):
            text.set_color(GREY if text.get_text() == ABSENT else FAILED)
        if row and row % 2 == 0:
            cell.set_facecolor("#f3f3f3")
    axes.axhline(1 - head / height, color=INK, lw=0.8)
    return page


def _texts(points: pd.DataFrame, column: str, *, swept: bool) -> list[str]:
    """Write values; with exponents throughout, where a feature is very small."""
    values = points[column]
    small = not swept and is_numeric(values) and values.abs().between(1e-300, 1e-3).any()
    pattern = "{:.1e}" if small else "{:.3g}"
    found = []
    for value, status in zip(values, points["status"], strict=True):
        if is_null(value):
            found.append(ABSENT if status == OK or swept else str(status).replace("_", " "))
        else:
            found.append(pattern.format(value) if isinstance(value, float) else str(value))
    return found
