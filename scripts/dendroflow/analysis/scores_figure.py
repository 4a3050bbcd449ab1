"""The figure of a comparison: how far each morphometric is from what was observed."""

from itertools import cycle
from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dendroflow.figures.encoding import MARKERS, add_legend
from dendroflow.figures.page import GREY, SMALL_SIZE, Page, Slot, house_style
from dendroflow.settings.style import Style

ROW, AXIS = 5.3, 15.0  # mm
# Scores beyond this many limits lie at the edge, with their number.
EDGE = 3.0


def draw_scores(
    scores: pd.DataFrame, title: str, limit: float, style: Style, path: Path
) -> list[Path]:
    """Draw a row per morphometric and a mark per morphology; return the files.

    `scores` has the columns of `analysis.scores.SCORES`; up to `limit` (SD) a score is within.
    """
    metrics = list(dict.fromkeys(scores["metric"]))
    cells = list(dict.fromkeys(scores["morphology"]))
    colours = sns.color_palette("colorblind", max(len(cells), 1)).as_hex()
    notes = [*_missing(scores), "; ".join(dict.fromkeys(scores["source"]))]
    with house_style(style):
        high = AXIS + ROW * len(metrics)
        page = Page(Slot(style), title, _subtitle(scores, cells), notes, high)
        (axes,) = panels = page.panels()
        axes.axvspan(-limit, limit, color="#e8eef4", zorder=0)
        axes.axvline(0, color=GREY, lw=0.8, zorder=1)
        marks = []
        for cell, colour, marker in zip(cells, colours, cycle(MARKERS), strict=False):
            rows = scores[(scores["morphology"] == cell) & scores["score"].notna()]
            rows = rows.assign(place=rows["metric"].map(metrics.index))
            marks += _draw_cell(axes, rows, EDGE * limit, color=colour, marker=marker, label=cell)
        axes.set_yticks(range(len(metrics)), [metric.replace("_", " ") for metric in metrics])
        axes.set_ylim(len(metrics) - 0.5, -0.5)
        axes.set_xlim(-1.1 * EDGE * limit, 1.1 * EDGE * limit)
        axes.set_xlabel("deviation from the observed mean (SD)")
        axes.grid(visible=False, axis="x")
        if len(cells) > 1:
            add_legend(page, panels, [("morphology", marks)])
        return page.save(path.parent, path.name)


def _subtitle(scores: pd.DataFrame, cells: list[str]) -> str:
    scored = int(scores["score"].notna().sum())
    within = int((scores["status"] == "within").sum())
    names = ", ".join([*cells[:4], "…"] if len(cells) > 4 else cells)
    return f"{names} · {within} of {scored} within"


def _missing(scores: pd.DataFrame) -> list[str]:
    lost = scores[scores["score"].isna()]
    return [
        f"!{row['metric']} of {row['morphology']}: {row['status']} ({row['error']})"
        for _, row in lost.head(3).iterrows()
    ] + ([f"!and {len(lost) - 3} more"] if len(lost) > 3 else [])


def _draw_cell(axes: Axes, rows: pd.DataFrame, edge: float, **style: Any) -> list[Line2D]:
    shown = rows["score"].clip(-edge, edge)
    marks = axes.plot(shown, rows["place"], ls="none", ms=4.5, mew=0, zorder=3, **style)
    for score, place in rows.loc[rows["score"].abs() > edge, ["score", "place"]].to_numpy():
        axes.annotate(
            f"{score:+.0f} →" if score > 0 else f"{score:+.0f} ←",
            (edge if score > 0 else -edge, place),
            (-8 if score > 0 else 8, 0),
            textcoords="offset points",
            ha="right" if score > 0 else "left",
            va="center",
            size=SMALL_SIZE,
            color=style["color"],
        )
    return marks
