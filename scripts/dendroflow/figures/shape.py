"""The cell of one point, coloured by a signal along it: what is shown, and its print."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgba

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import OK, FigureData, Label, numbers, read_rows
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.moments import read_places
from dendroflow.figures.page import INK, Page, subtitle, title, wrapped
from dendroflow.settings.figures import FieldMap, Moment, Movie, Shape

Array = np.ndarray[Any, np.dtype[np.float64]]

PRINT_WIDTH = 5.2
PRINT_HEIGHT = 5.6
BAR_SPACE = 1.25
THINNEST = 0.9
CLASS_RATIO = 1.1
RASTERIZED_FROM = 20_000
NO_VALUE = "#bbbbbb"


@dataclass(frozen=True)
class Scene:
    """A cell at one moment.

    Attributes
    ----------
    names
        a name for each segment, such as "dend[3](0.25)".
    outlines
        for each segment its 3-D points: x, y, z and diameter, µm; shape (points, 4).
    values
        the signal in each segment; NaN where it is not a number.
    limits
        of the colours; those of the values without this.
    """

    title: str
    subtitle: str
    notes: tuple[str, ...]
    label: Label
    names: tuple[str, ...]
    outlines: tuple[Array, ...]
    values: Array
    limits: tuple[float, float] | None = None

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value; a range that is not empty."""
        if self.limits is not None:
            return self.limits
        finite = self.values[np.isfinite(self.values)]
        if not len(finite):
            return 0.0, 1.0
        low, high = float(finite.min()), float(finite.max())
        return (low, high) if low < high else (low - 0.5, high + 0.5)

    @property
    def box(self) -> tuple[Array, Array]:
        """Lowest and highest x, y and z, µm."""
        points = np.concatenate(self.outlines)
        reach = points[:, 3:] / 2
        return (points[:, :3] - reach).min(axis=0), (points[:, :3] + reach).max(axis=0)

    @property
    def scale_bar(self) -> int:
        """Length of the scale bar, µm: 1, 2 or 5 times a power of ten."""
        low, high = self.box
        longest = float((high - low)[:2].max()) / 10
        power = int(10 ** np.floor(np.log10(max(longest, 1.0))))
        return max(step * power for step in (1, 2, 5) if step * power <= max(longest, 1.0))


def make_scene(figure: Shape, data: FigureData, points: pd.DataFrame) -> Scene:
    """Read what the figure shows from the traces of one point.

    Raises
    ------
    ConfigurationError
        If the time lies outside of what was recorded, or decides nothing.
    StoreError
        If the signal was not recorded along the cell.
    """
    point = select_point(figure, points)
    t, when = _time(figure, data, point["point_id"])
    rows = read_places(figure, data, point["point_id"], figure.signal, voxels=False)
    rows = rows.sort_values("location", kind="stable")
    values = [_value_at(figure, t, row.t, row.values) for row in rows.itertuples()]
    label = data.labels[figure.signal]
    notes = [f"t = {t:.6g} ms{when}.{which_point(figure, data, points, point)}"]
    return Scene(
        title=title(figure, data),
        subtitle=subtitle(figure, data, point),
        notes=tuple(notes),
        label=label,
        names=tuple(rows["location"]),
        outlines=tuple(rows["outline"]),
        values=np.array(values, dtype=float),
    )


def select_point(figure: Shape | Movie | FieldMap, points: pd.DataFrame) -> "pd.Series[Any]":
    """Select the one point that is shown, among those that are ok.

    Raises
    ------
    ConfigurationError
        If no point has a value in the column of `select`.
    """
    alive = points[points["status"] == OK]
    if figure.select is None:
        return alive.iloc[0]
    values = numbers(figure, alive, figure.select.column).to_numpy()
    if np.isnan(values).all():
        raise ConfigurationError(
            f"figure {figure.name}: no point has a value of {figure.select.column}; "
            "`select` by another column, or use `where`"
        )
    extreme = np.nanargmax if figure.select.maximum else np.nanargmin
    return alive.iloc[int(extreme(values))]


def draw_print(scene: Scene) -> Page:
    """Draw the cell from above, with line widths true to scale, for print."""
    low, high = scene.box
    extent = np.maximum(high - low, 1e-3)
    scale = min(PRINT_WIDTH / extent[0], PRINT_HEIGHT / (1.04 * extent[1]))
    pad = 0.25
    size = (extent[0] * scale + 2 * pad, 1.04 * extent[1] * scale + 2 * pad)
    width = max(size[0] + BAR_SPACE, 6.4)
    left = (width - BAR_SPACE - size[0]) / 2
    page = Page(scene.title, scene.subtitle, scene.notes, (width, size[1]))
    axes = page.axes_at(left, 0, *size)
    axes.set_axis_off()
    right = low[0] - pad / scale + size[0] / scale
    bottom = high[1] + (pad - size[1]) / scale
    axes.set(xlim=(low[0] - pad / scale, right), ylim=(bottom, high[1] + pad / scale))

    norm, cmap = Normalize(*scene.range), colour_map()
    strokes = Strokes.of(scene.outlines, scale * 72)
    strokes.draw(axes, scene.values, norm, rasterized=len(strokes.lines) > RASTERIZED_FROM)
    draw_scale_bar(axes, scene.scale_bar, low[0], bottom + 0.4 * pad / scale)
    tall = min(0.6 * size[1], 2.6)
    place = page.axes_at(width - BAR_SPACE + 0.1, (size[1] - tall) / 2, 0.16, tall)
    bar = page.canvas.colorbar(ScalarMappable(norm, cmap), cax=place)
    bar.set_label(wrapped(scene.label, tall))
    bar.outline.set_visible(False)
    return page


