"""Stored traces, one signal of one point at a time, without copying the table."""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dendroflow.errors import StoreError

COLUMNS = ("point_id", "signal", "t0", "dt", "t", "values")


class TraceError(Exception):
    """A trace of which nothing can be said; `status` is what becomes of its point."""

    def __init__(self, message: str, status: str = "failed") -> None:
        super().__init__(message)
        self.status = status


class Recording(NamedTuple):
    """Times (ms) and values of one signal of one point, both of shape (n,).

    `dt` is the step in ms, None where it varies.
    """

    t: NDArray[np.float64]
    values: NDArray[np.float64]
    dt: float | None

    def check(self, signal: str, interval: tuple[float, float] | None, least: int = 2) -> None:
        """Raise `TraceError` unless `least` values are finite and cover the interval (ms)."""
        if len(self.values) < least or (least > 1 and self.t[-1] <= self.t[0]):
            raise TraceError(f"{signal} has {len(self.values)} sample(s)")
        finite = np.isfinite(self.values)
        if not finite.all():
            when = self.t[int(finite.argmin())]
            raise TraceError(f"{signal} is not finite at {when:g} ms", "nonfinite")
        if self.dt is None and (np.diff(self.t) < 0).any():
            raise TraceError(f"the times of {signal} go backwards")
        # One step may be missing at the end where the duration is not a multiple of it.
        tolerance = self.dt or 1e-6
        if interval is None:
            return
        start, end = interval
        first, last = self.t[0], self.t[-1]
        if not (first - tolerance <= start < last and first < end <= last + tolerance):
            raise TraceError(
                f"{start:g} to {end:g} ms is not within {signal}, "
                f"which was recorded from {first:g} to {last:g} ms"
            )


@lru_cache(maxsize=16)
def _times(t0: float, dt: float, n: int) -> NDArray[np.float64]:
    times: NDArray[np.float64] = t0 + dt * np.arange(n, dtype=np.float64)
    times.flags.writeable = False
    return times


def _rows(column: pa.ChunkedArray) -> list[NDArray[np.float64]]:
    """The rows of a column of lists as arrays that share its memory."""
    rows: list[NDArray[np.float64]] = []
    for chunk in column.chunks:
        values = chunk.values.to_numpy(zero_copy_only=False)
        bounds = chunk.offsets.to_numpy().tolist()
        rows.extend(values[start:end] for start, end in pairwise(bounds))
    return rows


class Recordings:
    """The traces of the points of `outcomes` whose status is ok.

    Parameters
    ----------
    traces
        A table that has the columns of `tables.schemas.TRACES`, or those in `COLUMNS`. Traces of
        other points are left alone.
    outcomes
        A table of `tables.schemas.OUTCOMES`, in which no point comes twice.

    Raises
    ------
    StoreError
        If a point comes twice.
    """

    def __init__(self, traces: pa.Table, outcomes: pa.Table) -> None:
        self._points = outcomes["point_id"].combine_chunks()
        if len(self._points.unique()) != len(self._points):
            raise StoreError("a point has two outcomes")
        self._ok = pc.equal(outcomes["status"], "ok").to_numpy()
        self._traces = traces
        positions = pc.index_in(traces["point_id"], value_set=self._points)
        self._positions = positions.fill_null(-1).to_numpy()
        self._t0 = traces["t0"].to_pylist()
        self._dt = traces["dt"].to_pylist()
        self._t = _rows(traces["t"])
        self._values = _rows(traces["values"])

    def rows(self, signal: str) -> list[tuple[int, int]]:
        """Return the position among the outcomes and the row of the traces of each ok point.

        Raises
        ------
        StoreError
            If a point has no such signal, or has it at several places.
        """
        chosen = pc.equal(self._traces["signal"], signal).to_numpy() & (self._positions >= 0)
        rows = np.flatnonzero(chosen)
        rows = rows[self._ok[self._positions[rows]]]
        positions = self._positions[rows]
        count = np.bincount(positions, minlength=len(self._points))
        for wrong, what in (
            (self._ok & (count == 0), "was not recorded"),
            (count > 1, "was recorded at several places; a feature needs a signal of one place"),
        ):
            if wrong.any():
                point = self._points[int(wrong.argmax())]
                raise StoreError(f"features: the signal {signal} of point {point} {what}")
        return list(zip(positions.tolist(), rows.tolist(), strict=True))

    def __getitem__(self, row: int) -> Recording:
        """Return the trace of a row of the table."""
        values, dt = self._values[row], self._dt[row]
        if dt is None:
            t = self._t[row]
            if len(t) != len(values):
                raise TraceError(f"{len(t)} times for {len(values)} values")
            return Recording(t, values, None)
        return Recording(_times(self._t0[row], dt, len(values)), values, dt)
