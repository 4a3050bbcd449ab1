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

from dendroflow.figures.axes import make_logarithmic
from dendroflow.figures.data import Label, labels_of
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.headings import failure_note
from dendroflow.figures.page import (
    FAILED,
    INK,
    Page,
    Slot,
    house_style,
    wrapped,
)
from dendroflow.figures.targets import AXIS, BLUE, ROW, plot_targets
from dendroflow.settings.optimise import FIGURES
from dendroflow.settings.style import Style
from dendroflow.tables.best import best_individuals
from dendroflow.tables.schemas import column_of

# Scores below this share of the largest have its colour: what differs among them is not seen.
DARKEST = 1e-4
PANEL_HEIGHT = 48.0  # mm


@dataclass(frozen=True)
class Course:
    """A search as it is stored.

    Attributes
    ----------
    history
        a row per individual, in the order of seeds and generations: seed, generation, the
        optimised paths, status, targeted features, a score for each (`<feature>.score`), and their
        sum (`score`).
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

    @property
    def _seeds(self) -> str:
        seeds = self.history["seed"].unique().tolist()
        return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"

    def summary(self) -> str:
        """How the search was run."""
        settings = self.notes["settings"]
        return (
            f"{settings['algorithm']}, {self._seeds}, {settings['offspring']} individuals"
            f" in each of {self.history['generation'].max()} generations: {len(self.points)} points"
        )


def draw_all(course: Course, title: str, style: Style, folder: Path) -> list[Path]:
    """Draw the figures of an optimisation into `folder`; `title` is that of the experiment."""
    paths = []
    with house_style(style):
        for figure, draw in zip(FIGURES, (_convergence, _scores, _parameters, _front), strict=True):
            page = draw(course, Slot(style), figure.title, f"{title} · {course.summary()}")
            paths += page.save(folder, figure.name)
    return paths


def _convergence(course: Course, slot: Slot, title: str, subtitle: str) -> Page:
    page = Page(slot, title, subtitle, failure_note(course.points), 60)
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
    for number, (_, own) in enumerate(course.history.groupby("seed")):
        best = own.groupby("generation")["score"].min().cummin()
        label = "best so far" if number == 0 else None
        axes.step(best.index, best, color=INK, lw=1.3, where="post", label=label)
    if (course.history["score"] > 0).any():
        make_logarithmic(axes, "y")
    axes.set(xlabel="generation", ylabel="score (sum of standard deviations)")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(reverse=True)
    return page


def _scores(course: Course, slot: Slot, title: str, subtitle: str) -> Page:
    targets, best = course.targets, course.best
    values = [f"{course.label(p).text} {course.label(p).quantity(best[p])}" for p in course.paths]
    heading = f"{subtitle} · {', '.join(values)}"
    page = Page(slot, title, heading, failure_note(course.points), AXIS + ROW * len(targets))
    (axes,) = page.panels(grid=False)
    wanted = {name: course.notes["targets"][name] for name in targets}
    labels = {name: course.label(name) for name in targets}
    plot_targets(axes, best.to_frame().T, wanted, labels)
    return page


def _parameters(course: Course, slot: Slot, title: str, subtitle: str) -> Page:
    paths, history = course.paths, course.history
    columns = min(len(paths), 2)
    rows = -(-len(paths) // columns)
    page = Page(slot, title, subtitle, failure_note(course.points), PANEL_HEIGHT * rows)
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
            s=4,
            lw=0,
            alpha=0.8,
        )
        axes.step(leaders.index, leaders[path], where="post", color=INK, label="best so far")
        _show_bounds(axes, course, path)
        axes.set(xlabel="generation", ylabel=wrapped(course.label(path), 40))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panels[0].legend(loc="upper right", frameon=True, framealpha=0.9)
    page.colour_bar(panels, colours, "score")
    return page


def _front(course: Course, slot: Slot, title: str, subtitle: str) -> Page:
    targets = course.targets
    found = best_individuals(course.history, targets)
    front = found[found["on_front"]]
    page = Page(slot, title, subtitle, [], 15 + 7 * len(targets))
    (axes,) = page.panels()
    places = range(len(targets))
    for _, row in front[::-1].iterrows():
        best = row["rank"] == 1
        axes.plot(
            [row[f"{name}.score"] for name in targets],
            places,
            color=INK if best else BLUE,
            lw=1.4 if best else 0.5,
            alpha=1.0 if best else 0.45,
            label="lowest sum" if best else None,
        )
    axes.set_yticks(places, [wrapped(course.label(name).text, 32) for name in targets])
    axes.invert_yaxis()
    axes.set_xlabel(f"score (standard deviations) of the {len(front)} on the front")
    axes.legend(loc="best")
    return page


def _show_bounds(axes: Axes, course: Course, path: str) -> None:
    """Let the axis reach from bound to bound, and mark the reference."""
    settings = course.notes["settings"]
    bounds = settings["parameters"][path]
    if bounds["log_range"]:
        make_logarithmic(axes, "y")
    axes.set_ylim(*(bounds["log_range"] or bounds["range"]))
    if settings["reference"]:
        axes.axhline(settings["reference"][path], color=FAILED, lw=0.8, ls="--", label="reference")
