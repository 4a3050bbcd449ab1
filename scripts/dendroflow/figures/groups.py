"""How a column is distributed at each value of another: boxes, violins, strips, and bars."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData
from dendroflow.figures.encoding import Hues, add_legend, hues_of, in_classes, texts
from dendroflow.figures.estimates import mean_note, named, seaborn_errorbar, sizes_at
from dendroflow.figures.facets import Facets, measured, told_apart
from dendroflow.figures.headings import empty_page, failure_note
from dendroflow.figures.page import INK, Page, Slot
from dendroflow.settings.figures_of_columns import Bar, Groups

MOST_PLACES = 40
RASTERIZED_FROM = 5000
FILLED = {"linewidth": 0.6, "linecolor": INK, "saturation": 1}
DRAW: dict[str, tuple[Any, dict[str, Any]]] = {
    "box": (
        sns.boxplot,
        {**FILLED, "fliersize": 1.5, "width": 0.6, "boxprops": {"alpha": 0.6}},
    ),
    "violin": (
        sns.violinplot,
        {**FILLED, "cut": 0, "density_norm": "width", "inner": "quart", "alpha": 0.6},
    ),
    "strip": (sns.stripplot, {"size": 2.2, "linewidth": 0, "alpha": 0.7}),
    "bar": (
        sns.barplot,
        {"saturation": 1, "err_kws": {"linewidth": 0.8, "color": INK}, "seed": 1, "width": 0.7},
    ),
}


def draw(figure: Groups | Bar, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw a box, a violin, a strip or a bar for each value of x and hue.

    Raises
    ------
    ConfigurationError
        If x has more values than a page has places for.
    """
    points = in_classes(points, figure.hue)
    x, y = texts(points, figure.x), measured(figure, points, "y")
    frame = pd.DataFrame({"x": x, "y": y, **told_apart(figure, points)})
    names = list(x.cat.categories)
    if len(names) > MOST_PLACES:
        raise ConfigurationError(
            f"figure {figure.name}: {figure.x} has {len(names)} values, and there are places for "
            f"{MOST_PLACES}: choose fewer by `where`, or draw it with `kind: scatter`"
        )
    label, alive = data.labels[figure.y], frame[~frame["failed"]]
    notes = failure_note(points)
    if missing := int(alive["y"].isna().sum()):
        notes.insert(0, f"{label.text} does not exist at {missing} of {len(alive)} points.")
    if alive["y"].isna().all():
        reason = f"{label.text} exists at none of the {len(points)} points."
        return empty_page(figure, data, slot, reason, notes)
    place = ["x", "hue", "col", "row"]
    if isinstance(figure, Bar):
        notes.insert(0, mean_note("Bar", figure.estimator, figure.errorbar, alive, place))
        label = named(label, figure.estimator)
    else:
        notes.insert(0, f"Points at each place: {sizes_at(alive, place)}.")
    facets = Facets(figure, data, slot, notes, frame)
    hues = hues_of(points, figure.hue, data.labels, figure.style.palette)
    for axes, part in facets.parts:
        axes.grid(visible=False, axis="x")
        _draw_part(figure, axes, part.dropna(subset="y"), names, hues)
    facets.finish(points, data.labels[figure.x], label)
    facets.name_places(names)
    add_legend(facets.page, facets.panels, [hues.listed(lw=5, solid_capstyle="butt")], hues)
    return facets.page


def _draw_part(
    figure: Groups | Bar, axes: Axes, part: pd.DataFrame, names: list[str], hues: Hues
) -> None:
    if part.empty:
        return
    plot, style = DRAW[figure.kind]
    if isinstance(figure, Bar):
        own = {"estimator": figure.estimator, "errorbar": seaborn_errorbar(figure.errorbar)}
        style = style | own
    else:
        # Jitter comes from NumPy's global generator.
        np.random.seed(1)
    if figure.kind == "strip":
        style = style | {"rasterized": len(part) > RASTERIZED_FROM}
    apart = figure.hue not in (None, figure.x)
    plot(
        part.assign(x=part["x"].astype(str), hue=part["hue"].astype(str)),
        x="x",
        y="y",
        order=names,
        hue_order=list(hues.colours),
        dodge=apart,
        ax=axes,
        **hues.told,
        **style,
    )
    axes.set(xlabel="", ylabel="")
