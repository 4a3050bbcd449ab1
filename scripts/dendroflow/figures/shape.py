"""The cells of one point, coloured by a signal along them, at one time or at several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar  # type: ignore[import-untyped]

from dendroflow.errors import ConfigurationError
from dendroflow.figures import places
from dendroflow.figures.data import FigureData, read_rows, thinned
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.headings import page_of
from dendroflow.figures.page import INK, SMALL_SIZE, Page, Slot
from dendroflow.figures.places import Array, Box
from dendroflow.figures.viewer import Scene
from dendroflow.settings.figures_of_signals import Moment, Movie, Shape

THINNEST = 0.6
RASTERIZED_FROM = 5000


def draw(figure: Shape | Movie, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw the cells of a point that is ok, and make their page."""
    point, notes = places.select_point(figure, data, points)
    point_id = point["point_id"].iloc[0]
    rows = places.read_places(figure, data, point_id, figure.signal, voxels=False)
    # The highest is drawn last.
    rows = rows.iloc[np.argsort([line[:, 2].mean() for line in rows["outline"]], kind="stable")]
    if isinstance(figure, Shape):
        time, what = _time(figure, data, point_id)
        course = shown = places.at_times(figure, places.course_of(figure, rows), [time])
        notes = [f"t = {time:.6g} ms{what}.", *notes]
    else:
        course = places.course_of(figure, rows, figure.window)
        shown = places.at_times(figure, course, figure.times)
    label = data.labels[figure.signal].fitting(course)
    course, shown = course * label.factor, shown * label.factor
    cells = Outlines(rows["outline"].tolist())
    colours = ScalarMappable(Normalize(*places.limits_of(course)), colour_map(figure.style.palette))
    grid, height = places.grid_of(cells.box, len(shown), slot.width)
    page = page_of(figure, data, slot, notes, height, drawn=point)
    panels = places.add_panels(page, cells.box, grid, shown.index)
    page.colour_bar(panels, colours, label)
    for axes in panels:
        axes.set_axis_off()
    _add_scale_bar(panels[-1], cells.scale_bar)
    page.lay_out()
    many = len(rows) * len(panels) > RASTERIZED_FROM
    for axes, values in zip(panels, shown.to_numpy(), strict=True):
        cells.draw(axes, array=values, norm=colours.norm, cmap=colours.cmap, rasterized=many)
    paged = course if isinstance(figure, Shape) else thinned(course, figure.frames)
    low, high = cells.reach
    page.scene = Scene(
        paged,
        cells.outlines,
        colours,
        str(label),
        label.unit,
        (low.tolist(), high.tolist()),
        rows["location"].tolist(),
    )
    return page


def _time(figure: Shape, data: FigureData, point_id: str) -> tuple[float, str]:
    """Find the time that is shown, ms, and what it is."""
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


@dataclass(frozen=True)
class Outlines:
    """Segments as lines, each as wide as it is on average.

    Attributes
    ----------
    outlines
        for each segment its 3-D points: x, y, z and diameter, µm; shape (points, 4).
    """

    outlines: Sequence[Array]

    @property
    def diameters(self) -> Array:
        """Mean diameter of each segment, µm."""
        return np.array([outline[:, 3].mean() for outline in self.outlines])

    @property
    def reach(self) -> tuple[Array, Array]:
        """Lowest and highest x, y and z, µm."""
        points = np.concatenate(list(self.outlines))
        around = points[:, 3:] / 2
        return (points[:, :3] - around).min(axis=0), (points[:, :3] + around).max(axis=0)

    @property
    def box(self) -> Box:
        """Left, right, bottom and top of a panel that shows all, µm."""
        low, high = self.reach
        pad = 0.02 * float((high - low)[:2].max())
        return low[0] - pad, high[0] + pad, low[1] - pad, high[1] + pad

    @property
    def scale_bar(self) -> int:
        """Length of the scale bar, µm: 1, 2 or 5 times a power of ten."""
        low, high = self.reach
        longest = max(float((high - low)[:2].max()) / 10, 1.0)
        power = int(10 ** np.floor(np.log10(longest)))
        return max(step * power for step in (1, 2, 5) if step * power <= longest)

    def draw(self, axes: Axes, across: Sequence[int] = (0, 1), **style: Any) -> None:
        """Draw the segments in two dimensions, true to scale.

        Parameters
        ----------
        axes
            at their final place, with their final limits.
        across
            of x, y, z those two that span the plane.
        style
            for `LineCollection`; a value for each segment in `array`.
        """
        scale = axes.bbox.width / np.ptp(axes.get_xlim()) * 72 / axes.figure.dpi
        lines = LineCollection(
            [outline[:, across] for outline in self.outlines],
            linewidths=np.maximum(self.diameters * scale, THINNEST),
            capstyle="round",
            joinstyle="round",
            **style,
        )
        axes.add_collection(lines, autolim=False)


def _add_scale_bar(axes: Axes, length: int) -> None:
    bar = AnchoredSizeBar(
        axes.transData,
        length,
        f"{length} µm",
        "upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=axes.transAxes,
        label_top=True,
        frameon=False,
        color=INK,
        fontproperties={"size": SMALL_SIZE},
    )
    axes.add_artist(bar)
