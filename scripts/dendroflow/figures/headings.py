"""What stands above and below a figure: its title, what it selects, and how many points failed."""

from typing import Any

import pandas as pd

from dendroflow.figures.data import OK, FigureData, shown
from dendroflow.settings.figures import Figure

# Titles of figures that have none, from the labels of their columns and signals.
TITLES = {
    "line": "{y} against {x}",
    "scatter": "{y} against {x}",
    "phase": "{y} against {x}",
    "heatmap": "{value} by {x} and {y}",
    "histogram": "distribution of {x}",
    "trace": "{signal} over time",
    "kymograph": "{signal} along the cable over time",
    "shape": "{signal} along the cell",
    "movie": "{signal} along the cell",
    "field": "{signal} around the cell",
    "table": "{columns}",
}


def title(figure: Figure, data: FigureData) -> str:
    """Return the figure's title, or one that names what it shows."""
    if figure.title:
        return figure.title
    words = {}
    for key in (*figure.signals_of, *figure.columns_of):
        names = getattr(figure, key) or ()
        names = (names,) if isinstance(names, str) else names
        words[key] = " and ".join(data.label(name).text for name in names)
    text = TITLES[figure.kind].format_map(words)
    first = text.split(" ")[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def subtitle(figure: Figure, data: FigureData, point: "pd.Series[Any] | None") -> str:
    """Return the experiment's title, what the figure selects, and all values of a single point."""
    parts = [data.title]
    for column, wanted in figure.where.items():
        if point is not None and column in data.swept:
            continue
        values = list(map(shown, wanted if isinstance(wanted, tuple) else (wanted,)))
        if len(values) > 4:
            values[2:-1] = ["…"]
        label = data.label(column)
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
