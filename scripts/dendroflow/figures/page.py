"""Where a figure is drawn: a page with a heading, axes and notes; and how it is saved."""

import logging
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure as Canvas
from matplotlib.figure import FigureBase, SubFigure
from matplotlib.font_manager import findfont
from matplotlib.transforms import Bbox

from dendroflow.figures.axes import make_logarithmic
from dendroflow.figures.viewer import Scene, write_page
from dendroflow.files import replacing
from dendroflow.settings.style import FONT, Style

logger = logging.getLogger("dendroflow")

INK = "#222222"
GREY = "#666666"
FAILED = "#cc2222"

# Points in print: what journals ask for.
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE, LETTER_SIZE = 8.0, 7.0, 6.0, 9.0
INCH, POINT = 25.4, 25.4 / 72  # mm
MARGIN = 1.5  # mm

RC: dict[str, Any] = {
    "font.size": TEXT_SIZE,
    # Text is as wide at any number of dots.
    "text.hinting": "none",
    # Text of a configuration is no formula, whatever its dollars.
    "text.parse_math": False,
    "axes.labelsize": TEXT_SIZE,
    "axes.titlesize": TEXT_SIZE,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.4,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": SMALL_SIZE,
    "lines.linewidth": 1.0,
    "lines.markersize": 2.8,
    "patch.linewidth": 0.4,
    **{f"{axis}tick.labelsize": SMALL_SIZE for axis in "xy"},
    **{
        f"{axis}tick.major.{key}": size
        for axis in "xy"
        for key, size in (("width", 0.6), ("size", 2.5))
    },
    **{
        f"{axis}tick.minor.{key}": size
        for axis in "xy"
        for key, size in (("width", 0.4), ("size", 1.5))
    },
    "figure.constrained_layout.h_pad": 0.04,
    "figure.constrained_layout.w_pad": 0.04,
    "svg.hashsalt": "dendroflow",
    # Text that an editor can change.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


@contextmanager
def house_style(style: Style) -> Iterator[None]:
    """Draw in the same way on every machine, whatever its own settings of matplotlib."""
    own = {"font.family": [*dict.fromkeys([_installed(style.font), FONT])]}
    with matplotlib.style.context(["default", sns.axes_style("ticks"), RC | own], after_reset=True):
        yield


@cache
def _installed(font: str) -> str:
    """The font, or what comes nearest of those installed."""
    alike = ["Arial", "Helvetica", "Liberation Sans"]
    fonts: list[str] = [font, *alike] if font in alike else [font]
    for name in fonts:
        try:
            findfont(name, fallback_to_default=False)
        except ValueError:
            continue
        if name != font:
            logger.warning("font %s is not installed; %s is used", font, name)
        return name
    logger.warning("font %s is not installed; %s is used", font, FONT)
    return FONT


@dataclass(frozen=True)
class Slot:
    """Where a page is made: on a sheet of its own, or in a part of another with a letter."""

    style: Style = field(default_factory=Style)
    part: SubFigure | None = None
    letter: str = ""

    @property
    def width(self) -> float:
        """Of the page, mm."""
        return self.style.width if self.part is None else _millimetres(self.part, "width")


@dataclass(frozen=True)
class _Line:
    text: str
    size: float
    colour: str = INK
    weight: str = "normal"

    @property
    def height(self) -> float:
        """With the space to the next line, mm."""
        return 1.3 * self.size * POINT


class Page:
    """A figure with a heading above and notes below its axes.

    Parameters
    ----------
    title, subtitle
        heading, wrapped to the width.
    notes
        sentences below the axes; those that begin with "!" are shown as warnings. Where the style
        leaves them out, they stand in the metadata of the files alone.
    height
        of the part for the axes, mm, unless the slot or its style says how high all is.

    Attributes
    ----------
    canvas
        holds the axes.
    width, height
        of it, mm.
    """

    def __init__(
        self, slot: Slot, title: str, subtitle: str, notes: Sequence[str], height: float
    ) -> None:
        style, part = slot.style, slot.part
        self.style, self.heading = style, (title, subtitle, notes)
        # Of a figure that is also a page to open: what it shows, or why it shows nothing.
        self.scene: Scene | None = None
        self.reason = ""
        self.width = slot.width
        head, foot = self._head(slot, title, subtitle), self._foot(notes)
        above, below = _height(head), _height(foot)
        if part is not None:
            whole = _millimetres(part, "height")
        else:
            whole = style.height or above + height + below
        self.height = max(whole - above - below, 10.0)
        self.sheet: FigureBase = part or Canvas(
            figsize=(self.width / INCH, whole / INCH), layout="constrained"
        )
        self.canvas = self.sheet
        if head or foot:
            shown = [high for high in (above, self.height, below) if high]
            parts: Any = self.sheet.subfigures(len(shown), 1, height_ratios=shown, hspace=0)
            self.canvas = parts[1 if head else 0]
            for place, lines, high in ((0, head, above), (-1, foot, below)):
                if lines:
                    _write(parts[place], lines, self.width, high)

    def _head(self, slot: Slot, title: str, subtitle: str) -> list[_Line]:
        lines = [_Line(slot.letter, LETTER_SIZE, weight="bold")] if slot.letter else []
        if slot.style.title:
            lines += self._wrapped(title, TITLE_SIZE, INK, "bold")
            lines += self._wrapped(subtitle, SMALL_SIZE, GREY)
        return lines

    def _foot(self, notes: Sequence[str]) -> list[_Line]:
        return [
            line
            for note in (notes if self.style.footnote else ())
            for line in self._wrapped(
                note.lstrip("!"), SMALL_SIZE, FAILED if note.startswith("!") else GREY
            )
        ]

    def _wrapped(self, text: str, size: float, colour: str, weight: str = "normal") -> list[_Line]:
        broad = 0.66 if weight == "bold" else 0.57
        letters = int((self.width - 2 * MARGIN) / (broad * size * POINT))
        return [_Line(line, size, colour, weight) for line in textwrap.wrap(text, letters)]

    def panels(
        self, rows: int = 1, columns: int = 1, *, count: int = 1, grid: bool = True, **shared: Any
    ) -> list[Axes]:
        """Add axes row by row, on a grid of lines; what `count` leaves over stays empty."""
        panels = list(self.canvas.subplots(rows, columns, squeeze=False, **shared).flat)
        for axes in panels[count:]:
            axes.remove()
        for axes in panels[:count]:
            axes.grid(visible=grid)
            axes.locator_params(axis="x", nbins=max(2, min(7, int(self.width / columns / 12))))
        return panels[:count]

    def say(self, reason: str) -> None:
        """Write why the page shows nothing, in place of axes."""
        (axes,) = self.panels(grid=False)
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            textwrap.fill(reason, int(self.width / 2)),
            ha="center",
            va="center",
            transform=axes.transAxes,
            color=FAILED,
            bbox={"boxstyle": "round,pad=1", "facecolor": "#fff4f4", "edgecolor": FAILED},
        )

    def colour_bar(self, panels: Sequence[Axes], colours: ScalarMappable, label: Any) -> Any:
        """Explain colours by a bar to the right of panels."""
        shrink = min(1.0, 45 / self.height)
        bar = self.canvas.colorbar(
            colours, ax=list(panels), shrink=shrink, aspect=16, pad=0.02, panchor=(0.5, 0.5)
        )
        if isinstance(colours.norm, LogNorm):
            make_logarithmic(bar.ax, "y")
        bar.set_label(wrapped(label, shrink * self.height))
        bar.outline.set_visible(False)
        return bar

    def lay_out(self) -> None:
        """Put all axes at their final places, where lines can be as wide as what they show."""
        self.sheet.figure.draw_without_rendering()  # type: ignore[union-attr]

    def write(self, paths: Sequence[Path]) -> None:
        """Write the sheet in the formats that the names of the files say, laid out once."""
        sheet = self.sheet
        assert isinstance(sheet, Canvas)
        title, subtitle, notes = self.heading
        about = " ".join(filter(None, [subtitle, *(note.lstrip("!") for note in notes)]))
        with house_style(self.style):
            self.lay_out()
            sheet.set_layout_engine("none")
            _round_places(sheet)
            for path in paths:
                kind = path.suffix.removeprefix(".")
                metadata = _metadata(kind, title, about)
                with replacing(path) as temporary:
                    sheet.savefig(temporary, format=kind, dpi=self.style.dpi, metadata=metadata)

    def save(self, folder: Path, name: str) -> list[Path]:
        """Write the page in the formats of its style, and as HTML if it has such a page."""
        paths = [folder / f"{name}.{suffix}" for suffix in self.style.formats]
        self.write(paths)
        if self.scene or self.reason:
            paths.append(folder / f"{name}.html")
            write_page(paths[-1], self.heading, self.scene, self.reason)
        return paths


