"""Features beside their targets, in standard deviations from the mean."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData, Label
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.headings import failure_note, page_of
from dendroflow.figures.page import GREY, INK, SMALL_SIZE, Page, Slot, wrapped
from dendroflow.settings.figures_of_columns import Targets

BLUE = "#31688e"
BAND = "#e8eef4"
# What lies farther away (SD) is drawn there.
FARTHEST = 10.0
ROW, AXIS = 4.6, 12.0  # mm


def draw(figure: Targets, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw the features of points beside their targets.

    Raises
    ------
    ConfigurationError
        If the experiment has no targets.
    """
    if not data.targets:
        raise ConfigurationError(
            f"figure {figure.name}: the experiment has no `targets` with a mean"
        )
    notes = failure_note(points)
    page = page_of(figure, data, slot, notes, AXIS + ROW * len(data.targets))
    (axes,) = page.panels(grid=False)
    plot_targets(axes, points, data.targets, data.labels)
    return page


def plot_targets(
    axes: Axes,
    points: pd.DataFrame,
    targets: Mapping[str, Mapping[str, Any]],
    labels: Mapping[str, Label],
) -> None:
    """A row per target, a dot per point; beside a single point, what was found and what is asked.

    Parameters
    ----------
    points
        a column per target, null where a feature does not exist.
    targets
        name -> `mean` and `sd`; of recordings, `cells`: a bar for the mean of each.
    """
    rows = np.arange(len(targets))
    axes.axvspan(-1, 1, color=BAND, lw=0)
    axes.axvline(0, color=GREY, lw=0.8)
    widest = 3.0
    colours = colour_map()(np.linspace(0, 0.9, len(points))) if len(points) > 1 else [BLUE]
    for (_, point), colour in zip(points.iterrows(), colours, strict=True):
        values = pd.to_numeric(point[list(targets)]).to_numpy(dtype=float)
        means, sds = (np.array([t[key] for t in targets.values()]) for key in ("mean", "sd"))
        distance = np.clip((values - means) / sds, -FARTHEST, FARTHEST)
        widest = max(widest, np.nanmax(np.abs(distance), initial=0.0))
        axes.plot(distance, rows, "o", ms=3.5, color=colour, mec="white", mew=0.3, clip_on=False)
    for row, (name, target) in enumerate(targets.items()):
        cells = np.array(list(target.get("cells", {}).values()))
        axes.plot((cells - target["mean"]) / target["sd"], np.full(len(cells), row), "|", color=INK)
        label = labels[name]
        unit = f" {label.unit}".rstrip()
        text = f"{target['mean']:.5g} ± {target['sd']:.3g}{unit}"
        if len(points) == 1:
            value = points[name].iloc[0]
            found = "does not exist" if pd.isna(value) else f"{value:.5g}{unit}"
            text = f"{found}; target {text}"
        axes.annotate(
            text,
            (1, row),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            size=SMALL_SIZE,
            color=GREY,
        )
    axes.set_yticks(rows, [wrapped(labels[name].text, 45) for name in targets])
    axes.set_ylim(len(targets) - 0.4, -0.6)
    axes.set_xlim(-1.05 * widest, 1.05 * widest)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xlabel("distance from the target's mean (standard deviations)")
