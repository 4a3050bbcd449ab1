"""A signal along a cable over time: space-time maps, a panel for each point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.headings import failure_note, page_of
from dendroflow.figures.page import Page, Slot, wrapped
from dendroflow.figures.places import Array, read_places
from dendroflow.figures.trace_phase import choose
from dendroflow.settings.figures_of_signals import Kymograph


def draw(figure: Kymograph, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw the space-time maps of points, of which at least one is ok."""
    chosen, notes = choose(points, None, figure.limit)
    maps = [read_map(figure, data, point_id) for point_id in chosen["point_id"]]
    page = page_of(figure, data, slot, notes + failure_note(points), 56, drawn=chosen)
    count = len(chosen)
    panels = page.panels(1, count, count=count, grid=False, sharex=True, sharey=True)
    finite = np.concatenate([values[np.isfinite(values)] for _, _, values in maps])
    label = data.labels[figure.signal].fitting(finite)
    finite = finite * label.factor
    limits = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    colours: Any = ScalarMappable(Normalize(*limits), colour_map(figure.style.palette))
    varying = [column for column in data.swept if chosen[column].nunique() > 1]
    for axes, (times, ends, values), (_, point) in zip(
        panels, maps, chosen.iterrows(), strict=True
    ):
        drawn = times, ends, values * label.factor
        axes.pcolormesh(*drawn, norm=colours.norm, cmap=colours.cmap, rasterized=True)
        lines = [data.swept_values(point, [column]) for column in varying]
        axes.set_title("\n".join(wrapped(line, page.width / count - 6) for line in lines))
        axes.set_xlabel(f"time ({data.time_unit})")
    if figure.window is not None:
        panels[0].set_xlim(*figure.window)
    panels[0].set_ylabel("distance (µm)")
    page.colour_bar(panels, colours, label)
    return page


def read_map(figure: Kymograph, data: FigureData, point_id: str) -> tuple[Array, Array, Array]:
    """Edges of the times, edges of the segments (µm), and the signal, of shape (places, times)."""
    rows = read_places(figure, data, point_id, figure.signal, voxels=False)
    outlines = rows["outline"].tolist()
    order = _along_path(outlines)
    if order is None:
        raise ConfigurationError(
            f"figure {figure.name}: {figure.signal} is recorded in several branches, which have "
            "no common distance; record it along one path, or draw it with `kind: shape`"
        )
    lengths = [np.linalg.norm(np.diff(outlines[i][:, :3], axis=0), axis=1).sum() for i in order]
    values = np.array([rows["values"][i] for i in order], dtype=float)
    times = np.asarray(rows["t"][0], dtype=float)
    edges = np.concatenate([times[:1], (times[1:] + times[:-1]) / 2, times[-1:]])
    return edges, np.concatenate([[0.0], np.cumsum(lengths)]), values


def _along_path(outlines: Sequence[Array]) -> list[int] | None:
    """Order segments as they follow each other, end to start; None if they are no path."""
    starts = {tuple(outline[0, :3]): i for i, outline in enumerate(outlines)}
    ends = {tuple(outline[-1, :3]) for outline in outlines}
    first = [i for place, i in starts.items() if place not in ends]
    order = first[:1]
    while order and len(order) < len(outlines):
        following = starts.get(tuple(outlines[order[-1]][-1, :3]))
        if following is None:
            break
        order.append(following)
    return order if len(first) == 1 and len(order) == len(outlines) else None
