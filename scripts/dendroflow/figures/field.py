"""What is recorded in a plane outside of the cells, over time: panels and a page with a slider."""

import html
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import seaborn as sns
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.ticker import MaxNLocator

from dendroflow.errors import StoreError
from dendroflow.figures.data import FigureData, Label
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.moments import Array, Frames, Moments, moments_of, read_places
from dendroflow.figures.movie import (
    BAR_SPACE,
    PRINT_HEIGHT,
    PRINT_WIDTH,
    add_colour_bar,
)
from dendroflow.figures.page import INK, Page, subtitle, title
from dendroflow.figures.shape import select_point, which_point
from dendroflow.figures.shape_html import colour_axis, write_plot
from dendroflow.settings.figures import FieldMap

DARK, LIGHT = "#333333", "#ffffff"
LEFT = 0.75
BELOW = 0.5
GAP = 0.16
HEAD = 0.26


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
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top, µm."""
        x, y = self.ticks
        half = self.edge / 2
        return x[0] - half, x[-1] + half, y[0] - half, y[-1] + half


@dataclass(frozen=True)
class Picture:
    """A field and how it is shown.

    Attributes
    ----------
    heading
        title, subtitle and notes.
    moments
        values row by row of the plane.
    cells
        their segments as lines in the plane: two coordinates and the diameter, µm.
    """

    heading: tuple[str, str, tuple[str, ...]]
    label: Label
    plane: Plane
    moments: Moments
    limits: tuple[float, float]
    cmap: Colormap
    cells: list[Array]

    @property
    def cell_colour(self) -> str:
        """Dark where most of the field is light, as between blue and red."""
        return DARK if self.limits[0] < 0 < self.limits[1] else LIGHT


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
    if len(np.unique(columns)) * len(np.unique(rows)) != len(voxels) or len(
        {*zip(columns, rows, strict=True)}
    ) != len(voxels):
        raise StoreError(f"{wrong} do not fill a rectangle; record a full grid of them")
    return Plane(
        axes=(first, second),
        place=f"{'xyz'[normal]} = {voxels[0, normal]:.4g} µm",
        ticks=(np.unique(columns) * edge / 1000, np.unique(rows) * edge / 1000),
        order=np.lexsort([columns, rows]),
        edge=edge,
    )


def render(figure: FieldMap, data: FigureData, points: pd.DataFrame, folder: Path) -> None:
    """Draw the panels and write the page of a field of which a point is ok.

    Raises
    ------
    ConfigurationError
        If the window or a time lies outside of what was recorded.
    StoreError
        If the signal was not recorded in a plane of voxels.
    """
    point = select_point(figure, points)
    rows = read_places(figure, data, point["point_id"], figure.signal, voxels=True)
    plane = plane_of(figure, np.concatenate(rows["outline"].tolist()))
    moments = moments_of(figure, rows.iloc[plane.order])
    limits, cmap = colours(figure.limits or moments.range)
    cells = _lines(figure, data, point["point_id"], plane)
    notes = [f"The plane {plane.place}.{which_point(figure, data, points, point)}"]
    low, high = moments.range
    if low < limits[0] or high > limits[1]:
        unit = data.labels[figure.signal].unit
        notes.append(f"Values reach from {low:.3g} to {high:.3g} {unit}, beyond the colours.")
    heading = (title(figure, data), subtitle(figure, data, point), tuple(notes))
    label = data.labels[figure.signal]
    picture = Picture(heading, label, plane, moments, limits, cmap, cells)
    draw_print(picture, moments.at(figure)).save(folder, figure.name)
    frames = Frames(moments.thinned(figure.frames), label.unit)
    write_plot(folder / f"{figure.name}.html", heading, plot_field(picture), frames)


def colours(limits: tuple[float, float]) -> tuple[tuple[float, float], Colormap]:
    """Limits and colours; blue and red on either side of zero where both signs occur."""
    if limits[0] < 0 < limits[1]:
        widest = max(-limits[0], limits[1])
        return (-widest, widest), sns.color_palette("vlag", as_cmap=True)
    return limits, colour_map()


def _lines(figure: FieldMap, data: FigureData, point_id: str, plane: Plane) -> list[Array]:
    """The cells as lines in the plane, µm; none if the figure names no signal of theirs."""
    if figure.cells is None:
        return []
    rows = read_places(figure, data, point_id, figure.cells, voxels=False)
    rows = rows.sort_values("location", kind="stable")
    return [outline[:, [*plane.axes, 3]] for outline in rows["outline"]]


def draw_print(picture: Picture, moments: Moments) -> Page:
    """Draw the plane once for each time, all in the same colours."""
    plane = picture.plane
    left, right, bottom, top = plane.extent
    count = len(moments.times)
    columns = min(count, 3) if count != 4 else 2
    rows = -(-count // columns)
    width = (PRINT_WIDTH - LEFT - (columns - 1) * GAP) / columns
    height = width * (top - bottom) / (right - left)
    shrink = min(1.0, (PRINT_HEIGHT / rows - GAP - HEAD) / height)
    width, height = width * shrink, height * shrink
    body = rows * (height + HEAD) + (rows - 1) * GAP + BELOW
    page = Page(*picture.heading, (PRINT_WIDTH + BAR_SPACE, body))
    norm = Normalize(*picture.limits)
    for k, (time, values) in enumerate(zip(moments.times, moments.values, strict=True)):
        row, column = divmod(k, columns)
        axes = page.axes_at(
            LEFT + column * (width + GAP),
            body - (row + 1) * (height + HEAD) - row * GAP,
            width,
            height,
        )
        axes.imshow(
            values.reshape(plane.shape),
            origin="lower",
            extent=plane.extent,
            norm=norm,
            cmap=picture.cmap,
            interpolation="nearest",
        )
        _draw_cells(axes, picture, width)
        axes.set_title(f"{time:.4g} ms", loc="center", pad=3)
        axes.set(xticks=_ticks(left, right), yticks=_ticks(bottom, top))
        axes.tick_params(labelleft=column == 0, labelbottom=k + columns >= count)
        if column == 0:
            axes.set_ylabel(f"{'xyz'[plane.axes[1]]} (µm)")
        if k + columns >= count:
            axes.set_xlabel(f"{'xyz'[plane.axes[0]]} (µm)")
    add_colour_bar(page, picture.label, norm, picture.cmap)
    return page


def _ticks(low: float, high: float) -> list[float]:
    """A few round numbers that are not so near to the edge that neighbouring panels' meet."""
    room = 0.1 * (high - low)
    inner: list[float] = []
    for count in range(4, 12):
        steps = MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        inner = [float(step) for step in steps if low + room <= step <= high - room]
        if len(inner) > 2:
            break
    return inner


