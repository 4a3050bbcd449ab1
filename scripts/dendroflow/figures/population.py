"""A population of models: what is accepted of all, and how its parameters hang together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from dendroflow.figures.data import OK, FigureData, Label
from dendroflow.figures.page import Page, house_style, wrapped
from dendroflow.figures.targets import BLUE
from dendroflow.settings.analysis import POPULATION_FIGURES
from dendroflow.tables.population import ACCEPTED

COLUMNS, PANEL = 3, 2.5
# Of more parameters the first are drawn as pairs, and the note says so.
MOST_PAIRED = 6
ALL = "#b8b8b8"


def draw_all(data: FigureData, criteria: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw the marginals of all and accepted points, and pairs of accepted ones.

    Parameters
    ----------
    criteria
        the rows of the table `criteria`.
    """
    ran = data.points[data.points["status"] == OK]
    numeric = [n for n in data.swept if pd.api.types.is_numeric_dtype(ran[n])]
    varied = [name for name in numeric if ran[name].nunique() > 1]
    kept = ran[ran[ACCEPTED] == 1]
    with house_style():
        pages = (
            _marginals(data, ran, list(dict.fromkeys([*varied, *criteria["criterion"]])), criteria),
            _pairs(data, kept, varied),
        )
        return [
            path
            for figure, page in zip(POPULATION_FIGURES, pages, strict=True)
            for path in page.save(folder, figure.name)
        ]


def _told(criteria: pd.DataFrame, labels: Mapping[str, Label]) -> list[str]:
    return [
        f"{labels[row['criterion']].text}: refuses {row['refuses']}, alone {row['refuses_alone']}."
        for row in criteria.to_dict("records")
    ]


def _marginals(
    data: FigureData, ran: pd.DataFrame, names: list[str], criteria: pd.DataFrame
) -> Page:
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    kept = int((ran[ACCEPTED] == 1).sum())
    notes = [f"{kept} of {len(ran)} points that ran are accepted.", *_told(criteria, data.labels)]
    size = (PANEL * columns + 0.6, 2.0 * rows)
    page = Page(POPULATION_FIGURES[0].title, data.title, notes, size)
    panels = page.panels(rows, columns, count=len(names), grid=False)
    for axes, name in zip(panels, names, strict=True):
        values = ran[name].astype(float)
        finite = values[np.isfinite(values)]
        bins = np.histogram_bin_edges(finite, 30) if len(finite) else 10
        for chosen, colour, label in (
            (finite, ALL, "all"),
            (finite[ran.loc[finite.index, ACCEPTED] == 1], BLUE, "accepted"),
        ):
            if len(chosen):
                sns.histplot(
                    x=chosen, bins=bins, stat="density", color=colour, label=label, ax=axes,
                    element="step", alpha=0.5,
                )  # fmt: skip
        axes.set_xlabel(wrapped(data.labels[name], PANEL - 0.4))
        axes.set_ylabel("density" if axes is panels[0] else "")
    handles, texts = panels[0].get_legend_handles_labels()
    page.canvas.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False)
    return page


def _pairs(data: FigureData, kept: pd.DataFrame, varied: list[str]) -> Page:
    names = varied[:MOST_PAIRED]
    notes = ["Upper half: correlation of Pearson with its interval of 95 % (Fisher)."]
    if len(varied) > len(names):
        notes.append(f"{len(varied) - len(names)} more parameters are in the table.")
    count = max(len(names), 1)
    page = Page(POPULATION_FIGURES[1].title, data.title, notes, (1.6 * count + 1, 1.6 * count))
    if len(kept) < 4 or len(names) < 2:
        page.say(f"{len(kept)} points are accepted, of {len(names)} parameters: too few for pairs")
        return page
    panels = page.panels(count, count, count=count * count, grid=False)
    for place, axes in enumerate(panels):
        row, column = divmod(place, count)
        x, y = kept[names[column]], kept[names[row]]
        if row == column:
            sns.histplot(x=x, bins=20, color=BLUE, element="step", alpha=0.5, ax=axes)
        elif row > column:
            axes.scatter(x, y, s=3, color=BLUE, alpha=0.4, lw=0, rasterized=len(kept) > 2000)
        else:
            axes.set_axis_off()
            place_of: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes}
            axes.text(0.5, 0.5, _correlation(x, y), size=8, **place_of)
            continue
        axes.locator_params(nbins=2)
        axes.tick_params(labelbottom=row == count - 1)
        axes.set_xlabel(wrapped(data.labels[names[column]], 1.5) if row == count - 1 else "")
        axes.set_ylabel(wrapped(data.labels[names[row]], 1.3) if column == 0 < row else "")
    return page


def _correlation(x: pd.Series, y: pd.Series) -> str:
    """Pearson's correlation, and its interval of 95 % by Fisher's transformation."""
    r = float(np.corrcoef(x, y)[0, 1])
    if not np.isfinite(r):
        return "one value"
    ends = np.tanh(
        np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
        + np.array([-1.96, 1.96]) / (len(x) - 3) ** 0.5
    )
    return f"r = {r:.2f}\n{ends[0]:.2f} to {ends[1]:.2f}"
