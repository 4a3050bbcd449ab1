"""What stands above and below a figure: title, what it selects, and how many points failed."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dendroflow.figures.data import OK, FigureData
from dendroflow.figures.page import Page, Slot
from dendroflow.settings.conditions import Condition
from dendroflow.settings.figures import Figure


def title(figure: Figure, data: FigureData) -> str:
    """Return the figure's title, or one that names what it shows."""
    if figure.title:
        return figure.title
    words = {}
    for key in (*figure.signals_of, *figure.columns_of):
        names = getattr(figure, key) or ()
        names = (names,) if isinstance(names, str) else names
        words[key] = " and ".join(data.label(name).text for name in names)
    text = figure.shows.format_map(words)
    first = text.split(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def subtitle(figure: Figure, data: FigureData, point: "pd.Series[Any] | None") -> str:
    """Return the experiment's title, what the figure selects, and all values of a single point."""
    parts = [data.title]
    for column, wanted in figure.where.items():
        if point is not None and column in data.swept:
            continue
        label = data.label(column)
        if isinstance(wanted, Condition):
            parts.append(f"{label.text} {wanted.words(label.number)} {label.unit}".rstrip())
            continue
        values = [label.number(v) for v in (wanted if isinstance(wanted, tuple) else (wanted,))]
        if len(values) > 4:
            values[2:-1] = ["…"]
        parts.append(f"{label.text} = {', '.join(values)} {label.unit}".rstrip())
    if point is not None and data.swept:
        parts.append(data.swept_values(point))
    return " · ".join(parts)


def failure_note(points: pd.DataFrame) -> list[str]:
    """Warn how many points failed, and how; empty if none did."""
    bad = points.loc[points["status"] != OK, "status"].fillna("missing")
    if bad.empty:
        return []
    kinds = ", ".join(f"{count} {status}" for status, count in sorted(bad.value_counts().items()))
    return [f"!{len(bad)} of {len(points)} points did not succeed: {kinds}."]


def page_of(
    figure: Figure,
    data: FigureData,
    slot: Slot,
    notes: Sequence[str],
    height: float,
    *,
    drawn: pd.DataFrame | None = None,
) -> Page:
    """Make the page of a figure.

    Parameters
    ----------
    height
        of the part for the axes, mm.
    drawn
        the points whose traces are drawn; a single one is named in the heading.
    """
    point = drawn.iloc[0] if drawn is not None and len(drawn) == 1 else None
    return Page(slot, title(figure, data), subtitle(figure, data, point), notes, height)


def empty_page(
    figure: Figure, data: FigureData, slot: Slot, reason: str, notes: Sequence[str]
) -> Page:
    """Make a page that says why it shows nothing."""
    page = page_of(figure, data, slot, notes, 38)
    if figure.paged:
        page.reason = reason
    page.say(reason)
    return page
