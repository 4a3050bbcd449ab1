"""What one point shows in many places at several times: read, chosen, and packed for a page."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dendroflow.errors import ConfigurationError, StoreError
from dendroflow.figures.data import FigureData, read_rows
from dendroflow.settings.figures import FieldMap, Movie, Shape

Array = NDArray[np.float64]

PANELS = 6
# Codes of 12 bits: a step is less than a thousandth of what a colour bar can show.
HIGHEST_CODE = 4095


def read_places(
    figure: Shape | Movie | FieldMap, data: FigureData, point_id: str, signal: str, *, voxels: bool
) -> pd.DataFrame:
    """The traces of a signal of one point that was recorded in segments, or in voxels.

    Returns
    -------
    DataFrame
        as `read_rows` gives it; `outline` has the shape (points, 4), one point for a voxel.

    Raises
    ------
    StoreError
        If the signal has no outlines, or those of the other kind.
    """
    rows = read_rows(figure, data, [point_id], [signal])
    if rows["outline"].isna().any() or rows["location"].isna().any():
        how = "by record_field" if voxels else "in every segment"
        what = "places" if voxels else "outline of the cell"
        raise StoreError(
            f"figure {figure.name}: the traces of {signal} have no {what}; record it {how}"
        )
    outlines = [np.asarray(o, dtype=float).reshape(-1, 4) for o in rows["outline"]]
    if any((len(outline) == 1) != voxels for outline in outlines):
        kinds = "shape` or `movie" if voxels else "field"
        found = "segments of a cell" if voxels else "voxels"
        raise StoreError(
            f"figure {figure.name}: {signal} is recorded in {found}; draw it with `kind: {kinds}`"
        )
    rows["outline"] = pd.Series(outlines, index=rows.index, dtype=object)
    return rows


@dataclass(frozen=True)
class Moments:
    """Values in many places at the recorded times of a window.

    Attributes
    ----------
    times
        ms; shape (k,).
    values
        shape (k, places).
    """

    times: Array
    values: Array

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value; a range that is not empty."""
        low, high = float(self.values.min()), float(self.values.max())
        return (low, high) if low < high else (low - 0.5, high + 0.5)

    def thinned(self, most: int) -> "Moments":
        """At most that many times, as even as can be, the first and the last among them."""
        if len(self.times) <= most:
            return self
        kept = np.unique(np.linspace(0, len(self.times) - 1, most).round().astype(int))
        return Moments(self.times[kept], self.values[kept])

    def at(self, figure: Movie | FieldMap) -> "Moments":
        """The times of the figure in print, interpolated between samples.

        Raises
        ------
        ConfigurationError
            If one of them lies outside of what was recorded.
        """
        first, last = float(self.times[0]), float(self.times[-1])
        times = np.array(figure.times or np.linspace(first, last, PANELS))
        for time in times:
            if not first <= time <= last:
                raise ConfigurationError(
                    f"figure {figure.name}: `times` {time:g} ms lies outside of what was "
                    f"recorded, {first:g} to {last:g} ms"
                )
        columns = [np.interp(times, self.times, column) for column in self.values.T]
        return Moments(times, np.column_stack(columns))


def moments_of(figure: Movie | FieldMap, rows: pd.DataFrame) -> Moments:
    """Cut the window out of traces that share their times; a column for each row.

    Raises
    ------
    ConfigurationError
        If fewer than two samples lie in the window.
    StoreError
        If the traces do not share their times, or are not numbers throughout.
    """
    times = np.asarray(rows["t"].iloc[0], dtype=float)
    if any(len(t) != len(times) or not np.array_equal(t, times) for t in rows["t"]):
        raise StoreError(
            f"figure {figure.name}: the traces of {figure.signal} do not share their times; "
            "record them with one `sampling`"
        )
    values = np.column_stack([np.asarray(v, dtype=float) for v in rows["values"]])
    start, end = figure.window or (-np.inf, np.inf)
    # Times of samples are multiples of a step, which decimals of a window may miss by a bit.
    within = (times > start - 1e-9) & (times < end + 1e-9)
    if within.sum() < 2:
        raise ConfigurationError(
            f"figure {figure.name}: {int(within.sum())} samples of {figure.signal} lie in the "
            f"window; it was recorded from {times[0]:g} to {times[-1]:g} ms"
        )
    values = values[within]
    if not np.isfinite(values).all():
        raise StoreError(f"figure {figure.name}: {figure.signal} is not a number throughout")
    return Moments(times[within], values)


@dataclass(frozen=True)
class Frames:
    """Moments as the script of a page reads them.

    Attributes
    ----------
    names
        of the places; empty where the plot tells them itself.
    """

    moments: Moments
    unit: str
    names: tuple[str, ...] = ()

    @property
    def step(self) -> float:
        """The difference of neighbouring codes, in the unit of the values."""
        low, high = self.moments.range
        return (high - low) / HIGHEST_CODE

    def header(self) -> bytes:
        """JSON: times, names, and how a code becomes a value."""
        content: dict[str, Any] = {
            "times": [float(f"{time:.6g}") for time in self.moments.times],
            "places": self.moments.values.shape[1],
            "low": self.moments.range[0],
            "step": self.step,
            "unit": self.unit,
            "names": self.names,
        }
        return json.dumps(content).encode()

    def codes(self) -> bytes:
        """Differences over time of 16-bit codes, place by place; low bytes, then high bytes."""
        scaled = (self.moments.values.T - self.moments.range[0]) / self.step
        codes = np.rint(scaled).astype(np.int64)
        changes = np.diff(codes, axis=1, prepend=0) & 0xFFFF
        return (changes & 0xFF).astype(np.uint8).tobytes() + (changes >> 8).astype(
            np.uint8
        ).tobytes()
