"""The course of an optimisation and what it found: score, parameters, and score per feature."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator

from dendroflow.figures.data import Label, labels_of
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.page import (
    FAILED,
    GREY,
    INK,
    Page,
    failure_note,
    house_style,
    make_logarithmic,
    wrapped,
)
from dendroflow.settings.optimise import FIGURES
from dendroflow.tables.schemas import column_of

BLUE = "#31688e"
# Scores below this share of the largest have its colour: what differs among them is not seen.
DARKEST = 1e-4
PANEL_WIDTH, PANEL_HEIGHT = 3.45, 3.0


@dataclass(frozen=True)
class Course:
    """A search as it is stored.

    Attributes
    ----------
    history
        a row per individual, in the order of generations: generation, the optimised paths,
        status, targeted features, a score for each (`<feature>.score`), and their sum (`score`).
    notes
        settings, targets, and the columns of the experiment's table.
    """

    history: pd.DataFrame
    notes: Mapping[str, Any]

    @property
    def best(self) -> "pd.Series[Any]":
        """The first individual of the lowest score."""
        return self.history.iloc[int(self.history["score"].to_numpy().argmin())]

    @property
    def paths(self) -> list[str]:
        """The optimised paths."""
        bounds = self.notes["settings"]["parameters"]
        return [str(name) for name in self.history if name in bounds]

    @property
    def targets(self) -> list[str]:
        """The targeted features."""
        return [str(name) for name in self.history if name in self.notes["targets"]]

    def label(self, name: str) -> Label:
        """Text and unit of a path or a feature."""
        return labels_of(self.notes["columns"])[column_of(name)]

    @property
    def points(self) -> pd.DataFrame:
        """Individuals without those that were simulated before."""
        return self.history.drop_duplicates("point_id")

    def summary(self) -> str:
        """How the search was run."""
        settings = self.notes["settings"]
        return (
            f"{settings['algorithm']}, seed {settings['seed']}, {settings['offspring']} individuals"
            f" in each of {self.history['generation'].max()} generations: {len(self.points)} points"
        )


def draw_all(course: Course, title: str, folder: Path) -> list[Path]:
    """Draw the figures of an optimisation into `folder`; `title` is that of the experiment."""
    paths = []
    with house_style():
        for figure, draw in zip(FIGURES, (_convergence, _scores, _parameters), strict=True):
            page = draw(course, figure.title, f"{title} · {course.summary()}")
            paths += page.save(folder, figure.name)
    return paths


def _convergence(course: Course, title: str, subtitle: str) -> Page:
    page = Page(title, subtitle, failure_note(course.points), (6.9, 3.6))
    (axes,) = page.panels()
    sns.lineplot(
        course.history,
        x="generation",
        y="score",
        estimator="median",
        errorbar=("pi", 50),
        err_kws={"label": "middle half", "lw": 0},
        color=BLUE,
        label="median of the generation",
        ax=axes,
    )
    best = course.history.groupby("generation")["score"].min().cummin()
    axes.step(best.index, best, color=INK, lw=1.8, where="post", label="best so far")
    if (course.history["score"] > 0).any():
        make_logarithmic(axes, "y")
    axes.set(xlabel="generation", ylabel="score (sum of standard deviations)")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(reverse=True)
    return page


def _scores(course: Course, title: str, subtitle: str) -> Page:
    targets, best = course.targets, course.best
    values = [f"{course.label(p).text} {course.label(p).quantity(best[p])}" for p in course.paths]
    heading = f"{subtitle} · {', '.join(values)}"
    page = Page(title, heading, failure_note(course.points), (6.9, 0.8 + 0.62 * len(targets)))
    (axes,) = page.panels(grid=False)
    names = [wrapped(course.label(name).text, 1.8) for name in targets]
    scores = [best[f"{name}.score"] for name in targets]
    bars = axes.barh(range(len(names)), scores, height=0.55, color=BLUE)
    texts = []
    for name in targets:
        target = course.notes["targets"][name]
        unit = f" {course.label(name).unit}".rstrip()
        found = "does not exist" if pd.isna(best[name]) else f"{best[name]:.5g}{unit}"
        texts.append(f"{found}; target {target['mean']:.5g} ± {target['sd']:.3g}{unit}")
    axes.bar_label(bars, texts, padding=4, color=GREY)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    # The text beside the longest bar takes about as much room as the bar.
    axes.set_xlim(0, 2.1 * max([*scores, 1e-12]))
    axes.set_xlabel("distance from the target (standard deviations)")
    return page


def _parameters(course: Course, title: str, subtitle: str) -> Page:
    paths, history = course.paths, course.history
    columns = min(len(paths), 2)
    rows = -(-len(paths) // columns)
    size = (PANEL_WIDTH * columns + 0.9, PANEL_HEIGHT * rows)
    page = Page(title, subtitle, failure_note(course.points), size)
    panels = page.panels(rows, columns, count=len(paths))
    highest = max(float(history["score"].max()), 1e-12)
    lowest = max(float(history["score"].min()), DARKEST * highest)
    colours: Any = ScalarMappable(LogNorm(lowest, max(highest, 1.01 * lowest)), colour_map())
    leaders = history.loc[history.groupby("generation")["score"].idxmin()]
    led = leaders["score"] <= leaders["score"].cummin()
    leaders = leaders.where(led).ffill().set_index(leaders["generation"])
    # The worst below, the best on top.
    drawn = history.sort_values("score", ascending=False, kind="stable")
    for axes, path in zip(panels, paths, strict=True):
        axes.scatter(
            drawn["generation"],
            drawn[path],
            c=drawn["score"].clip(lower=lowest),
            norm=colours.norm,
            cmap=colours.cmap,
            s=9,
            lw=0,
            alpha=0.8,
        )
        axes.step(leaders.index, leaders[path], where="post", color=INK, label="best so far")
        _show_bounds(axes, course, path)
        axes.set(xlabel="generation", ylabel=wrapped(course.label(path), 2.4))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panels[0].legend(loc="upper right", frameon=True, framealpha=0.9)
    bar = page.colour_bar(panels, colours, "score")
    make_logarithmic(bar.ax, "y")
    return page


def _show_bounds(axes: Axes, course: Course, path: str) -> None:
    """Let the axis reach from bound to bound, and mark the reference."""
    settings = course.notes["settings"]
    bounds = settings["parameters"][path]
    if bounds["log_range"]:
        make_logarithmic(axes, "y")
    axes.set_ylim(*(bounds["log_range"] or bounds["range"]))
    if settings["reference"]:
        axes.axhline(settings["reference"][path], color=FAILED, lw=1.2, ls="--", label="reference")
