"""Pairs of columns: points below the diagonal, distributions on it, correlations above."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from dendroflow.figures.data import OK, FigureData, Label, numbers
from dendroflow.figures.encoding import Hues, add_legend, hues_of, texts
from dendroflow.figures.headings import empty_page, failure_note, page_of
from dendroflow.figures.page import SMALL_SIZE, Page, Slot, wrapped
from dendroflow.settings.figures_of_columns import Pair

RASTERIZED_FROM = 2000
CORRELATIONS = "Upper half: correlation of Pearson with its interval of 95 % (Fisher)."


def draw(figure: Pair, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw the pairs of points, of which at least one is ok."""
    alive = points[points["status"] == OK]
    columns = {name: numbers(figure, alive, name) for name in figure.columns}
    frame = pd.DataFrame(columns).dropna()
    notes = [CORRELATIONS, *failure_note(points)]
    if len(frame) < len(alive):
        notes.append(f"{len(alive) - len(frame)} points lack one of the columns.")
    if frame.empty:
        reason = f"None of the {len(points)} points has all of these columns."
        return empty_page(figure, data, slot, reason, notes)
    page = page_of(figure, data, slot, notes, slot.width)
    hues = hues_of(alive, figure.hue, data.labels, figure.style.palette)
    told = texts(alive, figure.hue)[frame.index]
    draw_pairs(page, frame, [data.labels[name] for name in figure.columns], hues, told)
    return page


def draw_pairs(
    page: Page,
    frame: pd.DataFrame,
    labels: Sequence[Label],
    hues: Hues,
    told: "pd.Series[Any] | None" = None,
) -> None:
    """Draw each pair of columns of a frame that lacks no value; `told` is the hue of each row."""
    count = len(labels)
    panels = page.panels(count, count, count=count * count, grid=False)
    colour = {
        "hue": told if told is not None else pd.Series("", index=frame.index),
        "palette": hues.colours,
        "legend": False,
    }
    for place, axes in enumerate(panels):
        row, column = divmod(place, count)
        x, y = frame.iloc[:, column], frame.iloc[:, row]
        if row == column:
            sns.histplot(x=x, bins=20, element="step", alpha=0.5, ax=axes, **colour)
        elif row > column:
            many = len(frame) > RASTERIZED_FROM
            sns.scatterplot(
                x=x, y=y, s=4, alpha=0.5, linewidth=0, rasterized=many, ax=axes, **colour
            )
        else:
            axes.set_axis_off()
            middle: dict[str, Any] = {"ha": "center", "va": "center", "size": SMALL_SIZE}
            axes.text(0.5, 0.5, correlation(x, y), transform=axes.transAxes, **middle)
            continue
        axes.locator_params(nbins=2)
        axes.tick_params(labelbottom=row == count - 1)
        beside = 30 if hues.label else 6
        room = (page.width - beside) / count - 2
        axes.set_xlabel(wrapped(labels[column], room) if row == count - 1 else "")
        axes.set_ylabel(wrapped(labels[row], room) if column == 0 < row else "")
    add_legend(page, panels, [hues.listed(ls="none", marker="o", ms=3)], hues)


def correlation(x: "pd.Series[float]", y: "pd.Series[float]") -> str:
    """Pearson's correlation, and its interval of 95 % by Fisher's transformation."""
    if len(x) < 4 or x.nunique() < 2 or y.nunique() < 2:
        return f"n = {len(x)}" if len(x) < 4 else "one value"
    r = float(np.corrcoef(x, y)[0, 1])
    ends = np.tanh(
        np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
        + np.array([-1.96, 1.96]) / (len(x) - 3) ** 0.5
    )
    return f"r = {r:.2f}\n{ends[0]:.2f} to {ends[1]:.2f}"
