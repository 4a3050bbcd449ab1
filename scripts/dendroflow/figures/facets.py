"""Points in the words of a plot, and a panel for each value of `col` and `row`."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from dendroflow.figures.axes import make_logarithmic
from dendroflow.figures.data import OK, FigureData, Label, levels, numbers
from dendroflow.figures.encoding import texts
from dendroflow.figures.headings import page_of
from dendroflow.figures.page import SMALL_SIZE, Slot, wrapped

# All in mm: what stands beside the panels, and how wide and high these are.
LABELS, LEGEND, BAR = 12.0, 26.0, 16.0
NARROWEST, MOST_ACROSS = 24.0, 4
HIGH_ALONE, HIGH = 60.0, 40.0


def measured(figure: Any, points: pd.DataFrame, key: str) -> "pd.Series[float]":
    """The column of a key as numbers; NaN where it does not exist, failed, or has no logarithm."""
    values = numbers(figure, points, getattr(figure, key)).mask(points["status"] != OK)
    return values.mask(values <= 0) if getattr(figure, f"log_{key}", False) else values


def told_apart(figure: Any, points: pd.DataFrame) -> dict[str, Any]:
    """Columns of a plot: hue, style, col and row as texts, and whether a point failed."""
    keys = {"hue": "hue", "style": "marks", "col": "col", "row": "row"}
    found = {name: texts(points, getattr(figure, key, None)) for name, key in keys.items()}
    return {**found, "failed": points["status"] != OK}


class Facets:
    """A page with a panel for each value of col and row; one panel if there are none.

    Attributes
    ----------
    parts
        each panel, and the points that belong to it.
    room
        about the width of all panels in a row, mm.
    """

    def __init__(
        self,
        figure: Any,
        data: FigureData,
        slot: Slot,
        notes: Sequence[str],
        frame: pd.DataFrame,
        *,
        grid: bool = True,
    ) -> None:
        self.figure, self.data = figure, data
        rows, columns = (list(frame[key].cat.categories) for key in ("row", "col"))
        places = [(row, col) for row in rows for col in columns]
        self.columns = len(columns)
        legends = [key for key in ("hue", "marks", "size") if getattr(figure, key, None)]
        bars = len(legends) > 1 or getattr(figure, "value", None)
        self.room = max(slot.width - LABELS - LEGEND * bool(legends) - BAR * bool(bars), NARROWEST)
        if figure.row is None:
            fitting = max(1, int(self.room // NARROWEST))
            self.columns = min(self.columns, MOST_ACROSS, fitting)
        self.rows = -(-len(places) // self.columns)
        height = HIGH_ALONE if len(places) == 1 else HIGH * self.rows
        self.page = page_of(figure, data, slot, notes, height)
        shape = self.rows, self.columns
        panels = self.page.panels(*shape, count=len(places), grid=grid, sharex=True, sharey=True)
        self.parts = [
            (axes, frame[(frame["row"] == row) & (frame["col"] == col)])
            for axes, (row, col) in zip(panels, places, strict=True)
        ]
        for axes, values in zip(panels, places, strict=True):
            names = zip((figure.row, figure.col), values, strict=True)
            said = [self._told(name, value) for name, value in names if name]
            if said:
                axes.set_title(wrapped(", ".join(said), self.width), loc="left", size=SMALL_SIZE)

    def _told(self, column: str, value: str) -> str:
        label = self.data.labels[column]
        return f"{label.text} = {value} {label.unit}".rstrip()

    @property
    def panels(self) -> list[Axes]:
        """The panels, row by row."""
        return [axes for axes, _ in self.parts]

    @property
    def width(self) -> float:
        """About that of a panel, mm."""
        return self.room / self.columns

    def finish(self, points: pd.DataFrame, x: Label | str, y: Label | str) -> None:
        """Scale the axes, and label them along the left and lower edge of the panels."""
        high = self.page.height / self.rows
        for index, axes in enumerate(self.panels):
            for key in ("x", "y"):
                if getattr(self.figure, f"log_{key}", False):
                    make_logarithmic(axes, key, self._design(points, key))
            # Of an axis that is shared, the lowest panel of its column has the numbers.
            below = index + self.columns >= len(self.parts)
            axes.set_xlabel(wrapped(x, self.width) if below else "")
            axes.tick_params(axis="x", which="both", labelbottom=below)
            axes.set_ylabel(wrapped(y, high - 9) if index % self.columns == 0 else "")

    def _design(self, points: pd.DataFrame, key: str) -> list[float]:
        name = getattr(self.figure, key)
        found = levels(points[name]) if name in self.data.swept else []
        return [value for value in found if value > 0]

    def name_places(self, names: Sequence[str]) -> None:
        """Name the places 0, 1, 2 ... along the horizontal axis."""
        slanted = 1.2 * (max(map(len, names)) + 1) * len(names) > self.width
        style: dict[str, Any] = {"rotation": 30, "ha": "right"} if slanted else {}
        for axes in self.panels:
            axes.set_xticks(range(len(names)), names, **style)
            axes.set_xlim(-0.5, len(names) - 0.5)
