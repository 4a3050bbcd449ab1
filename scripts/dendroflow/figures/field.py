"""What is recorded in a plane outside of the cells, over time: panels and a page with a slider."""

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from dendroflow.errors import StoreError
from dendroflow.figures.data import FigureData
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.html_page import Interactive
from dendroflow.figures.page import Page
from dendroflow.figures.panels import Box, make_panels, plot_layout
from dendroflow.figures.places import Array, read_places, select_point, snapshots_of
from dendroflow.figures.shape import Outlines
from dendroflow.settings.figures import FieldMap

DARK, LIGHT = "#333333", "#ffffff"


@dataclass(frozen=True)
class Plane:
    """A plane of voxels.

    Attributes
    ----------
    axes
        of x, y, z those two that span it: the horizontal and the vertical one.
    place
        where it lies, such as "z = 5 µm".
    ticks
        middles of the voxels along both axes, µm.
    order
        the rows of the traces, row by row of the plane from the bottom.
    edge
        of a voxel, µm.
    """

    axes: tuple[int, int]
    place: str
    ticks: tuple[Array, Array]
    order: Any
    edge: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.ticks[1]), len(self.ticks[0])

    @property
    def box(self) -> Box:
        """Left, right, bottom, top, µm."""
        x, y = self.ticks
        half = self.edge / 2
        return x[0] - half, x[-1] + half, y[0] - half, y[-1] + half

    @property
    def names(self) -> list[str]:
        """Names of both axes."""
        return ["xyz"[axis] for axis in self.axes]


def plane_of(figure: FieldMap, voxels: Array) -> Plane:
    """Find the plane in which voxels lie; x, y, z, edge (µm) of each.

    Raises
    ------
    StoreError
        If they lie in no plane across an axis, or do not fill a rectangle of it.
    """
    wrong = f"figure {figure.name}: the voxels of {figure.signal}"
    edge = float(voxels[:, 3].max())
    flat = [k for k in range(3) if np.ptp(voxels[:, k]) < 1e-3 * edge]
    if not flat:
        raise StoreError(f"{wrong} lie in no plane across x, y or z; record one plane of them")
    normal = max(flat)
    first, second = (k for k in range(3) if k != normal)
    columns, rows = (np.rint(voxels[:, k] / edge * 1000) for k in (first, second))
    filled = len({*zip(columns, rows, strict=True)})
    if not len(np.unique(columns)) * len(np.unique(rows)) == len(voxels) == filled:
        raise StoreError(f"{wrong} do not fill a rectangle; record a full grid of them")
    return Plane(
        axes=(first, second),
        place=f"{'xyz'[normal]} = {voxels[0, normal]:.4g} µm",
        ticks=(np.unique(columns) * edge / 1000, np.unique(rows) * edge / 1000),
        order=np.lexsort([columns, rows]),
        edge=edge,
    )


def draw(figure: FieldMap, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw the field of a point that is ok, and make its page.

    Raises
    ------
    ConfigurationError
        If the window or a time lies outside of what was recorded.
    StoreError
        If the signal was not recorded in a plane of voxels.
    """
    point, notes = select_point(figure, data, points)
    rows = read_places(figure, data, point, figure.signal, voxels=True)
    plane = plane_of(figure, np.concatenate(rows["outline"].tolist()))
    course = snapshots_of(figure, rows.iloc[plane.order], figure.window)
    label = data.labels[figure.signal]
    colours = colours_of(figure.limits or course.limits)
    notes = [f"The plane {plane.place}.", *notes]
    (low, high), (lowest, highest) = course.limits, colours.get_clim()
    if low < lowest or high > highest:
        notes.append(f"Values reach from {low:.3g} to {high:.3g} {label.unit}, beyond the colours.")
    cells = Outlines([])
    if figure.cells is not None:
        outlines = read_places(figure, data, point, figure.cells, voxels=False)["outline"]
        cells = Outlines(outlines.tolist())
    shown = course.printed(figure)
    page, panels = make_panels(figure, data, notes, point, plane.box, shown.times, colours)
    for axes, values in zip(panels, shown.values, strict=True):
        _draw_panel(axes, plane, values.reshape(plane.shape), colours)
    if cells.outlines:
        page.canvas.draw_without_rendering()
        style = {"color": cell_colour(colours), "alpha": 0.6, "rasterized": True}
        for axes in panels:
            cells.draw(axes, across=plane.axes, **style)
    frames = course.thinned(figure.frames).frames(plane.shape)
    page.interactive = Interactive(plot_field(plane, cells, colours, label), frames)
    return page


def colours_of(limits: tuple[float, float]) -> ScalarMappable:
    """Choose colours; blue and red on either side of zero where both signs occur."""
    if limits[0] < 0 < limits[1]:
        widest = max(-limits[0], limits[1])
        return ScalarMappable(Normalize(-widest, widest), sns.color_palette("vlag", as_cmap=True))
    return ScalarMappable(Normalize(*limits), colour_map())


def cell_colour(colours: ScalarMappable) -> str:
    """Choose a dark one where most of the field is light, as between blue and red."""
    low, high = colours.get_clim()
    return DARK if low < 0 < high else LIGHT


def _draw_panel(axes: Axes, plane: Plane, values: Array, colours: ScalarMappable) -> None:
    axes.imshow(
        values,
        origin="lower",
        extent=plane.box,
        norm=colours.norm,
        cmap=colours.cmap,
        interpolation="nearest",
    )
    across, up = plane.names
    axes.set(xlabel=f"{across} (µm)", ylabel=f"{up} (µm)")
    axes.label_outer()
    axes.set(xticks=round_ticks(*plane.box[:2]), yticks=round_ticks(*plane.box[2:]))


def round_ticks(low: float, high: float) -> list[float]:
    """Choose round numbers that are not so near to the edge that neighbouring panels' meet."""
    room = 0.1 * (high - low)
    steps = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(step) for step in steps if low + room <= step <= high - room]


def plot_field(plane: Plane, cells: Outlines, colours: ScalarMappable, label: Any) -> go.Figure:
    """Plot the plane, without values yet, and the cells in it."""
    across, up = plane.names
    plot = go.Figure(
        go.Heatmap(
            x=plane.ticks[0],
            y=plane.ticks[1],
            meta="values",
            coloraxis="coloraxis",
            hovertemplate=f"{across} = %{{x:.4g}} µm<br>{up} = %{{y:.4g}} µm<br>"
            f"%{{z:.4g}} {html.escape(label.unit)}<extra></extra>",
        )
    )
    if cells.outlines:
        gap = np.full((1, 4), np.nan)
        lines = np.concatenate([part for line in cells.outlines for part in (line, gap)])
        x, y = lines[:, plane.axes].round(1).astype("float32").T
        line = {"color": cell_colour(colours), "width": 1.5}
        plot.add_scattergl(x=x, y=y, mode="lines", line=line, hoverinfo="skip")
    left, right, bottom, top = plane.box
    axis = {"zeroline": False, "constrain": "domain"}
    plot.update_layout(
        **plot_layout(colours, label),
        margin={"l": 70, "r": 20, "t": 10, "b": 50},
        xaxis=axis | {"title": {"text": f"{across} (µm)"}, "range": [left, right]},
        yaxis=axis | {"title": {"text": f"{up} (µm)"}, "range": [bottom, top], "scaleanchor": "x"},
    )
    return plot
