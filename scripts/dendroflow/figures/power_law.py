"""Power laws fitted to what a figure shows."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from dendroflow.figures.encoding import Hues, lines_of
from dendroflow.figures.page import GREY

DOTS = (0, (1, 1.5))


def fit(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Fit factor a and exponent n of y = a x^n, by least squares of the logarithms.

    Parameters
    ----------
    x, y
        Positive; shape (n,), at least two values of x that differ.
    """
    exponent, logarithm = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(logarithm)), float(exponent)


def draw_fits(parts: Iterable[tuple[Axes, pd.DataFrame]], hues: Hues) -> list[Line2D]:
    """Draw the power law of each hue and style in each panel; return what the legend lists.

    Parameters
    ----------
    parts
        Each panel and its points: x, y (positive, or NaN where not shown), hue, style, col.
    """
    handles = []
    for axes, part in parts:
        for hue, style, line in lines_of(part.dropna(subset=["x", "y"])):
            if line["x"].nunique() < 2:
                continue
            factor, exponent = fit(line["x"], line["y"])
            ends = np.array([line["x"].min(), line["x"].max()])
            axes.plot(ends, factor * ends**exponent, color=GREY, lw=0.9, ls=DOTS, zorder=1)
            names = ", ".join(filter(None, [line["col"].iloc[0], hue, style]))
            text = f"{names}: {exponent:.3f}" if names else f"{exponent:.3f}"
            handles.append(Line2D([], [], color=hues.colours[hue], ls=DOTS, lw=1.6, label=text))
    return handles
