"""What is recorded in a plane outside of the cells, over time: panels and a page with a slider."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from dendroflow.errors import StoreError
from dendroflow.figures import places
from dendroflow.figures.data import FigureData, thinned
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.headings import page_of
from dendroflow.figures.page import Page, Slot
from dendroflow.figures.places import Array, Box
from dendroflow.figures.shape import Outlines
from dendroflow.figures.viewer import Scene
from dendroflow.settings.figures_of_signals import FieldMap


@dataclass(frozen=True)
class Plane:
    """A plane of voxels.

    Attributes
    ----------
    order
        the row of the traces of each voxel; columns and index are those two of x, y, z that span
        the plane, and hold the middles of the voxels, µm.
    place
        where it lies, such as "z = 5 µm".
    edge
        of a voxel, µm.
    """

    order: pd.DataFrame
    place: str
    edge: float

    @property
    def names(self) -> tuple[str, str]:
        """Names of both axes."""
        return str(self.order.columns.name), str(self.order.index.name)

    @property
    def box(self) -> Box:
        """Left, right, bottom, top, µm."""
        half = self.edge / 2
        axes = (self.order.columns, self.order.index)
        across, up = (axis.to_numpy(dtype=float) for axis in axes)
        return across[0] - half, across[-1] + half, up[0] - half, up[-1] + half


def plane_of(figure: FieldMap, voxels: Array) -> Plane:
    """Find the plane in which voxels lie; x, y, z, edge (µm) of each.

    Raises
    ------
    StoreError
        If they lie in no plane across an axis, or do not fill a rectangle of it.
    """
    wrong = f"figure {figure.name}: the voxels of {figure.signal}"
    edge = float(voxels[:, 3].max())
    table = pd.DataFrame(np.rint(voxels[:, :3] / edge * 1000) * edge / 1000, columns=list("xyz"))
    flat = [name for name in "zyx" if table[name].nunique() == 1]
    if not flat:
        raise StoreError(f"{wrong} lie in no plane across x, y or z; record one plane of them")
    across, up = (name for name in "xyz" if name != flat[0])
    order = table.reset_index().pivot_table(index=up, columns=across, values="index", aggfunc="sum")
    if order.size != len(voxels) or order.isna().any(axis=None):
        raise StoreError(f"{wrong} do not fill a rectangle; record a full grid of them")
    place = f"{flat[0]} = {voxels[0, 'xyz'.index(flat[0])]:.4g} µm"
    return Plane(order, place, edge)


def draw(figure: FieldMap, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw the field of a point that is ok, and make its page."""
    point, notes = places.select_point(figure, data, points)
    point_id, label = point["point_id"].iloc[0], data.labels[figure.signal]
    rows = places.read_places(figure, data, point_id, figure.signal, voxels=True)
    plane = plane_of(figure, np.concatenate(rows["outline"].tolist()))
    course = places.course_of(
        figure, rows.iloc[plane.order.to_numpy(dtype=int).ravel()], figure.window
    )
    limits = places.limits_of(course)
    colours, cell_colour = colours_of(figure.limits or limits)
    notes = [f"The plane {plane.place}.", *notes]
    (low, high), (lowest, highest) = limits, colours.get_clim()
    if low < lowest or high > highest:
        notes.append(f"Values reach from {low:.3g} to {high:.3g} {label.unit}, beyond the colours.")
    shown = places.at_times(figure, course, figure.times)
    grid, height = places.grid_of(plane.box, len(shown), slot.width)
    page = page_of(figure, data, slot, notes, height, drawn=point)
    panels = places.add_panels(page, plane.box, grid, shown.index)
    page.colour_bar(panels, colours, label)
    for axes, values in zip(panels, shown.to_numpy(), strict=True):
        _draw_panel(axes, plane, values.reshape(plane.order.shape), colours)
    lines: list[Array] = []
    if figure.cells is not None:
        rows = places.read_places(figure, data, point_id, figure.cells, voxels=False)
        page.lay_out()
        lines = _add_cells(Outlines(rows["outline"].tolist()), plane, panels, cell_colour)
    (height, width), (left, right, bottom, top) = plane.order.shape, plane.box
    page.scene = Scene(
        thinned(course, figure.frames),
        lines,
        colours,
        str(label),
        label.unit,
        ((left, bottom, 0.0), (right, top, 0.0)),
        plane={
            "rows": height,
            "columns": width,
            "edge": plane.edge,
            "axes": plane.names,
            "cells": cell_colour,
        },
    )
    return page


def _add_cells(cells: Outlines, plane: Plane, panels: list[Axes], colour: str) -> list[Array]:
    """Draw cells into the panels; return their lines in the plane."""
    across = [*map("xyz".index, plane.names)]
    for axes in panels:
        cells.draw(axes, across, color=colour, alpha=0.6, rasterized=True)
    # In the plane, what is away from it counts for nothing.
    return [
        np.column_stack([line[:, across], np.zeros(len(line)), line[:, 3]])
        for line in cells.outlines
    ]


def colours_of(limits: tuple[float, float]) -> tuple[Any, str]:
    """Choose colours of the field and of cells in it.

    They are blue and red on either side of zero where both signs occur; most of it is light then.
    """
    if limits[0] < 0 < limits[1]:
        widest = max(-limits[0], limits[1])
        vlag = sns.color_palette("vlag", as_cmap=True)
        return ScalarMappable(Normalize(-widest, widest), vlag), "#333333"
    return ScalarMappable(Normalize(*limits), colour_map()), "#ffffff"


def _draw_panel(axes: Axes, plane: Plane, values: Array, colours: Any) -> None:
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
