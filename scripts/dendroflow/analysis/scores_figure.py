"""The figure of a comparison: how far each morphometric is from what was observed."""

from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dendroflow.figures.encoding import MARKERS, Group, Hues, add_legend
from dendroflow.figures.page import GREY, Page, house_style

ROW_INCHES = 0.32
# Scores beyond this many limits lie at the edge, with their number.
EDGE = 3.0


def draw_scores(
    scores: pd.DataFrame, title: str, limit: float, folder: Path, name: str
) -> list[Path]:
    """Draw a row per morphometric and a mark per morphology; returns the files.

    Parameters
    ----------
    scores
        columns of `analysis.scores.SCORES`.
    limit
        scores up to which a morphometric is within.
    """
    folder.mkdir(parents=True, exist_ok=True)
    metrics = list(dict.fromkeys(scores["metric"]))
    cells = list(dict.fromkeys(scores["morphology"]))
    with house_style():
        sources = "; ".join(dict.fromkeys(scores["source"]))
        size = (6.9, 0.9 + ROW_INCHES * len(metrics))
        page = Page(title, _subtitle(scores, cells), [*_missing(scores), sources], size)
        axes = page.canvas.subplots()
        axes.axvspan(-limit, limit, color="#e8eef4", zorder=0)
        axes.axvline(0, color=GREY, lw=0.8, zorder=1)
        colours = sns.color_palette("colorblind", max(len(cells), 1)).as_hex()
        for index, cell in enumerate(cells):
            _draw_cell(
                axes,
                scores[(scores["morphology"] == cell) & scores["score"].notna()],
                {metric: row for row, metric in enumerate(metrics)},
                EDGE * limit,
                {"color": colours[index], "marker": MARKERS[index % len(MARKERS)]},
            )
        _finish(axes, scores, metrics, limit)
        if len(cells) > 1:
            handles = [
                Line2D([], [], ls="none", color=c, marker=MARKERS[i % len(MARKERS)], label=cell)
                for i, (cell, c) in enumerate(zip(cells, colours, strict=True))
            ]
            add_legend(page, axes, [Group("morphology", handles)], Hues(None, {}))
        return page.save(folder, name)


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


def _draw_cell(
    axes: Axes, rows: pd.DataFrame, places: dict[str, int], edge: float, style: dict[str, Any]
) -> None:
    shown = rows["score"].clip(-edge, edge)
    y = rows["metric"].map(places)
    axes.plot(shown, y, ls="none", ms=7, mew=0, zorder=3, **style)
    for score, x, row in zip(rows["score"], shown, y, strict=True):
        if abs(score) > edge:
            inward = -1 if score > 0 else 1
            axes.annotate(
                f"{score:+.0f} {'→' if score > 0 else '←'}",
                (x, row),
                (inward * 8, 0),
                textcoords="offset points",
                ha="right" if score > 0 else "left",
                va="center",
                color=style["color"],
            )


def _finish(axes: Axes, scores: pd.DataFrame, metrics: list[str], limit: float) -> None:
    axes.set_yticks(range(len(metrics)), [metric.replace("_", " ") for metric in metrics])
    axes.set_ylim(len(metrics) - 0.5, -0.5)
    axes.set_xlim(-1.1 * EDGE * limit, 1.1 * EDGE * limit)
    axes.set_xlabel("deviation from the observed mean (SD)")
    axes.grid(visible=True, axis="y", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
