"""Where lines end because y no longer exists, told in the figure."""

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData, is_numeric
from dendroflow.figures.encoding import Hues, lines_of
from dendroflow.figures.page import Page
from dendroflow.settings.figures import Line

MOST_TOLD = 12


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


def mark_ends(
    figure: Line,
    data: FigureData,
    page: Page,
    parts: Iterable[tuple[Axes, pd.DataFrame]],
    hues: Hues,
) -> None:
    """Draw a dotted rule where a line ends, and tell below the panels what ends there.

    Parameters
    ----------
    parts
        each panel and its points: columns x, y, hue, style, col, failed.

    Raises
    ------
    ConfigurationError
        If x holds no numbers.
    """
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
            text = (figure.ends or "").format(x=x) + (f" ({', '.join(values)})" if values else "")
            rule = axes.axvline(x, color=hues.colours[hue], lw=1, ls=":", zorder=1, label=text)
            told.append((x, text, rule))
    rules = [rule for _, _, rule in sorted(told, key=lambda each: each[:2])]
    if len(rules) > MOST_TOLD:
        between = Line2D([], [], ls="none", label=f"{len(rules) - 2} more lines end in between")
        rules = [rules[0], between, rules[-1]]
    if rules:
        page.canvas.legend(handles=rules, loc="outside lower left")