def _draw_cells(axes: Any, picture: Picture, width: float) -> None:
    """Draw the cells in the plane, their widths true to scale, and what lies outside not."""
    left, right, bottom, top = picture.plane.extent
    scale = width * 72 / (right - left)
    pieces = [piece for line in picture.cells for piece in pairwise(line)]
    axes.add_collection(
        LineCollection(
            [np.array([start[:2], end[:2]]) for start, end in pieces],
            linewidths=[max((a[2] + b[2]) / 2 * scale, 0.4) for a, b in pieces],
            colors=picture.cell_colour,
            alpha=0.6,
            capstyle="butt",
            rasterized=True,
        )
    )
    axes.set(xlim=(left, right), ylim=(bottom, top))


def plot_field(picture: Picture) -> go.Figure:
    """Make the plane as it is at first, for a page with a slider."""
    plane, label = picture.plane, picture.label
    names = ["xyz"[axis] for axis in plane.axes]
    hover = "<br>".join(f"{n} = %{{{a}:.4g}} µm" for n, a in zip(names, "xy", strict=True))
    plot = go.Figure(
        go.Heatmap(
            x=plane.ticks[0],
            y=plane.ticks[1],
            z=picture.moments.values[0].reshape(plane.shape),
            meta=plane.shape,
            coloraxis="coloraxis",
            hovertemplate=f"{hover}<br>%{{z:.4g}} {html.escape(label.unit)}<extra></extra>",
        )
    )
    if picture.cells:
        gap = np.full((1, 3), np.nan)
        lines = np.concatenate([part for line in picture.cells for part in (line, gap)])
        plot.add_trace(
            go.Scattergl(
                x=lines[:, 0].round(1).astype("float32"),
                y=lines[:, 1].round(1).astype("float32"),
                mode="lines",
                line={"color": picture.cell_colour, "width": 1.5},
                hoverinfo="skip",
            )
        )
    left, right, bottom, top = plane.extent
    plot.update_layout(
        template=None,
        autosize=True,
        showlegend=False,
        margin={"l": 70, "r": 20, "t": 10, "b": 50},
        paper_bgcolor="white",
        font={"family": "DejaVu Sans, Verdana, sans-serif", "size": 13, "color": INK},
        coloraxis=colour_axis(label, picture.limits, picture.cmap),
        xaxis={"title": {"text": f"{names[0]} (µm)"}, "range": [left, right], "zeroline": False},
        yaxis={
            "title": {"text": f"{names[1]} (µm)"},
            "range": [bottom, top],
            "zeroline": False,
            "scaleanchor": "x",
            "constrain": "domain",
        },
    )
    plot.update_xaxes(constrain="domain")
    return plot
