"""Delay and speed of what travels from one place to another, such as an action potential."""

import numpy as np
from numpy.typing import NDArray

UNITS = {"delay": "ms", "speed": "m/s"}


def first_crossing(t: NDArray[np.float64], y: NDArray[np.float64], threshold: float) -> float:
    """Time at which a signal first rises to a threshold, interpolated linearly between samples.

    Parameters
    ----------
    t, y
        Times in ms, ascending, and values; shape (n,).
    threshold
        In the unit of the values.

    Returns
    -------
    float
        Time in ms; NaN if the signal never rises from below the threshold to it.
    """
    rises = np.flatnonzero((y[:-1] < threshold) & (y[1:] >= threshold))
    if not rises.size:
        return float("nan")
    pair = slice(int(rises[0]), int(rises[0]) + 2)
    return float(np.interp(threshold, y[pair], t[pair]))


def speed(distance: float, delay: float) -> float:
    """Speed in m/s from a distance in µm and a delay in ms; NaN where there is no delay."""
    return 1e-3 * distance / delay if delay else float("nan")
