"""A population of models: what is accepted of all, and how its parameters hang together."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns

from dendroflow.figures.data import OK, FigureData, Label
from dendroflow.figures.encoding import hues_of
from dendroflow.figures.page import Page, Slot, house_style, wrapped
from dendroflow.figures.pair import CORRELATIONS, draw_pairs
from dendroflow.figures.targets import BLUE
from dendroflow.settings.analysis import POPULATION_FIGURES
from dendroflow.settings.style import Style
from dendroflow.tables.population import ACCEPTED

COLUMNS, HIGH = 3, 33.0  # mm
# Of more parameters the first are drawn as pairs, and the note says so.
MOST_PAIRED = 6
ALL = "#b8b8b8"


def draw_all(data: FigureData, criteria: pd.DataFrame, style: Style, folder: Path) -> list[Path]:
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
    slot, shown = Slot(style), list(dict.fromkeys([*varied, *criteria["criterion"]]))
    with house_style(style):
        pages = (
            _marginals(data, slot, ran, shown, criteria),
            _pairs(data, slot, kept, varied),
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
    data: FigureData, slot: Slot, ran: pd.DataFrame, names: list[str], criteria: pd.DataFrame
) -> Page:
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    kept = int((ran[ACCEPTED] == 1).sum())
    notes = [f"{kept} of {len(ran)} points that ran are accepted.", *_told(criteria, data.labels)]
    page = Page(slot, POPULATION_FIGURES[0].title, data.title, notes, HIGH * rows)
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
        axes.set_xlabel(wrapped(data.labels[name], page.width / columns - 7))
        axes.set_ylabel("density" if axes is panels[0] else "")
    handles, texts = panels[0].get_legend_handles_labels()
    page.canvas.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False)
    return page


def _pairs(data: FigureData, slot: Slot, kept: pd.DataFrame, varied: list[str]) -> Page:
    names = varied[:MOST_PAIRED]
    notes = [CORRELATIONS]
    if len(varied) > len(names):
        notes.append(f"{len(varied) - len(names)} more parameters are in the table.")
    page = Page(slot, POPULATION_FIGURES[1].title, data.title, notes, slot.width)
    if len(kept) < 4 or len(names) < 2:
        page.say(f"{len(kept)} points are accepted, of {len(names)} parameters: too few for pairs")
        return page
    hues = hues_of(kept, None, data.labels, slot.style.palette)
    draw_pairs(page, kept[names], [data.labels[name] for name in names], hues)
    return page
