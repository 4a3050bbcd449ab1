"""What stands above and below a figure: its title, what it selects, and how many points failed."""

from typing import Any

import pandas as pd

from dendroflow.figures.data import OK, FigureData, shown
from dendroflow.settings.figures import (
    FieldMap,
    Figure,
    Heatmap,
    Histogram,
    Kymograph,
    Line,
    Phase,
    Scatter,
    Table,
    Trace,
)


def title(figure: Figure, data: FigureData) -> str:
    """Return the figure's title, or one that names what it shows."""
    if figure.title:
        return figure.title
    labels = data.labels
    match figure:
        case Line() | Scatter() | Phase():
            return f"{labels[figure.y].headline} against {labels[figure.x].text}"
        case Heatmap():
            x, y = labels[figure.x].text, labels[figure.y].text
            return f"{labels[figure.value].headline} by {x} and {y}"
        case Histogram():
            return f"Distribution of {labels[figure.x].text}"
        case Table():
            return _all(figure.columns, data)
        case Trace():
            return f"{_all(figure.signal_names, data)} over time"
        case FieldMap():
            return f"{labels[figure.signal].headline} around the cell"
        case Kymograph():
            return f"{labels[figure.signal].headline} along the cable over time"
    return f"{labels[figure.signal].headline} along the cell"


def _all(names: tuple[str, ...], data: FigureData) -> str:
    first, *others = (data.labels[name] for name in names)
    return " and ".join([first.headline, *(other.text for other in others)])


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