def _metadata(kind: str, title: str, about: str) -> Mapping[str, Any]:
    """What a file says of itself; without a date, the same figure is the same file."""
    if kind == "svg":
        return {"Date": None, "Creator": None, "Title": title, "Description": about}
    if kind == "pdf":
        dateless = {"CreationDate": None, "Creator": None, "Producer": None}
        return {**dateless, "Title": title, "Subject": about}
    return {"Software": None, "Title": title, "Description": about}


def _round_places(sheet: Any) -> None:
    """Drop the last digits of all places: the solver of the layout leaves them to chance."""
    for part in sheet.subfigs:
        part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), 6))
        _round_places(part)
    for axes in sheet.axes:
        place = axes.get_position(original=True).get_points()
        axes.set_position(Bbox(np.round(place, 6)), which="both")


def _millimetres(part: SubFigure, side: str) -> float:
    return float(getattr(part.bbox, side)) / part.dpi * INCH


def wrapped(label: Any, room: float) -> str:
    """Return the label of an axis, on as many lines as its length asks for in `room` mm."""
    letters = max(7, int(room / (0.57 * TEXT_SIZE * POINT)))
    return textwrap.fill(str(label), letters, break_long_words=False)


def _height(lines: Sequence[_Line]) -> float:
    return sum(line.height for line in lines) + (1.7 * MARGIN if lines else 0.0)


def _write(part: SubFigure, lines: Sequence[_Line], width: float, height: float) -> None:
    """Write lines from the top of a part of that width and height, mm, downwards."""
    top = height - MARGIN
    for line in lines:
        part.text(
            MARGIN / width,
            top / height,
            line.text,
            ha="left",
            va="top",
            size=line.size,
            color=line.colour,
            weight=line.weight,
        )
        top -= line.height
