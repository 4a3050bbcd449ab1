"""Lines and scatter plots: relations between columns of the table of points."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogFormatter, MaxNLocator, ScalarFormatter

from dendroflow.figures.data import OK, FigureData, is_numeric, levels, numbers, shown
from dendroflow.figures.encoding import (
    NO_VALUE,
    Hues,
    Styles,
    add_legend,
    failed_group,
    hues_of,
    styles_of,
    texts,
)
from dendroflow.figures.ends import find_ends, mark_ends
from dendroflow.figures.page import (
    FAILED,
    Page,
    add_room,
    empty_page,
    failure_note,
    literal,
    subtitle,
    title,
    wrapped,
)
from dendroflow.figures.power_law import draw_fits
from dendroflow.figures.references import against_reference, reference_note
from dendroflow.settings.figures import Line, Scatter

MOST_MARKED = 100
RASTERIZED_FROM = 5000


def draw(figure: Line | Scatter, data: FigureData, points: pd.DataFrame) -> Page:
    """Draw lines or a scatter plot of points, of which at least one is ok."""
    if figure.reference:
        data, points = against_reference(figure, data, points)
    frame, ticks = _frame(figure, points)
    notes = _notes(figure, data, frame) + failure_note(points)
    if frame[["x", "y"]].isna().any(axis=1).all():
        reason = f"None of the {len(points)} points has both values that this figure relates."
        return empty_page(figure, data, reason, notes)

    facets = _facets(points[figure.col]) if figure.col else [""]
    columns = min(len(facets), 3)
    rows = -(-len(facets) // columns)
    size = (6.9, 3.8) if len(facets) == 1 else (1.7 + 2.7 * columns, 2.6 * rows)
    page = Page(title(figure, data), subtitle(figure, data), notes, size)
    grid = page.canvas.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)[: len(facets)]
    for spare in list(grid.flat)[len(facets) :]:
        spare.set_axis_off()

    hues = hues_of(points[figure.hue] if figure.hue else None, _label(data, figure.hue))
    styles = styles_of(
        figure.name, points[figure.style] if figure.style else None, _label(data, figure.style)
    )
    parts = [frame[frame["col"] == facet] for facet in facets]
    for facet, part, axes in zip(facets, parts, panels, strict=True):
        _draw_panel(figure, part, axes, hues, styles)
        if figure.col is not None:
            label = data.labels[figure.col]
            axes.set_title(
                wrapped(f"{label.text} = {facet} {label.unit}".rstrip(), 2.6), loc="left"
            )
    _finish(figure, data, panels, columns, ticks)
    _show_all_of_x(figure, panels[0], frame, ticks)
    _mark_failed(panels, parts)
    styled = styles.group(hues, lines=isinstance(figure, Line))
    coloured = None if figure.style == figure.hue else hues.group()
    failed = failed_group(int((frame["failed"] & frame["x"].notna()).sum()))
    fits = draw_fits(panels, parts, hues) if figure.power_law else None
    add_legend(page, panels[columns - 1], [coloured, styled, fits, failed], hues)
    if isinstance(figure, Line) and figure.ends is not None:
        mark_ends(page, panels, [find_ends(figure, data, part, hues) for part in parts])
    return page


def _label(data: FigureData, column: str | None) -> Any:
    return None if column is None else data.labels[column]


class PlainLogFormatter(LogFormatter):
    """Ticks of a logarithmic axis as plain numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write `x`, or nothing where the labels would be too many."""
        low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
        if low > 0 and 0.4 < math.log10(high / low) < 1.2:
            # About a decade: matplotlib would label more of it than there is space for.
            return f"{x:g}" if f"{x:e}"[:3] in ("1.0", "2.0", "5.0") else ""
        return f"{x:g}" if super().__call__(x, pos) else ""


def _scale(axis: Axis, set_scale: Callable[[str], None], *, logarithmic: bool) -> None:
    """Choose ticks whose labels are plain numbers, level, and few enough not to overlap."""
    if logarithmic:
        set_scale("log")
        axis.set_major_formatter(PlainLogFormatter())
        axis.set_minor_formatter(PlainLogFormatter())
        axis.set_tick_params(which="both", length=4, pad=4)
    else:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        plain = ScalarFormatter(useMathText=True)
        plain.set_powerlimits((-3, 5))
        axis.set_major_formatter(plain)


def _facets(values: "pd.Series[Any]") -> list[str]:
    return [*map(shown, levels(values)), *[NO_VALUE] * bool(values.isna().any())]


def _frame(figure: Line | Scatter, points: pd.DataFrame) -> tuple[pd.DataFrame, list[str] | None]:
    """The points in the words of the plot, and the tick labels of x if it holds no numbers.

    Columns: x, y (NaN where it does not exist or the point failed), hue, style, col (texts),
    failed.
    """
    failed = points["status"] != OK
    ticks = None
    if is_numeric(points[figure.x]):
        x = numbers(figure, points, figure.x)
    else:
        steps = levels(points[figure.x])
        ticks = [shown(step) for step in steps]
        x = points[figure.x].map({step: float(i) for i, step in enumerate(steps)})
    y = numbers(figure, points, figure.y).mask(failed)
    frame = pd.DataFrame(
        {"x": x.mask(x <= 0) if figure.log_x else x, "y": y.mask(y <= 0) if figure.log_y else y}
    )
    for key in ("hue", "style", "col"):
        column = getattr(figure, key)
        frame[key] = texts(points[column]) if column else ""
    return frame.assign(failed=failed), ticks


def _notes(figure: Line | Scatter, data: FigureData, frame: pd.DataFrame) -> list[str]:
    notes = [reference_note(figure, data)] if figure.reference else []
    alive = frame[~frame["failed"]]
    groups = alive.dropna(subset="y").groupby(["x", "hue", "style", "col"])
    if isinstance(figure, Line) and len(groups) and groups.size().max() > 1:
        notes.append("Line: mean of the points at the same place; band: their range.")
    for key, log in (("x", figure.log_x), ("y", figure.log_y)):
        missing = int(alive[key].isna().sum())
        if missing:
            text = data.labels[getattr(figure, key)].text
            lacks = "does not exist, or is not positive," if log else "does not exist"
            notes.append(f"{text} {lacks} at {missing} of {len(alive)} points that succeeded.")
    return notes


def _draw_panel(
    figure: Line | Scatter, part: pd.DataFrame, axes: Axes, hues: Hues, styles: Styles
) -> None:
    styled: dict[str, Any] = {"hue": "hue", "palette": hues.colours, "legend": False, "ax": axes}
    if isinstance(figure, Scatter):
        shape: dict[str, Any] = {"marker": "o"}
        if figure.style:
            shape = {"style": "style", "markers": styles.markers}
        sns.scatterplot(
            data=part.dropna(subset=["x", "y"]),
            x="x",
            y="y",
            s=26 if len(part) <= 500 else 12,
            linewidth=0.3,
            alpha=0.9 if len(part) <= 500 else 0.7,
            rasterized=len(part) > RASTERIZED_FROM,
            **shape,
            **styled,
        )
        return
    means = _means(part)
    marker = "o" if means["x"].nunique() <= MOST_MARKED else None
    shape = {"marker": marker}
    if figure.style:
        shape = {"style": "style", "dashes": styles.dashes, "markers": styles.markers}
    sns.lineplot(
        data=means.dropna(subset="y"),
        x="x",
        y="y",
        units="stretch",
        estimator=None,
        linewidth=1.6,
        markersize=4 if len(means) <= 60 else 3,
        markeredgewidth=0,
        **shape,
        **styled,
    )
    for (hue, _, _), line in means.dropna(subset="y").groupby(["hue", "style", "stretch"]):
        if (line["high"] > line["low"]).any():
            axes.fill_between(
                line["x"], line["low"], line["high"], color=hues.colours[str(hue)], alpha=0.2, lw=0
            )


def _means(part: pd.DataFrame) -> pd.DataFrame:
    """Mean, lowest and highest y for each place of each line.

    A `stretch` is a part of a line that no place without y interrupts; it is drawn in one go.
    """
    groups = part.dropna(subset="x").groupby(["hue", "style", "x"], sort=True)["y"]
    means = groups.agg(["mean", "min", "max"]).reset_index()
    means.columns = pd.Index(["hue", "style", "x", "y", "low", "high"])
    changed = means[["hue", "style"]].ne(means[["hue", "style"]].shift()).any(axis=1)
    return means.assign(stretch=(means["y"].isna() | changed).cumsum())


def _finish(
    figure: Line | Scatter,
    data: FigureData,
    panels: list[Axes],
    columns: int,
    ticks: list[str] | None,
) -> None:
    for index, axes in enumerate(panels):
        _scale(axes.xaxis, axes.set_xscale, logarithmic=figure.log_x)
        _scale(axes.yaxis, axes.set_yscale, logarithmic=figure.log_y)
        below = index + columns >= len(panels)
        axes.set_xlabel(wrapped(data.labels[figure.x], 2.4) if below else "")
        axes.xaxis.set_tick_params(labelbottom=below)
        axes.set_ylabel(wrapped(data.labels[figure.y], 2.2) if index % columns == 0 else "")
        axes.grid(visible=True, color="#e6e6e6", linewidth=0.6)
        axes.set_axisbelow(True)
        if ticks is not None:
            slanted = max(map(len, ticks)) * len(ticks) > (55 if len(panels) == 1 else 24)
            axes.set_xticks(
                range(len(ticks)),
                list(map(literal, ticks)),
                rotation=30 if slanted else 0,
                ha="right" if slanted else "center",
            )


def _show_all_of_x(
    figure: Line | Scatter, axes: Axes, frame: pd.DataFrame, ticks: list[str] | None
) -> None:
    """Let the x axis reach over all requested points, also those without y."""
    if ticks is not None:
        axes.set_xlim(-0.5, len(ticks) - 0.5)
        return
    x = frame["x"]
    transform = axes.xaxis.get_transform()
    low, high = transform.transform(np.array([x.min(), x.max()], dtype=float))
    pad = 0.03 * (high - low) or 0.05 * abs(high) or 0.5
    axes.set_xlim(*transform.inverted().transform(np.array([low - pad, high + pad])))


def _mark_failed(panels: list[Axes], parts: list[pd.DataFrame]) -> None:
    """Crosses along the x axis where points failed, below all that is drawn."""
    places = [np.unique(part.loc[part["failed"], "x"].dropna()) for part in parts]
    if not any(map(len, places)):
        return
    add_room(panels[0], below=0.07)
    for x, axes in zip(places, panels, strict=True):
        if not len(x):
            continue
        axes.plot(
            x,
            np.full(len(x), 0.025),
            ls="none",
            marker="x",
            color=FAILED,
            ms=6,
            mew=1.5,
            transform=axes.get_xaxis_transform(),
            label="failed",
            clip_on=False,
            zorder=5,
        )
