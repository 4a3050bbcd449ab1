"""A signal along a cable over time: space-time maps, a panel for each point."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from dendroflow.errors import ConfigurationError, StoreError
from dendroflow.figures.data import OK, FigureData, read_rows
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.page import Page, failure_note, subtitle, title, wrapped
from dendroflow.figures.traces import spread
from dendroflow.settings.figures import Kymograph

Array = np.ndarray[Any, np.dtype[np.float64]]

HEIGHT = 3.4


def draw(figure: Kymograph, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw the space-time maps of points, of which at least one is ok.

    Raises
    ------
    ConfigurationError
        If the signal was recorded in several branches.
    StoreError
        If it was not recorded along the cell.
    """
    alive = points[points["status"] == OK]
    chosen = spread(alive, None, figure.limit)
    maps = {point_id: read_map(figure, data, point_id) for point_id in chosen["point_id"].tolist()}
    notes = failure_note(points)
    if len(chosen) < len(alive):
        notes.insert(0, f"{len(chosen)} of {len(alive)} points are shown.")
    single = chosen.iloc[0] if len(chosen) == 1 else None
    page = Page(title(figure, data), subtitle(figure, data, single), notes, (7.4, HEIGHT))
    grid = page.canvas.subplots(1, len(chosen), sharex=True, sharey=True, squeeze=False)[0]
    finite = np.concatenate([values[np.isfinite(values)] for _, _, values in maps.values()])
    norm = Normalize(float(finite.min()), float(finite.max())) if len(finite) else Normalize(0, 1)
    varying = [column for column in data.swept if chosen[column].nunique() > 1]
    for axes, (_, point) in zip(grid, chosen.iterrows(), strict=True):
        times, places, values = maps[point["point_id"]]
        axes.pcolormesh(times, places, values, norm=norm, cmap=colour_map(), rasterized=True)
        if single is None:
            lines = [
                f"{data.labels[c].text} = {data.labels[c].quantity(point[c])}" for c in varying
            ]
            axes.set_title("\n".join(wrapped(line, 6.6 / len(chosen)) for line in lines))
        axes.set_xlabel(f"time ({data.time_unit})")
    if figure.window is not None:
        grid[0].set_xlim(*figure.window)
    grid[0].set_ylabel("distance (µm)")
    bar = page.canvas.colorbar(ScalarMappable(norm, colour_map()), ax=list(grid), pad=0.02)
    bar.set_label(wrapped(data.labels[figure.signal], HEIGHT - 0.8))
    bar.outline.set_visible(False)
    return page


def read_map(figure: Kymograph, data: FigureData, point_id: str) -> tuple[Array, Array, Array]:
    """Edges of the times, edges of the segments (µm), and the signal, of shape (places, times)."""
    rows = read_rows(figure, data, [point_id], [figure.signal])
    if rows["outline"].isna().any():
        raise StoreError(
            f"figure {figure.name}: the traces of {figure.signal} have no outline of the cell; "
            "record it in every segment"
        )
    outlines = [np.asarray(outline, dtype=float).reshape(-1, 4) for outline in rows["outline"]]
    order = _along_path(outlines)
    if order is None:
        raise ConfigurationError(
            f"figure {figure.name}: {figure.signal} is recorded in several branches, which have "
            "no common distance; record it along one path, or draw it with `kind: shape`"
        )
    lengths = [np.linalg.norm(np.diff(outlines[i][:, :3], axis=0), axis=1).sum() for i in order]
    values = np.array([rows["values"][i] for i in order], dtype=float)
    times = np.asarray(rows["t"][0], dtype=float)
    middles = (times[1:] + times[:-1]) / 2
    edges = np.concatenate([times[:1], middles, times[-1:]])
    return edges, np.concatenate([[0.0], np.cumsum(lengths)]), values


def _along_path(outlines: Sequence[Array]) -> list[int] | None:
    """The order in which segments follow each other, end to start; None if they are no path."""
    starts = {tuple(outline[0, :3]): i for i, outline in enumerate(outlines)}
    ends = {tuple(outline[-1, :3]) for outline in outlines}
    first = [i for place, i in starts.items() if place not in ends]
    if len(first) != 1:
        return None
    order: list[int] = []
    following: int | None = first[0]
    while following is not None and len(order) < len(outlines):
        order.append(following)
        following = starts.get(tuple(outlines[following][-1, :3]))
    return order if len(order) == len(outlines) else None
