"""The figures of an experiment, as they are declared.

Everything that Snakemake and the planner must know of a figure (its files, columns and signals)
follows from the declaration alone; nothing here draws, and no plotting library is imported.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from dendroflow.settings.figures_of_columns import (
    Bar,
    Ecdf,
    Groups,
    Histogram,
    Line,
    Map,
    Pair,
    Scatter,
    Table,
    Targets,
)
from dendroflow.settings.figures_of_signals import (
    FieldMap,
    Kymograph,
    Movie,
    OnePoint,
    Phase,
    Shape,
    Trace,
)

# Dashes and markers that can be told apart.
MOST_STYLES = 7

_OfColumns = Line | Scatter | Groups | Bar | Histogram | Ecdf | Map | Pair | Table | Targets
_OfSignals = Trace | Phase | Kymograph | Shape | Movie | FieldMap
Figure = Annotated[_OfColumns | _OfSignals, Field(discriminator="kind")]


def output_names(figure: Figure) -> tuple[str, ...]:
    """Name the files that a figure is rendered to.

    Examples
    --------
    >>> output_names(Histogram(kind="histogram", x="AP_amplitude", name="amplitude"))
    ('amplitude.svg', 'amplitude.pdf', 'amplitude.png')
    """
    suffixes = (*figure.style.formats, *["html"] * figure.paged)
    return tuple(f"{figure.name}.{suffix}" for suffix in suffixes)


def columns(figure: Figure) -> set[str]:
    """Name the columns of the table of points (parameters, features) that a figure uses."""
    used = _names(figure, figure.columns_of)
    if isinstance(figure, OnePoint) and figure.select:
        used.add(figure.select.column)
    return used | set(getattr(figure, "reference", ())) | set(figure.where)


def times(figure: Figure) -> dict[str, float]:
    """The latest time that each key of a figure needs, ms."""
    found = {}
    if window := getattr(figure, "window", None):
        found["window"] = window[0]
    if several := getattr(figure, "times", None):
        found["times"] = max(several)
    if isinstance(figure, Shape) and isinstance(figure.at, float):
        found["at"] = figure.at + figure.offset
    return found


def numeric(figure: Figure) -> set[str]:
    """Name the columns that must hold numbers."""
    used = _names(figure, figure.numbers_of)
    if isinstance(figure, OnePoint) and figure.select:
        used.add(figure.select.column)
    return used | ({figure.x} if isinstance(figure, Line) and figure.ends else set())


def signals(figure: Figure) -> set[str]:
    """Name the recorded signals that a figure uses."""
    used = _names(figure, figure.signals_of)
    if isinstance(figure, Shape) and not isinstance(figure.at, float):
        used.add(figure.at.signal)
    return used


def _names(figure: Figure, keys: Sequence[str]) -> set[str]:
    """What the keys hold: nothing, a name, or several."""
    given = [getattr(figure, key) or () for key in keys]
    return {name for value in given for name in ((value,) if isinstance(value, str) else value)}


def check_names(figures: Sequence[Figure]) -> Sequence[Figure]:
    """Return figures; a `ValueError` if two of them would be rendered to the same files."""
    seen: dict[str, int] = {}
    for position, figure in enumerate(figures, start=1):
        first = seen.setdefault(figure.name, position)
        if first != position:
            raise ValueError(
                f"figures {first} and {position} are both named {figure.name!r}; "
                "give one of them another `name`"
            )
    return figures
