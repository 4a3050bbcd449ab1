"""The page that every printed figure has: a heading, axes, notes; and how it is saved."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure as Canvas
from matplotlib.offsetbox import AnchoredOffsetbox, TextArea, VPacker
from matplotlib.ticker import LogFormatter

from dendroflow.figures.data import OK, FigureData, shown
from dendroflow.figures.html_page import Interactive
from dendroflow.files import replacing
from dendroflow.settings.figures import PRINT_FORMATS, Figure

INK = "#222222"
GREY = "#666666"
FAILED = "#cc2222"

TITLE_SIZE = 12.0
TEXT_SIZE = 9.0

# Without a date or a random salt, the same figure is the same file.
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": TEXT_SIZE,
    # Text of a configuration is no formula, whatever its dollars.
    "text.parse_math": False,
    "axes.labelsize": 10,
    "axes.titlesize": TEXT_SIZE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": TEXT_SIZE,
    "hatch.linewidth": 0.6,
    "savefig.dpi": 160,
    # The heading and the notes stand outside of the canvas, which the page is then cut around.
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.12,
    "svg.hashsalt": "dendroflow",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the same way on every machine, whatever its own settings of matplotlib."""
    with matplotlib.style.context(["default", sns.axes_style("ticks"), RC], after_reset=True):
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
        self.heading = (title, subtitle, notes)
        self.canvas = Canvas(figsize=size, layout="constrained")
        self.interactive: Interactive | None = None
        self._write(
            "lower left",
            (title, {"size": TITLE_SIZE, "weight": "bold"}),
            (subtitle, {"size": TEXT_SIZE, "color": GREY}),
        )
        colours = [FAILED if note.startswith("!") else GREY for note in notes]
        styles = [{"size": TEXT_SIZE - 1, "color": colour} for colour in colours]
        texts = [note.lstrip("!") for note in notes]
        self._write("upper left", *zip(texts, styles, strict=True))

    def _write(self, corner: str, *paragraphs: tuple[str, dict[str, Any]]) -> None:
        """Write paragraphs whose lower left corner is the canvas' upper left, or vice versa."""
        areas: list[Artist] = []
        for text, style in paragraphs:
            characters = int(self.canvas.get_figwidth() * 72 / (0.6 * style["size"]))
            areas.append(TextArea(textwrap.fill(text, characters), textprops=style))
        box = AnchoredOffsetbox(
            corner,
            child=VPacker(children=areas, align="left", pad=0, sep=4),
            bbox_to_anchor=(0, 1 if corner == "lower left" else 0),
            bbox_transform=self.canvas.transFigure,
            frameon=False,
            borderpad=0.6,
            pad=0,
        )
        if areas:
            self.canvas.add_artist(box)

    def panels(
        self, rows: int = 1, columns: int = 1, *, count: int = 1, grid: bool = True, **shared: Any
    ) -> list[Axes]:
        """Add axes row by row, on a grid of lines; what `count` leaves over stays empty."""
        panels = list(self.canvas.subplots(rows, columns, squeeze=False, **shared).flat)
        for axes in panels[count:]:
            axes.remove()
        for axes in panels[:count]:
            axes.grid(visible=grid)
            axes.locator_params(axis="x", nbins=7 if columns == 1 else 4)
        return panels[:count]

    def say(self, reason: str) -> None:
        """Write why the page shows nothing, in place of axes."""
        (axes,) = self.panels(grid=False)
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            textwrap.fill(reason, 60),
            ha="center",
            va="center",
            transform=axes.transAxes,
            size=11,
            color=FAILED,
            bbox={"boxstyle": "round,pad=1", "facecolor": "#fff4f4", "edgecolor": FAILED},
        )

    def colour_bar(self, panels: Sequence[Axes], colours: ScalarMappable, label: Any) -> Any:
        """Explain colours by a bar to the right of panels."""
        high = self.canvas.get_figheight()
        shrink = min(1.0, 2.6 / high)
        bar = self.canvas.colorbar(colours, ax=list(panels), shrink=shrink, aspect=16, pad=0.02)
        bar.set_label(wrapped(label, shrink * high))
        bar.outline.set_visible(False)
        return bar

    def write(self, path: Path, **options: Any) -> None:
        """Write the page in the format that the name of the file says."""
        kind = path.suffix.removeprefix(".")
        with replacing(path) as temporary:
            self.canvas.savefig(temporary, format=kind, metadata=METADATA[kind], **options)

    def save(self, folder: Path, name: str) -> list[Path]:
        """Write the page as SVG, PDF and PNG, and HTML if there is one; returns the files."""
        self.canvas.draw_without_rendering()
        self.canvas.set_layout_engine("none")
        for legend in self.canvas.legends:
            # Else it goes along when the page is cut.
            legend.set_bbox_to_anchor((0, 0, 1, 1), self.canvas.transFigure)
        paths = [folder / f"{name}.{suffix}" for suffix in PRINT_FORMATS]
        for path in paths:
            self.write(path)
        if self.interactive is not None:
            paths.append(folder / f"{name}.html")
            self.interactive.write(paths[-1], *self.heading)
        return paths


