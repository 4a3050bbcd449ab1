"""Statistics of a signal, for what eFEL has no words for, such as a concentration."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def maximum(t: Array, y: Array) -> float:
    """Largest sample."""
    return float(y.max())


def minimum(t: Array, y: Array) -> float:
    """Smallest sample."""
    return float(y.min())


def peak_to_peak(t: Array, y: Array) -> float:
    """Largest minus smallest sample."""
    return float(np.ptp(y))


def mean(t: Array, y: Array) -> float:
    """Integral divided by the duration, so that long steps count for more than short ones."""
    return integral(t, y) / float(t[-1] - t[0]) if len(t) > 1 else float("nan")


def standard_deviation(t: Array, y: Array) -> float:
    """Root of the time-weighted mean of the squared deviations from the mean."""
    return float(np.sqrt(mean(t, (y - mean(t, y)) ** 2)))


def integral(t: Array, y: Array) -> float:
    """Area under the signal, by the trapezoidal rule."""
    return float(np.trapezoid(y, t)) if len(t) > 1 else float("nan")


def initial(t: Array, y: Array) -> float:
    """Value at the start."""
    return float(y[0])


def final(t: Array, y: Array) -> float:
    """Value at the end."""
    return float(y[-1])


def time_of_maximum(t: Array, y: Array) -> float:
    """Time of the largest sample; of the first, where several are equal."""
    return float(t[y.argmax()])


def time_of_minimum(t: Array, y: Array) -> float:
    """Time of the smallest sample; of the first, where several are equal."""
    return float(t[y.argmin()])


def zero_crossing_time(t: Array, y: Array) -> float:
    """Time of the first upward crossing of zero, interpolated linearly."""
    rises = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
    if not rises.size:
        return float("nan")
    before, after = int(rises[0]), int(rises[0]) + 1
    return float(np.interp(0.0, [y[before], y[after]], [t[before], t[after]]))


def half_decay_time(t: Array, y: Array) -> float:
    """Time that the signal takes from its maximum to half-way back to its initial value."""
    peak = int(y.argmax())
    half = (y[0] + y[peak]) / 2
    below = np.flatnonzero(y[peak:] <= half)
    if y[peak] == y[0] or not below.size:
        return float("nan")
    end = peak + int(below[0])
    crossing = np.interp(half, [y[end], y[end - 1]], [t[end], t[end - 1]])
    return float(crossing - t[peak])


def period(t: Array, y: Array) -> float:
    """Mean time between upward crossings of the middle of the range, interpolated linearly."""
    # Rounding crosses it too, and so does a rhythm that dies out: neither has a period.
    if np.ptp(y) <= 1e-6 * np.abs(y).max():
        return float("nan")
    middle = (y.min() + y.max()) / 2
    rises = np.flatnonzero((y[:-1] < middle) & (y[1:] >= middle))
    if len(rises) < 3:
        return float("nan")
    first, last = y[rises[0] : rises[1] + 1], y[rises[-2] : rises[-1] + 1]
    if np.ptp(last) < 0.9 * np.ptp(first):
        return float("nan")
    share = (middle - y[rises]) / (y[rises + 1] - y[rises])
    crossings = t[rises] + share * (t[rises + 1] - t[rises])
    return float((crossings[-1] - crossings[0]) / (len(crossings) - 1))


def _of_signal(unit: str, time: str) -> str:
    return unit


def _of_time(unit: str, time: str) -> str:
    return time


def _of_integral(unit: str, time: str) -> str:
    return f"{unit}·{time}" if unit else time


@dataclass(frozen=True)
class Statistic:
    """A function of times (ms) and values, both of shape (n,); NaN where undefined.

    `unit` makes its unit of those of the signal and of time.
    """

    function: Callable[[Array, Array], float]
    unit: Callable[[str, str], str] = _of_signal

    @property
    def definition(self) -> str:
        """One line that says what the statistic is."""
        return (self.function.__doc__ or "").splitlines()[0]


STATISTICS = {
    "maximum": Statistic(maximum),
    "minimum": Statistic(minimum),
    "peak_to_peak": Statistic(peak_to_peak),
    "mean": Statistic(mean),
    "standard_deviation": Statistic(standard_deviation),
    "integral": Statistic(integral, _of_integral),
    "initial": Statistic(initial),
    "final": Statistic(final),
    "time_of_maximum": Statistic(time_of_maximum, _of_time),
    "time_of_minimum": Statistic(time_of_minimum, _of_time),
    "zero_crossing_time": Statistic(zero_crossing_time, _of_time),
    "half_decay_time": Statistic(half_decay_time, _of_time),
    "period": Statistic(period, _of_time),
}


def cut(t: Array, y: Array, start: float, end: float) -> tuple[Array, Array]:
    """Return the part of a signal between two times, its ends interpolated linearly.

    Parameters
    ----------
    t, y
        Times in ms, ascending, and values; shape (n,).
    start, end
        In ms; what lies outside of the signal is not made up.
    """
    start, end = max(start, t[0]), min(end, t[-1])
    inside = slice(np.searchsorted(t, start, side="right"), np.searchsorted(t, end, side="left"))
    ends = np.interp([start, end], t, y)
    return (
        np.concatenate([[start], t[inside], [end]]),
        np.concatenate([ends[:1], y[inside], ends[1:]]),
    )
