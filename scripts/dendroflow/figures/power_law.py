"""Power laws fitted to what a figure shows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from dendroflow.figures.encoding import Hues
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


def draw_fits(panels: Sequence[Axes], frame: pd.DataFrame, hues: Hues) -> list[Artist]:
    """Draw the power law of each hue and style in each panel; return what the legend lists.

    Parameters
    ----------
    frame
        The points: x, y (positive, or NaN where not shown), hue, style, col, panel.
    """
    handles: list[Artist] = []
    order = {text: rank for rank, text in enumerate(hues.colours)}
    lines = frame.dropna(subset=["x", "y"]).assign(rank=frame["hue"].map(order))
    for (panel, _, _), line in lines.groupby(["panel", "rank", "style"]):
        if line["x"].nunique() < 2:
            continue
        factor, exponent = fit(line["x"], line["y"])
        ends = np.array([line["x"].min(), line["x"].max()])
        panels[panel].plot(ends, factor * ends**exponent, color=GREY, lw=0.9, ls=DOTS, zorder=1)
        names = [text for text in line.iloc[0][["col", "hue", "style"]] if text]
        text = f"{', '.join(names)}: {exponent:.3f}" if names else f"{exponent:.3f}"
        colour = hues.colours[line["hue"].iloc[0]]
        handles.append(Line2D([], [], color=colour, ls=DOTS, lw=1.6, label=text))
    return handles
