"""Lines and scatter plots: relations between columns of the table of points."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData, is_numeric, numbers
from dendroflow.figures.encoding import (
    Group,
    Hues,
    Sizes,
    Styles,
    add_legend,
    hues_of,
    lines_of,
    sizes_of,
    styles_of,
    texts,
)
from dendroflow.figures.estimates import is_mean, mean_note, named, seaborn_errorbar
from dendroflow.figures.facets import Facets, measured, told_apart
from dendroflow.figures.headings import empty_page, failure_note
from dendroflow.figures.page import FAILED, Page, Slot
from dendroflow.figures.power_law import draw_fits
from dendroflow.figures.references import reference_note
from dendroflow.settings.figures_of_columns import Line, Scatter

MOST_MARKED = 100
MOST_ENDS = 12
RASTERIZED_FROM = 5000
THICKEST, LARGEST = 2.4, 40.0  # of lines, points; of marks, points squared
CROSS: dict[str, Any] = {"ls": "none", "marker": "x", "color": FAILED, "ms": 4, "mew": 1.0}
Looks = tuple[Hues, Styles, Sizes]
PLACE = ["x", "hue", "style", "col", "row"]


def draw(figure: Line | Scatter, data: FigureData, points: pd.DataFrame, slot: Slot) -> Page:
    """Draw lines or a scatter plot of points, of which at least one is ok."""
    frame = _frame(figure, points)
    notes = _notes(figure, data, frame) + failure_note(points)
    if frame[["x", "y"]].isna().any(axis=1).all():
        reason = f"None of the {len(points)} points has both values that this figure relates."
        return empty_page(figure, data, slot, reason, notes)

    facets = Facets(figure, data, slot, notes, frame)
    palette = figure.style.palette
    hues = hues_of(points, figure.hue, data.labels, palette)
    styles = styles_of(figure.name, points, figure.marks, data.labels)
    line = isinstance(figure, Line)
    sizes = sizes_of(
        frame["size"] if figure.size else None,
        data.labels[figure.size] if figure.size else None,
        (0.6, THICKEST) if line else (3.0, LARGEST),
    )
    for axes, part in facets.parts:
        if isinstance(figure, Line):
            _draw_lines(axes, part, figure, (hues, styles, sizes))
        else:
            _draw_marks(axes, part, (hues, styles, sizes))
        _show_requested(axes, part)
    y = data.labels[figure.y]
    if isinstance(figure, Line) and is_mean(frame, PLACE):
        y = named(y, figure.estimator)
    facets.finish(points, data.labels[figure.x], y)
    if not is_numeric(points[figure.x]):
        facets.name_places(list(texts(points, figure.x).cat.categories))

    groups: list[Group] = [] if figure.marks == figure.hue else [hues.listed()]
    groups.append(styles.listed(hues, lines=line))
    groups.append(sizes.listed(**{} if line else {"marker": "o", "ls": "none", "mew": 0}))
    if figure.power_law:
        groups.append(("exponent of fit", draw_fits(facets.parts, hues)))
    failed = int((frame["failed"] & frame["x"].notna()).sum())
    if failed:
        told = f"failed ({failed} point{'s' * (failed > 1)})"
        groups.append(("", [Line2D([], [], label=told, **CROSS)]))
    add_legend(facets.page, facets.panels, groups, hues)
    if isinstance(figure, Line) and figure.ends is not None:
        _mark_ends(figure, data, facets.page, facets.parts, hues)
    return facets.page


def _frame(figure: Line | Scatter, points: pd.DataFrame) -> pd.DataFrame:
    """Put the points into the words of the plot.

    Columns: x (a rank if it holds no numbers), y (NaN where it does not exist or the point
    failed), size, and those of `told_apart`.
    """
    x = texts(points, figure.x).cat.codes.astype(float)
    if is_numeric(points[figure.x]):
        x = numbers(figure, points, figure.x)
    size = numbers(figure, points, figure.size) if figure.size else np.nan
    frame = pd.DataFrame({"x": x.mask(x <= 0) if figure.log_x else x, "size": size})
    return frame.assign(y=measured(figure, points, "y"), **told_apart(figure, points))


def _notes(figure: Line | Scatter, data: FigureData, frame: pd.DataFrame) -> list[str]:
    notes = [reference_note(figure, data)] if figure.reference else []
    alive = frame[~frame["failed"]]
    if isinstance(figure, Line) and is_mean(frame, PLACE):
        notes.append(mean_note("Line", figure.estimator, figure.errorbar, alive, PLACE))
    for key, log in (("x", figure.log_x), ("y", figure.log_y)):
        missing = int(alive[key].isna().sum())
        if missing:
            text = data.labels[getattr(figure, key)].text
            lacks = "does not exist, or is not positive," if log else "does not exist"
            notes.append(f"{text} {lacks} at {missing} of {len(alive)} points that succeeded.")
    return notes


def _draw_lines(axes: Axes, part: pd.DataFrame, figure: Line, looks: Looks) -> None:
    """Draw means, and how far spreads what they are of; a line has a gap where there is none."""
    hues, styles, sizes = looks
    marked = part["x"].nunique() <= MOST_MARKED
    whole = part.assign(run=_runs(part)).dropna(subset=["x", "y"])
    for _, run in whole.groupby("run"):
        sns.lineplot(
            run,
            x="x",
            y="y",
            style="style",
            dashes=styles.dashes,
            markers=styles.markers if marked else False,
            estimator=figure.estimator,
            errorbar=seaborn_errorbar(figure.errorbar),
            seed=1,
            markeredgewidth=0,
            ax=axes,
            **hues.told,
            **sizes.told,
        )


def _runs(part: pd.DataFrame) -> "pd.Series[int]":
    """The number of gaps before each point on its line."""
    keys = ["hue", "style", "x"]
    there = part["y"].notna().groupby([part[key] for key in keys], observed=True).any()
    gaps = (~there).groupby(level=["hue", "style"], observed=True).cumsum().rename("run")
    found: pd.Series[int] = part[keys].join(gaps, on=keys)["run"]
    return found


def _draw_marks(axes: Axes, part: pd.DataFrame, looks: Looks) -> None:
    hues, styles, sizes = looks
    few = len(part) <= 500
    sns.scatterplot(
        data=part.dropna(subset=["x", "y"]),
        x="x",
        y="y",
        style="style",
        markers=styles.markers,
        alpha=0.9 if few else 0.7,
        linewidth=0.2,
        rasterized=len(part) > RASTERIZED_FROM,
        ax=axes,
        **hues.told,
        **sizes.told or {"s": 11 if few else 5},
    )


def _show_requested(axes: Axes, part: pd.DataFrame) -> None:
    """Let the x axis reach over all requested points, and mark on it those that failed."""
    style: dict[str, Any] = {"ls": "none", "transform": axes.get_xaxis_transform()}
    axes.plot(part["x"], np.zeros(len(part)), **style)
    failed = np.unique(part.loc[part["failed"], "x"].dropna())
    if len(failed):
        axes.plot(failed, np.zeros(len(failed)), **style | CROSS, clip_on=False, zorder=5)


def end_of_line(line: pd.DataFrame) -> float | None:
    """Find the first x from which y exists no more, although points succeeded there.

    Parameters
    ----------
    line
        columns x, y (NaN where it does not exist), failed.
    """
    alive = line[~line["failed"]].dropna(subset="x")
    exists = alive.groupby("x", sort=True)["y"].count() > 0
    last = exists[exists].index.max() if exists.any() else float("-inf")
    after = exists.index[exists.index > last]
    return float(after[0]) if len(after) else None


def _mark_ends(
    figure: Line,
    data: FigureData,
    page: Page,
    parts: Iterable[tuple[Axes, pd.DataFrame]],
    hues: Hues,
) -> None:
    """Draw a dotted rule where a line ends, and tell below the panels what ends there."""
    if not is_numeric(data.points[figure.x]):
        raise ConfigurationError(
            f"figure {figure.name}: `ends` needs numbers along x, which {figure.x} does not hold"
        )
    told: list[tuple[float, str, Line2D]] = []
    for axes, part in parts:
        for hue, style, line in lines_of(part):
            x = end_of_line(line)
            if x is None:
                continue
            columns = {figure.hue: hue, figure.marks: style}
            columns |= {getattr(figure, key): line[key].iloc[0] for key in ("col", "row")}
            values = [f"{text} {data.label(c).unit}".rstrip() for c, text in columns.items() if c]
            text = figure.end_at(x) + (f" ({', '.join(values)})" if values else "")
            rule = axes.axvline(x, color=hues.colours[hue], lw=1, ls=":", zorder=1, label=text)
            told.append((x, text, rule))
    rules = [rule for _, _, rule in sorted(told, key=lambda each: each[:2])]
    if len(rules) > MOST_ENDS:
        between = Line2D([], [], ls="none", label=f"{len(rules) - 2} more lines end in between")
        rules = [rules[0], between, rules[-1]]
    if rules:
        page.canvas.legend(handles=rules, loc="outside lower left")
