"""Power laws fitted to what a figure shows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from dendroflow.figures.data import shown
from dendroflow.figures.encoding import Group, Hues
from dendroflow.figures.page import GREY


def fit(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Factor a and exponent n of y = a x^n, by least squares of the logarithms.

    Parameters
    ----------
    x, y
        Positive; shape (n,), at least two values of x that differ.
    """
    exponent, logarithm = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(logarithm)), float(exponent)


def draw_fits(panels: Sequence[Axes], parts: Sequence[pd.DataFrame], hues: Hues) -> Group | None:
    """Draw the power law of each hue and style in each panel; return what the legend lists.

    Parameters
    ----------
    parts
        The points of each panel: x, y (not positive or null where not shown), hue, style, col.
    """
    handles = []
    for axes, part in zip(panels, parts, strict=True):
        lines = dict(list(part.dropna(subset=["x", "y"]).groupby(["hue", "style"])))
        listed = list(hues.colours)
        for key in sorted(lines, key=lambda key: (listed.index(str(key[0])), key[1])):
            line = lines[key]
            if line["x"].nunique() < 2:
                continue
            factor, exponent = fit(line["x"], line["y"])
            ends = np.array([line["x"].min(), line["x"].max()])
            colour = hues.colours[str(key[0])]
            axes.plot(ends, factor * ends**exponent, color=GREY, lw=0.9, ls=(0, (1, 1.5)), zorder=1)
            names = [shown(part["col"].iloc[0]), *map(str, key)]
            text = ", ".join(name for name in names if name)
            handles.append(
                Line2D(
                    [],
                    [],
                    color=colour,
                    ls=(0, (1, 1.5)),
                    lw=1.6,
                    label=f"{text}: {exponent:.3f}" if text else f"{exponent:.3f}",
                )
            )
    return Group("exponent of fit", handles) if handles else None
