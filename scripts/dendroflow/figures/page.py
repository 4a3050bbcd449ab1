"""The page that every printed figure has: a heading, axes, notes; and how it is saved."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine

from dendroflow.figures.data import OK, FigureData
from dendroflow.settings.figures import (
    PRINT_FORMATS,
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
)

INK = "#222222"
GREY = "#666666"
FAILED = "#cc2222"

TITLE_SIZE = 12.0
TEXT_SIZE = 9.0
LINE_HEIGHT = 1.35
MARGIN = 0.12

# Without a date or a random salt, the same figure is the same file.
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT_SIZE,
    "axes.labelsize": 10,
    "axes.titlesize": TEXT_SIZE,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "legend.frameon": False,
    "legend.fontsize": TEXT_SIZE,
    "hatch.linewidth": 0.6,
    "text.color": INK,
    "savefig.dpi": 160,
    "svg.hashsalt": "dendroflow",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the same way on every machine, whatever its own settings of matplotlib."""
    style = [
        "default",
        sns.axes_style("ticks"),
        RC,
    ]
    with matplotlib.style.context(style, after_reset=True):
        yield


class Page:
    """A figure with a heading above and notes below its axes.

    Parameters
    ----------
    title, subtitle
        heading, wrapped to the width.
    notes
        sentences below the axes; those that begin with "!" are shown as warnings.
    size
        width and height of the part for the axes, inches.
    """

    def __init__(
        self, title: str, subtitle: str, notes: Sequence[str], size: tuple[float, float]
    ) -> None:
        width, body = size
        heading = [
            (line, TITLE_SIZE, INK, "bold")
            for line in textwrap.wrap(title, int((width - 2 * MARGIN) * 72 / (0.66 * TITLE_SIZE)))
        ]
        characters = int((width - 2 * MARGIN) * 72 / (0.56 * TEXT_SIZE))
        heading += [
            (line, TEXT_SIZE, GREY, "normal") for line in textwrap.wrap(subtitle, characters)
        ]
        footing = [
            (line, TEXT_SIZE - 1, FAILED if note.startswith("!") else GREY, "normal")
            for note in notes
            for line in textwrap.wrap(note.lstrip("!"), characters)
        ]
        self.top = _height(heading) + 1.6 * MARGIN
        self.bottom = _height(footing) + (1.5 if footing else 0.5) * MARGIN
        self.width, self.body = width, body
        self.height = self.top + body + self.bottom
        part = (0, self.bottom / self.height, 1, body / self.height)
        layout = ConstrainedLayoutEngine(rect=part, w_pad=MARGIN, h_pad=0.05)
        self.canvas = Canvas(figsize=(width, self.height), layout=layout)
        self._write(heading, self.height - MARGIN)
        self._write(footing, self.bottom - 0.5 * MARGIN)

    def _write(self, lines: Sequence[tuple[str, float, str, str]], y: float) -> None:
        for text, size, colour, weight in lines:
            self.canvas.text(
                MARGIN / self.width,
                y / self.height,
                text,
                size=size,
                color=colour,
                weight=weight,
                va="top",
                parse_math=False,
            )
            y -= size * LINE_HEIGHT / 72

    def axes_at(self, left: float, bottom: float, width: float, height: float) -> Any:
        """Axes at a fixed place of the body, inches."""
        self.canvas.set_layout_engine("none")
        bottom += self.bottom
        return self.canvas.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height)
        )

    def save(self, folder: Path, name: str) -> list[Path]:
        """Write the page as SVG, PDF and PNG; returns the files."""
        paths = []
        for suffix in PRINT_FORMATS:
            path = folder / f"{name}.{suffix}"
            part = path.with_name(f".{path.name}.part")
            self.canvas.savefig(part, format=suffix, metadata=METADATA[suffix])
            part.replace(path)
            paths.append(path)
        return paths


def title(figure: Figure, data: FigureData) -> str:
    """The figure's title, or one that names what it shows."""
    if figure.title:
        return figure.title
    labels = data.labels
    if isinstance(figure, Line | Scatter | Phase):
        return f"{labels[figure.y].headline} against {labels[figure.x].text}"
    if isinstance(figure, Heatmap):
        value, x, y = (labels[column] for column in (figure.value, figure.x, figure.y))
        return f"{value.headline} by {x.text} and {y.text}"
    if isinstance(figure, Histogram):
        return f"Distribution of {labels[figure.x].text}"
    if isinstance(figure, Shape | Movie | FieldMap | Kymograph):
        places = {FieldMap: "around the cell", Kymograph: "along the cable over time"}
        return f"{labels[figure.signal].headline} {places.get(type(figure), 'along the cell')}"
    first, *others = figure.columns if isinstance(figure, Table) else figure.signal_names
    over = "" if isinstance(figure, Table) else " over time"
    return " and ".join([labels[first].headline, *(labels[o].text for o in others)]) + over


def subtitle(figure: Figure, data: FigureData, point: "pd.Series[Any] | None" = None) -> str:
    """The experiment's title, what the figure selects, and all values of a single point."""
    conditions = []
    for column, wanted in figure.where.items():
        if point is not None and column in data.swept:
            continue
        label = data.labels.get(column)
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        if len(values) > 4:
            values = (*values[:2], "…", values[-1])
        text = ", ".join(map(_plain, values))
        unit = f" {label.unit}" if label and label.unit else ""
        conditions.append(f"{label.text if label else column} = {text}{unit}")
    values_of_point = data.describe(point) if point is not None else ""
    return " · ".join(part for part in (data.title, *conditions, values_of_point) if part)


def failure_note(points: Any) -> list[str]:
    """A warning that names how many points failed, and how; empty if none did."""
    bad = points.loc[points["status"] != OK, "status"].fillna("missing")
    if bad.empty:
        return []
    kinds = ", ".join(f"{count} {status}" for status, count in sorted(bad.value_counts().items()))
    return [f"!{len(bad)} of {len(points)} points did not succeed: {kinds}."]


def empty_page(figure: Figure, data: FigureData, reason: str, notes: Sequence[str]) -> Page:
    """A page that says why it shows nothing."""
    page = Page(title(figure, data), subtitle(figure, data), notes, (6.4, 2.2))
    axes = page.axes_at(0, 0, 6.4, 2.2)
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        textwrap.fill(reason, 60),
        ha="center",
        va="center",
        size=11,
        color=FAILED,
        parse_math=False,
        bbox={"boxstyle": "round,pad=1", "facecolor": "#fff4f4", "edgecolor": FAILED},
    )
    return page


def wrapped(label: Any, inches: float) -> str:
    """The label of an axis, on as many lines as its length asks for."""
    width = max(12, int(inches * 72 / 5.8))
    return literal(textwrap.fill(str(label), width, break_long_words=False))


def literal(text: str) -> str:
    """Text in which matplotlib takes no dollar for the beginning of a formula."""
    return text.replace("$", r"\$")


def add_room(axes: Axes, below: float = 0.0, above: float = 0.0) -> None:
    """Make the y axis longer, by shares of what it will then be; linear or logarithmic."""
    transform = axes.transScale
    x = axes.get_xlim()[0]
    bottom, top = (transform.transform((x, y))[1] for y in axes.get_ylim())
    span = (top - bottom) / (1 - below - above)
    place = transform.transform((x, axes.get_ylim()[0]))[0]
    ends = (bottom - below * span, top + above * span)
    axes.set_ylim(*(transform.inverted().transform((place, y))[1] for y in ends))


def _height(lines: Sequence[tuple[str, float, str, str]]) -> float:
    return sum(size for _, size, _, _ in lines) * LINE_HEIGHT / 72


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
