"""The course of an optimisation and what it found: score, parameters, and score per feature."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dendroflow.figures.data import Label
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.page import FAILED, GREY, INK, Page, house_style, wrapped
from dendroflow.figures.relations import PlainLogFormatter
from dendroflow.settings.optimise import FIGURES

BLUE = "#31688e"
# Scores below this share of the largest have its colour: what differs among them is not seen.
DARKEST = 1e-4
PANEL_WIDTH, PANEL_HEIGHT, PANELS_IN_A_ROW = 3.45, 3.0, 2


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
        return [
            name for name in map(str, self.history) if name in self.notes["settings"]["parameters"]
        ]

    @property
    def targets(self) -> list[str]:
        """The targeted features."""
        return [name for name in map(str, self.history) if name in self.notes["targets"]]

    def label(self, name: str) -> Label:
        """Text and unit of a path or a feature."""
        leaf = name.rpartition(".")[2]
        (column,) = (c for c in self.notes["columns"] if c["name"] == leaf)
        return Label(column["meaning"], column["unit"])

    def by_generation(self) -> pd.DataFrame:
        """Generation, and of its scores the best so far, the median, and the quartiles."""
        scores = self.history.groupby("generation")["score"]
        table = pd.DataFrame(
            {
                "best": scores.min().cummin(),
                "median": scores.median(),
                "lower": scores.quantile(0.25),
                "upper": scores.quantile(0.75),
            }
        )
        return table.reset_index()

    def summary(self) -> str:
        """How the search was run."""
        settings = self.notes["settings"]
        points = self.history["point_id"].nunique()
        return (
            f"{settings['algorithm']}, seed {settings['seed']}, {settings['offspring']} individuals"
            f" in each of {self.history['generation'].max()} generations: {points} points"
        )

    def failure_note(self) -> list[str]:
        """A warning that says how many points failed."""
        points = self.history.drop_duplicates("point_id")
        failed = int((points["status"] != "ok").sum())
        text = f"!{failed} of {len(points)} points did not succeed and have the worst score."
        return [text] if failed else []


def draw_all(course: Course, title: str, folder: Path) -> list[Path]:
    """Draw the figures of an optimisation into `folder`, as SVG, PDF and PNG.

    Parameters
    ----------
    title
        title of the experiment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with house_style():
        for figure, draw in zip(FIGURES, (_convergence, _scores, _parameters), strict=True):
            page = draw(course, figure.title, f"{title} · {course.summary()}")
            paths += page.save(folder, figure.name)
    return paths


def _convergence(course: Course, title: str, subtitle: str) -> Page:
    page = Page(title, subtitle, course.failure_note(), (6.9, 3.6))
    axes: Axes = page.canvas.subplots()
    table = course.by_generation()
    x = table["generation"]
    axes.fill_between(
        x, table["lower"], table["upper"], color=BLUE, alpha=0.2, lw=0, label="middle half"
    )
    axes.plot(x, table["median"], color=BLUE, lw=1.6, label="median of the generation")
    axes.plot(x, table["best"], color=INK, lw=1.8, drawstyle="steps-post", label="best so far")
    if (table["median"] > 0).any():
        _logarithmic(axes)
    axes.set(xlabel="generation", ylabel="score (sum of standard deviations)")
    _whole_generations(axes)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="best")
    return page


def _scores(course: Course, title: str, subtitle: str) -> Page:
    targets, best = course.targets, course.best
    values = ", ".join(
        f"{course.label(path).text} {course.label(path).quantity(best[path])}"
        for path in course.paths
    )
    page = Page(
        title, f"{subtitle} · {values}", course.failure_note(), (6.9, 0.8 + 0.62 * len(targets))
    )
    axes: Axes = page.canvas.subplots()
    scores = [best[f"{name}.score"] for name in targets]
    places = range(len(targets))
    axes.barh(places, scores, height=0.55, color=BLUE)
    room = max([*scores, 1e-12])
    for place, name, score in zip(places, targets, scores, strict=True):
        target = course.notes["targets"][name]
        unit = f" {course.label(name).unit}".rstrip()
        found = "does not exist" if pd.isna(best[name]) else f"{best[name]:.5g}{unit}"
        text = f"{found}; target {target['mean']:.5g} ± {target['sd']:.3g}{unit}"
        axes.text(score + 0.01 * room, place, f" {text}", va="center", color=GREY)
    axes.set_yticks(places, [wrapped(course.label(name).text, 1.8) for name in targets])
    axes.set_ylim(len(targets) - 0.5, -0.5)
    # The text beside the longest bar takes about as much room as the bar.
    axes.set_xlim(0, 2.1 * room)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel("distance from the target (standard deviations)")
    return page


def _parameters(course: Course, title: str, subtitle: str) -> Page:
    paths = course.paths
    columns = min(len(paths), PANELS_IN_A_ROW)
    rows = -(-len(paths) // columns)
    page = Page(
        title, subtitle, course.failure_note(), (PANEL_WIDTH * columns + 0.9, PANEL_HEIGHT * rows)
    )
    panels = list(page.canvas.subplots(rows, columns, squeeze=False).flat)
    history = course.history
    highest = max(float(history["score"].max()), 1e-12)
    lowest = max(float(history["score"].min()), DARKEST * highest)
    colours = ScalarMappable(LogNorm(lowest, max(highest, 1.01 * lowest)), colour_map())
    leaders = history.loc[history["score"].cummin().drop_duplicates().index]
    leaders = leaders.drop_duplicates("generation", keep="last")
    leaders = pd.concat([leaders, leaders.tail(1).assign(generation=history["generation"].max())])
    # The worst below, the best on top.
    drawn = history.sort_values("score", ascending=False, kind="stable")
    for axes, path in zip(panels, paths, strict=False):
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
        axes.plot(leaders["generation"], leaders[path], color=INK, lw=1.6, drawstyle="steps-post")
        _bounds(axes, course, path)
        axes.set_xlabel("generation")
        axes.set_ylabel(wrapped(course.label(path), 2.4))
        _whole_generations(axes)
    for spare in panels[len(paths) :]:
        spare.set_axis_off()
    handles = [Line2D([], [], color=INK, lw=1.6, label="best so far")]
    if course.notes["settings"]["reference"]:
        handles.append(Line2D([], [], color=FAILED, lw=1.2, ls="--", label="reference"))
    panels[0].legend(handles=handles, loc="upper right", frameon=True, framealpha=0.9)
    bar = page.canvas.colorbar(colours, ax=panels, fraction=0.05, pad=0.02)
    bar.set_label("score")
    bar.ax.yaxis.set_major_formatter(PlainLogFormatter())
    bar.ax.yaxis.set_minor_formatter(PlainLogFormatter())
    return page


def _bounds(axes: Axes, course: Course, path: str) -> None:
    """Let the axis reach from bound to bound, and mark the reference."""
    settings = course.notes["settings"]
    bounds = settings["parameters"][path]
    if bounds["log_range"]:
        _logarithmic(axes)
    axes.set_ylim(*(bounds["log_range"] or bounds["range"]))
    if settings["reference"]:
        axes.axhline(settings["reference"][path], color=FAILED, lw=1.2, ls="--", zorder=3)


def _logarithmic(axes: Axes) -> None:
    axes.set_yscale("log", nonpositive="clip")
    axes.yaxis.set_major_formatter(PlainLogFormatter())
    axes.yaxis.set_minor_formatter(PlainLogFormatter())


def _whole_generations(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.grid(visible=True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