def title(figure: Figure, data: FigureData) -> str:
    """Return the figure's title, or one that names what it shows."""
    if figure.title:
        return figure.title
    words = {}
    for key in (*figure.signals_of, *figure.columns_of):
        names = getattr(figure, key) or ()
        names = (names,) if isinstance(names, str) else names
        words[key] = " and ".join(data.label(name).text for name in names)
    text = figure.shows.format_map(words)
    first = text.split(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def subtitle(figure: Figure, data: FigureData, point: "pd.Series[Any] | None") -> str:
    """Return the experiment's title, what the figure selects, and all values of a single point."""
    parts = [data.title]
    for column, wanted in figure.where.items():
        if point is not None and column in data.swept:
            continue
        values = list(map(shown, wanted if isinstance(wanted, tuple) else (wanted,)))
        if len(values) > 4:
            values[2:-1] = ["…"]
        label = data.label(column)
        parts.append(f"{label.text} = {', '.join(values)} {label.unit}".rstrip())
    if point is not None and data.swept:
        parts.append(data.swept_values(point))
    return " · ".join(parts)


def failure_note(points: pd.DataFrame) -> list[str]:
    """Warn how many points failed, and how; empty if none did."""
    bad = points.loc[points["status"] != OK, "status"].fillna("missing")
    if bad.empty:
        return []
    kinds = ", ".join(f"{count} {status}" for status, count in sorted(bad.value_counts().items()))
    return [f"!{len(bad)} of {len(points)} points did not succeed: {kinds}."]


def page_of(
    figure: Figure,
    data: FigureData,
    notes: Sequence[str],
    size: tuple[float, float],
    drawn: pd.DataFrame | None = None,
) -> Page:
    """Make the page of a figure.

    Parameters
    ----------
    drawn
        the points whose traces are drawn; a single one is named in the heading.
    """
    point = drawn.iloc[0] if drawn is not None and len(drawn) == 1 else None
    return Page(title(figure, data), subtitle(figure, data, point), notes, size)


def empty_page(figure: Figure, data: FigureData, reason: str, notes: Sequence[str]) -> Page:
    """Make a page that says why it shows nothing."""
    page = page_of(figure, data, notes, (6.4, 2.2))
    if "html" in figure.formats:
        page.interactive = Interactive(reason=reason)
    page.say(reason)
    return page


class PlainLogFormatter(LogFormatter):
    """Ticks of a logarithmic axis as plain numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write `x`, or nothing where the labels would be too many."""
        low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
        if low > 0 and 0.4 < math.log10(high / low) < 1.2:
            # About a decade: matplotlib would label more of it than there is space for.
            return f"{x:g}" if f"{x:e}"[:3] in ("1.0", "2.0", "5.0") else ""
        return f"{x:g}" if super().__call__(x, pos) else ""


def make_logarithmic(axes: Axes, key: str) -> None:
    """Make the x or the y axis logarithmic."""
    axes.set(**{f"{key}scale": "log"})
    axis = axes.xaxis if key == "x" else axes.yaxis
    axis.set_major_formatter(PlainLogFormatter())
    axis.set_minor_formatter(PlainLogFormatter())


def wrapped(label: Any, inches: float) -> str:
    """Return the label of an axis, on as many lines as its length asks for."""
    width = max(12, int(inches * 72 / 5.8))
    return textwrap.fill(str(label), width, break_long_words=False)
