"""Lines and scatter plots: relations between columns of the table of points."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import OK, FigureData, Label, is_numeric, numbers
from dendroflow.figures.encoding import (
    Hues,
    Styles,
    add_legend,
    hues_of,
    lines_of,
    styles_of,
    texts,
)
from dendroflow.figures.page import (
    FAILED,
    Page,
    empty_page,
    failure_note,
    make_logarithmic,
    page_of,
    wrapped,
)
from dendroflow.figures.power_law import draw_fits
from dendroflow.figures.references import against_reference, reference_note
from dendroflow.settings.figures import Line, Scatter

MOST_MARKED = 100
MOST_ENDS = 12
RASTERIZED_FROM = 5000
# What a note says of the band of a line.
BANDS = {
    "range": "; band: their range",
    "sd": "; band: one SD to both sides",
    "se": "; band: one SEM to both sides",
    "pi": "; band: 95 % of them",
    "none": "",
}
CROSS: dict[str, Any] = {"ls": "none", "marker": "x", "color": FAILED, "ms": 6, "mew": 1.5}


def draw(figure: Line | Scatter, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw lines or a scatter plot of points, of which at least one is ok."""
    if figure.reference:
        data, points = against_reference(figure, data, points)
    frame = _frame(figure, points)
    notes = _notes(figure, data, frame) + failure_note(points)
    if frame[["x", "y"]].isna().any(axis=1).all():
        reason = f"None of the {len(points)} points has both values that this figure relates."
        return empty_page(figure, data, reason, notes)

    facets = list(frame["col"].cat.categories)
    columns = min(len(facets), 3)
    rows = -(-len(facets) // columns)
    size = (6.9, 3.8) if len(facets) == 1 else (1.7 + 2.7 * columns, 2.6 * rows)
    page = page_of(figure, data, notes, size)
    panels = page.panels(rows, columns, count=len(facets), sharex=True, sharey=True)
    hues = hues_of(points, figure.hue, data.labels)
    styles = styles_of(figure.name, points, figure.style, data.labels)
    parts = [(axes, part) for axes, (_, part) in zip(panels, frame.groupby("col"), strict=True)]
    for axes, part in parts:
        if isinstance(figure, Line):
            _draw_lines(axes, part, hues, styles, figure.errorbar)
        else:
            _draw_marks(axes, part, hues, styles)
        _show_requested(axes, part)
        if figure.col is not None:
            label = data.labels[figure.col]
            heading = f"{label.text} = {part['col'].iloc[0]} {label.unit}"
            axes.set_title(wrapped(heading.rstrip(), 2.6), loc="left")
    y = data.labels[figure.y]
    if _is_mean(figure, frame):
        y = replace(y, mean="over points")
    _finish(figure, data.labels[figure.x], y, panels, columns)
    if not is_numeric(points[figure.x]):
        _name_places(panels, list(texts(points, figure.x).cat.categories))

    groups = [] if figure.style == figure.hue else [hues.listed()]
    groups.append(styles.listed(hues, lines=isinstance(figure, Line)))
    if figure.power_law:
        groups.append(("exponent of fit", draw_fits(parts, hues)))
    failed = int((frame["failed"] & frame["x"].notna()).sum())
    if failed:
        told = f"failed ({failed} point{'s' * (failed > 1)})"
        groups.append(("", [Line2D([], [], label=told, **CROSS)]))
    add_legend(page, panels, groups, hues)
    if isinstance(figure, Line) and figure.ends is not None:
        _mark_ends(figure, data, page, parts, hues)
    return page


def _frame(figure: Line | Scatter, points: pd.DataFrame) -> pd.DataFrame:
    """Put the points into the words of the plot.

    Columns: x (a rank if it holds no numbers), y (NaN where it does not exist or the point
    failed), hue, style, col (texts), failed.
    """
    failed = points["status"] != OK
    x = texts(points, figure.x).cat.codes.astype(float)
    if is_numeric(points[figure.x]):
        x = numbers(figure, points, figure.x)
    y = numbers(figure, points, figure.y).mask(failed)
    return pd.DataFrame(
        {
            "x": x.mask(x <= 0) if figure.log_x else x,
            "y": y.mask(y <= 0) if figure.log_y else y,
            "hue": texts(points, figure.hue),
            "style": texts(points, figure.style),
            "col": texts(points, figure.col),
            "failed": failed,
        }
    )


def _notes(figure: Line | Scatter, data: FigureData, frame: pd.DataFrame) -> list[str]:
    notes = [reference_note(figure, data)] if figure.reference else []
    alive = frame[~frame["failed"]]
    if _is_mean(figure, frame):
        sizes = alive.dropna(subset=["x", "y"]).groupby(["x", "hue", "style", "col"], observed=True)
        least, most = sizes.size().min(), sizes.size().max()
        n = f"n = {most}" if least == most else f"n = {least} to {most}"
        band = BANDS[figure.errorbar] if isinstance(figure, Line) else ""
        notes.append(f"Line: mean of the points at the same place ({n}){band}.")
    for key, log in (("x", figure.log_x), ("y", figure.log_y)):
        missing = int(alive[key].isna().sum())
        if missing:
            text = data.labels[getattr(figure, key)].text
            lacks = "does not exist, or is not positive," if log else "does not exist"
            notes.append(f"{text} {lacks} at {missing} of {len(alive)} points that succeeded.")
    return notes


def _is_mean(figure: Line | Scatter, frame: pd.DataFrame) -> bool:
    """Whether several points share a place on a line."""
    places = frame.dropna(subset=["x", "y"])[["x", "hue", "style", "col"]]
    return isinstance(figure, Line) and bool(places.duplicated().any())


def _draw_lines(axes: Axes, part: pd.DataFrame, hues: Hues, styles: Styles, errorbar: str) -> None:
    """Draw means, with a gap where there is none, and how far spreads what they are of."""
    for hue, style, line in lines_of(part):
        y = _means(line, errorbar)
        colour = hues.colours[hue]
        axes.plot(
            y.index,
            y["mean"],
            color=colour,
            ls=styles.dashes[style],
            marker=styles.markers[style] if len(y) <= MOST_MARKED else None,
            lw=1.6,
            ms=4 if len(y) <= 30 else 3,
            mew=0,
        )
        if (y["high"] > y["low"]).any():
            axes.fill_between(y.index, y["low"], y["high"], color=colour, alpha=0.2, lw=0)


def _means(line: pd.DataFrame, errorbar: str) -> pd.DataFrame:
    """Mean, and the ends of the band, at each x."""
    groups = line.groupby("x")["y"]
    mean = groups.mean()
    low = high = mean
    if errorbar == "range":
        low, high = groups.min(), groups.max()
    elif errorbar == "pi":
        low, high = groups.quantile(0.025), groups.quantile(0.975)
    elif errorbar != "none":
        spread = (groups.std() if errorbar == "sd" else groups.sem()).fillna(0)
        low, high = mean - spread, mean + spread
    return pd.DataFrame({"mean": mean, "low": low, "high": high})


def _draw_marks(axes: Axes, part: pd.DataFrame, hues: Hues, styles: Styles) -> None:
    few = len(part) <= 500
    sns.scatterplot(
        data=part.dropna(subset=["x", "y"]),
        x="x",
        y="y",
        hue="hue",
        style="style",
        palette=hues.colours,
        markers=styles.markers,
        s=26 if few else 12,
        alpha=0.9 if few else 0.7,
        linewidth=0.3,
        rasterized=len(part) > RASTERIZED_FROM,
        legend=False,
        ax=axes,
    )


def _show_requested(axes: Axes, part: pd.DataFrame) -> None:
    """Let the x axis reach over all requested points, and mark on it those that failed."""
    style: dict[str, Any] = {"ls": "none", "transform": axes.get_xaxis_transform()}
    axes.plot(part["x"], np.zeros(len(part)), **style)
    failed = np.unique(part.loc[part["failed"], "x"].dropna())
    if len(failed):
        axes.plot(failed, np.zeros(len(failed)), **style | CROSS, clip_on=False, zorder=5)


def _finish(figure: Line | Scatter, x: Label, y: Label, panels: list[Axes], columns: int) -> None:
    for index, axes in enumerate(panels):
        for key, logarithmic in (("x", figure.log_x), ("y", figure.log_y)):
            if logarithmic:
                make_logarithmic(axes, key)
        below = index + columns >= len(panels)
        axes.set_xlabel(wrapped(x, 2.4) if below else "")
        axes.xaxis.set_tick_params(labelbottom=below)
        axes.set_ylabel(wrapped(y, 2.2) if index % columns == 0 else "")


def _name_places(panels: list[Axes], names: list[str]) -> None:
    slanted = max(map(len, names)) * len(names) > (55 if len(panels) == 1 else 24)
    style: dict[str, Any] = {"rotation": 30, "ha": "right"} if slanted else {}
    for axes in panels:
        axes.set_xticks(range(len(names)), names, **style)
        axes.set_xlim(-0.5, len(names) - 0.5)


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
            columns = {figure.hue: hue, figure.style: style, figure.col: line["col"].iloc[0]}
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
