"""Statistics of a signal, for what eFEL has no words for, such as a concentration or a delay."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dendroflow.features.names import SPIKE, STATISTIC_UNITS

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
    return first_crossing(t, y, 0.0)


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
    rises = _rises(y, middle)
    if len(rises) < 3:
        return float("nan")
    first, last = y[rises[0] : rises[1] + 1], y[rises[-2] : rises[-1] + 1]
    if np.ptp(last) < 0.9 * np.ptp(first):
        return float("nan")
    share = (middle - y[rises]) / (y[rises + 1] - y[rises])
    crossings = t[rises] + share * (t[rises + 1] - t[rises])
    return float((crossings[-1] - crossings[0]) / (len(crossings) - 1))


def rate(t: Array, y: Array, threshold: float = SPIKE) -> float:
    """Spikes (upward crossings of `threshold`) over the length of the window; 0 without any."""
    return 1e3 * len(_rises(y, threshold)) / float(t[-1] - t[0]) if len(t) > 1 else float("nan")


def _rises(y: Array, threshold: float) -> NDArray[np.intp]:
    """The samples after which a signal has risen from below a threshold to it, or beyond."""
    return np.flatnonzero((y[:-1] < threshold) & (y[1:] >= threshold))


def first_crossing(t: Array, y: Array, threshold: float) -> float:
    """Time at which a signal first rises from below a threshold to it; NaN if it never does.

    Parameters
    ----------
    t, y
        Times in ms, ascending, and values, linear between the samples; shape (n,).
    threshold
        In the unit of the values.
    """
    rises = _rises(y, threshold)
    if not rises.size:
        return float("nan")
    pair = slice(int(rises[0]), int(rises[0]) + 2)
    return float(np.interp(threshold, y[pair], t[pair]))


def speed(distance: float, delay: float) -> float:
    """Speed in m/s from a distance in µm and a delay in ms; NaN where there is no delay."""
    return 1e-3 * distance / delay if delay else float("nan")


# Each takes times (ms) and values, both of shape (n,); NaN where it is undefined.
STATISTICS: dict[str, Callable[[Array, Array], float]] = {
    name: globals()[name] for name in STATISTIC_UNITS
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