def runs(outline: Array, scale: float, thinnest: float, ratio: float) -> list[tuple[int, Array]]:
    """Parts of a segment that are about equally wide.

    Parameters
    ----------
    outline
        3-D points of the segment; shape (points, 4).
    scale
        units of the picture a µm.
    thinnest
        least width, in units of the picture.
    ratio
        of the widths of neighbouring classes.

    Returns
    -------
    list
        class and 3-D points of each part; its width is `thinnest * ratio**class`.
    """
    widths = np.maximum((outline[:-1, 3] + outline[1:, 3]) / 2 * scale, thinnest)
    classes = np.round(np.log(widths / thinnest) / np.log(ratio)).astype(int)
    breaks = np.flatnonzero(np.diff(classes)) + 1
    starts, ends = [0, *breaks.tolist()], [*breaks.tolist(), len(classes)]
    return [(int(classes[a]), outline[a : b + 1, :3]) for a, b in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Strokes:
    """Lines from the deepest to the highest: x and y (µm), width (points), segment of each."""

    lines: list[Array]
    widths: Array
    segments: Any

    @classmethod
    def of(cls, outlines: Sequence[Array], scale: float) -> "Strokes":
        """Make them of the outlines of segments; `scale` in points a µm."""
        lines, classes, segments, depths = [], [], [], []
        for segment, outline in enumerate(outlines):
            for width, points in runs(outline, scale, THINNEST, CLASS_RATIO):
                lines.append(points[:, :2])
                classes.append(width)
                segments.append(segment)
                depths.append(points[:, 2].mean())
        order = np.argsort(depths, kind="stable")
        return cls(
            [lines[i] for i in order],
            THINNEST * CLASS_RATIO ** np.array(classes, dtype=float)[order],
            np.array(segments)[order],
        )

    def draw(self, axes: Any, values: Array, norm: Normalize, *, rasterized: bool) -> None:
        """Draw them in the colours of the values of their segments."""
        shades = colour_map()(norm(np.ma.masked_invalid(values)))
        shades[~np.isfinite(values)] = to_rgba(NO_VALUE)
        axes.add_collection(
            LineCollection(
                self.lines,
                linewidths=self.widths,
                colors=shades[self.segments],
                capstyle="round",
                joinstyle="round",
                rasterized=rasterized,
                clip_on=False,
            )
        )


def draw_scale_bar(axes: Any, length: int, x: float, y: float) -> None:
    """Draw a bar of that length (µm) from x, y to the right."""
    axes.plot([x, x + length], [y, y], color=INK, lw=2, solid_capstyle="butt")
    axes.annotate(
        f"{length} µm",
        (x + length / 2, y),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
    )


def _time(figure: Shape, data: FigureData, point_id: str) -> tuple[float, str]:
    """The time that is shown, ms, and what it is."""
    if not isinstance(figure.at, Moment):
        return figure.at + figure.offset, ""
    rows = read_rows(figure, data, [point_id], [figure.at.signal])
    if len(rows) > 1:
        raise ConfigurationError(
            f"figure {figure.name}: `at` needs a signal recorded in one place; "
            f"{figure.at.signal} is recorded in {len(rows)}"
        )
    t, v = np.asarray(rows["t"][0]), np.asarray(rows["values"][0])
    if figure.at.upstroke is None:
        moment, word = float(t[np.argmax(v)]), "the peak"
    else:
        steepest = int(np.argmax(np.diff(v) / np.diff(t)))
        moment, word = float(t[steepest] + t[steepest + 1]) / 2, "the steepest rise"
    shift = f" {'+' if figure.offset > 0 else '−'} {abs(figure.offset):g} ms" * bool(figure.offset)
    return moment + figure.offset, f", {word} of {data.labels[figure.at.signal].text}{shift}"


def _value_at(figure: Shape, time: float, t: Any, values: Any) -> float:
    if not t[0] <= time <= t[-1]:
        raise ConfigurationError(
            f"figure {figure.name}: `at` {time:g} ms lies outside of what was recorded, "
            f"{t[0]:g} to {t[-1]:g} ms"
        )
    return float(np.interp(time, t, values))


def which_point(
    figure: Shape | Movie | FieldMap,
    data: FigureData,
    points: pd.DataFrame,
    point: "pd.Series[Any]",
) -> str:
    """A sentence that names the point, where there is a choice."""
    alive = int((points["status"] == OK).sum())
    if alive <= 1:
        return ""
    return f" Point {point['point_id'][:12]}, one of {alive}{_why(figure, data)}."


def _why(figure: Shape | Movie | FieldMap, data: FigureData) -> str:
    if figure.select is None:
        return ""
    word = "largest" if figure.select.maximum else "smallest"
    return f": the one with the {word} {data.labels[figure.select.column].text}"
