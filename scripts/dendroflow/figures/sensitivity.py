"""Indices of sensitivity: bars with their intervals, and pairs as maps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from dendroflow.figures.data import Label
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.page import GREY, INK, Page, Slot, house_style, wrapped
from dendroflow.figures.targets import BLUE
from dendroflow.settings.analysis import FIGURES
from dendroflow.settings.style import Style

# Of more features the first are drawn, and the note says so.
FEATURES_AT_MOST = 12
COLUMNS, HEAD, ROW = 3, 15.0, 5.6  # mm
NAMES = {
    "S1": "first order (alone)",
    "ST": "total (with all that it does together with others)",
    "mu_star": "mean absolute elementary effect",
    "sigma": "their SD: interactions and curvature",
    "PAWN": "PAWN (median over slices; line: least to largest)",
}
COLOURS = {"S1": "#9fc1dd", "ST": BLUE, "PAWN": BLUE, "mu_star": BLUE, "sigma": "#9fc1dd"}


def draw_all(
    indices: pd.DataFrame, labels: Mapping[str, Label], title: str, style: Style, folder: Path
) -> list[Path]:
    """Draw the indices of an experiment, and those of pairs if there are any.

    Parameters
    ----------
    indices
        of `analysis.sensitivity.INDICES`.
    """
    paths, slot = [], Slot(style)
    with house_style(style):
        for figure, page in (
            (FIGURES[0], _bars(indices, labels, title, slot)),
            (FIGURES[1], _pairs(indices, labels, title, slot)),
        ):
            if page is not None:
                paths += page.save(folder, figure.name)
    return paths


def _notes(indices: pd.DataFrame, labels: Mapping[str, Label], shown: list[str]) -> list[str]:
    """What is not drawn, and why."""
    notes = []
    first = indices.drop_duplicates("feature")
    for row in first[first["note"].notna()].itertuples():
        notes.append(f"!{labels[str(row.feature)].text}: no index: {row.note}.")
    for row in first[first["note"].isna() & (first["left_out"] > 0)].itertuples():
        left = f"{row.left_out:.1%} of the rows are left out, where it does not exist"
        notes.append(f"!{labels[str(row.feature)].text}: {left}.")
    if (more := first["note"].isna().sum() - len(shown)) > 0:
        notes.append(f"{more} more features are in the table sensitivity.")
    return notes


def _bars(indices: pd.DataFrame, labels: Mapping[str, Label], title: str, slot: Slot) -> Page:
    drawn = indices[indices["kind"].isin(list(NAMES))]
    features = drawn["feature"].unique().tolist()[:FEATURES_AT_MOST]
    parameters = drawn["parameter"].unique().tolist()
    columns = min(COLUMNS, max(len(features), 1))
    rows = max(-(-len(features) // columns), 1)
    height, notes = rows * (HEAD + ROW * max(len(parameters), 1)), _notes(indices, labels, features)
    page = Page(slot, FIGURES[0].title, title, notes, height)
    if not features:
        page.say("no feature has an index; the notes say why")
        return page
    panels = page.panels(rows, columns, count=len(features), sharey=True)
    kinds = [kind for kind in NAMES if (drawn["kind"] == kind).any()]
    height = 0.8 / len(kinds)
    for axes, feature in zip(panels, features, strict=True):
        own = drawn[drawn["feature"] == feature].set_index("parameter")
        for k, kind in enumerate(kinds):
            bars = own[own["kind"] == kind].loc[parameters]
            places = np.arange(len(parameters)) + (k - (len(kinds) - 1) / 2) * height
            axes.barh(places, bars["value"], height, color=COLOURS[kind], label=NAMES[kind])
            axes.hlines(places, bars["low"], bars["high"], color=INK, lw=0.7)
        axes.axvline(0, color=GREY, lw=0.8)
        axes.set_title(wrapped(labels[feature].text, page.width / columns - 8))
        if "mu_star" in kinds:
            axes.set_xlabel(labels[feature].unit)
        axes.set_yticks(range(len(parameters)), [wrapped(labels[p].text, 26) for p in parameters])
        axes.grid(visible=False, axis="y")
    panels[0].invert_yaxis()
    handles, names = panels[0].get_legend_handles_labels()
    page.canvas.legend(handles, names, loc="outside lower center", ncols=1, frameon=False)
    return page


def _pairs(
    indices: pd.DataFrame, labels: Mapping[str, Label], title: str, slot: Slot
) -> Page | None:
    drawn = indices[indices["kind"] == "S2"]
    if drawn.empty:
        return None
    features = drawn["feature"].unique().tolist()[:FEATURES_AT_MOST]
    names = pd.unique(drawn[["parameter", "other"]].to_numpy().ravel()).tolist()
    columns = min(COLUMNS, len(features))
    rows = -(-len(features) // columns)
    side = (slot.width - 20) / columns
    page = Page(slot, FIGURES[1].title, title, [], (side + 5) * rows)
    panels = page.panels(rows, columns, count=len(features), grid=False, sharex=True, sharey=True)
    highest = max(float(drawn["value"].max()), 0.1)
    colours: Any = ScalarMappable(Normalize(0, highest), colour_map())
    for axes, feature in zip(panels, features, strict=True):
        values = np.full((len(names), len(names)), np.nan)
        for row in drawn[drawn["feature"] == feature].itertuples():
            # What an interval that reaches zero does not tell from none is drawn as it is found.
            place = names.index(str(row.other)), names.index(str(row.parameter))
            values[place] = max(float(str(row.value)), 0.0)
        axes.pcolormesh(values, norm=colours.norm, cmap=colours.cmap, edgecolor="white")
        ticks, texts = np.arange(len(names)) + 0.5, [wrapped(labels[n].text, 24) for n in names]
        axes.set_xticks(ticks, texts, rotation=90)
        axes.set_yticks(ticks, texts)
        axes.set_title(wrapped(labels[feature].text, side))
    page.colour_bar(panels, colours, "index of second order")
    return page
