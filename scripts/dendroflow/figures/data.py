"""What a figure is drawn from, and how its points are selected."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dendroflow.errors import ConfigurationError, StoreError
from dendroflow.settings.conditions import is_wanted
from dendroflow.settings.figures import Figure

OK = "ok"
UNORDERED = frozenset({"point_id", "status", "error", "runtime_s"})


@dataclass(frozen=True)
class Label:
    """What a column or a signal is called in a figure, with its unit ("" if it has none).

    Attributes
    ----------
    mean
        of a mean, of what.
    factor
        what stored values are multiplied by to be in this unit.
    """

    text: str
    unit: str
    mean: str = ""
    factor: float = 1.0

    def __str__(self) -> str:
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.text}{f', mean {self.mean}' if self.mean else ''}{unit}"

    def quantity(self, value: Any) -> str:
        """A value in this unit, such as "6.3 °C"."""
        return f"{shown(value)} {self.unit}".rstrip()

    def number(self, stored: Any) -> str:
        """A stored value as it is in this unit, without it."""
        return shown(
            stored if self.factor == 1 or isinstance(stored, str) else stored * self.factor
        )

    def fitting(self, values: Any, *, decades: bool = False) -> "Label":
        """The label with a prefix of its unit that suits values, such as nM for 1e-5 mM.

        Parameters
        ----------
        values
            as they are stored; NaN and infinity do not count.
        decades
            whether it is the middle of values over decades that counts, and not the largest.
        """
        found = _SCALED.fullmatch(self.unit)
        sizes = np.abs(np.asarray(values, dtype=float).ravel())
        sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
        if found is None or not len(sizes):
            return self
        largest, least = float(sizes.max()), float(sizes.min())
        typical = math.sqrt(largest * least) if decades and largest >= 100 * least else largest
        if 0.01 <= typical < 1e4:
            return self
        power = _PREFIXES[found["prefix"] or ""] + 3 * math.floor(math.log10(typical) / 3)
        power = min(max(power, -15), 0 if found["base"] == "s" else 9)
        prefix = next(name for name, own in _PREFIXES.items() if own == power)
        factor = 10.0 ** (_PREFIXES[found["prefix"] or ""] - power)
        unit = f"{prefix}{found['base']}{found['rest']}"
        return replace(self, unit=unit, factor=self.factor * factor)


_PREFIXES = {"": 0, "f": -15, "p": -12, "n": -9, "µ": -6, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9}
# Lengths and areas are not among them: no one speaks of kµm or of mcm².
_SCALED = re.compile(
    r"(?P<prefix>[fpnµumkMG]?)(?P<base>A|V|S|M|s|Hz|Ω|ohm|F|mol|W)(?P<rest>(/.*)?)"
)


def labels_of(described: Iterable[Mapping[str, Any]]) -> dict[str, Label]:
    """The labels of described columns, by name; what is swept and called alike adds its name."""
    columns = list(described)
    count = Counter((c["meaning"], c["unit"]) for c in columns if c["kind"] == "swept")
    labels = {}
    for c in columns:
        alike = c["kind"] == "swept" and count[c["meaning"], c["unit"]] > 1
        mean = "of each point" if c.get("mean") else ""
        labels[c["name"]] = Label(c["meaning"] + f", {c['name']}" * alike, c["unit"], mean)
    return labels


@dataclass(frozen=True)
class FigureData:
    """What the figures of one experiment are drawn from.

    Attributes
    ----------
    experiment
        name of the experiment.
    title
        title of the experiment; it heads every figure.
    points
        a row for each requested point: point_id, swept parameters, features, status, error.
        A feature that does not exist is null.
    labels
        text and unit of every column and signal.
    read_traces
        (point ids, signals) -> rows of `dendroflow.tables.schemas.TRACES`.
    swept
        columns of the swept parameters; they tell a single point apart from the others.
    targets
        feature -> `mean` and `sd` of what it should be.
    read_recordings
        a signal -> rows of `dendroflow.tables.recordings.TRACES_BESIDE` that belong to it.
    runs
        what became of each point under each protocol; empty where there are none.
    time_unit
        unit of the times of traces.
    read_values
        a feature -> point_id and value of all values of those points that have any.
    """

    experiment: str
    title: str
    points: pd.DataFrame
    labels: Mapping[str, Label]
    read_traces: Callable[[Sequence[str], Sequence[str]], pa.Table]
    swept: tuple[str, ...] = ()
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    read_recordings: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _: ()
    runs: pd.DataFrame = field(default_factory=pd.DataFrame)
    time_unit: str = "ms"
    read_values: Callable[[str], pd.DataFrame] = lambda _: pd.DataFrame(
        columns=["point_id", "value"]
    )

    def label(self, column: str) -> Label:
        """Text and unit of a column, which may be one that has none, such as `status`."""
        return self.labels.get(column) or Label(column, "")

    def swept_values(self, point: "pd.Series[Any]", columns: Sequence[str] | None = None) -> str:
        """Values of swept parameters of a point, such as "temperature = 6.3 °C"."""
        return ", ".join(
            f"{self.labels[c].text} = {self.labels[c].quantity(point[c])}"
            for c in (self.swept if columns is None else columns)
            if not is_null(point[c])
        )


def in_fitting_units(
    figure: Figure, data: FigureData, points: pd.DataFrame
) -> tuple[FigureData, pd.DataFrame]:
    """Put the columns that a figure shows into units whose prefixes fit their values."""
    names = {
        name
        for key in figure.columns_of
        for name in as_tuple(getattr(figure, key))
        # What the user has written into the text for the ends of lines is in the stored unit.
        if not (key == "x" and getattr(figure, "ends", None))
    }
    labels = {}
    for name in sorted(names.intersection(data.labels)):
        if is_numeric(points[name]):
            stored = points[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            labels[name] = data.labels[name].fitting(stored, decades=name in data.swept)
    labels = {name: label for name, label in labels.items() if label.factor != 1}
    scaled = {name: points[name] * label.factor for name, label in labels.items()}
    return replace(data, labels={**data.labels, **labels}), points.assign(**scaled)


def as_tuple(names: Any) -> tuple[str, ...]:
    """What a key of a figure names: nothing, one, or several."""
    return (names,) if isinstance(names, str) else tuple(names or ())


def shown(value: Any) -> str:
    """Write a value as it stands in legends and titles."""
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def is_null(value: Any) -> bool:
    """Whether a value of a table is missing."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def is_numeric(values: "pd.Series[Any]") -> bool:
    """Whether values can lie on a continuous axis."""
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    return numeric or bool(values.isna().all())


def numbers(figure: Figure, points: pd.DataFrame, column: str) -> "pd.Series[float]":
    """A column as numbers, NaN where it is null or infinite.

    Raises
    ------
    ConfigurationError
        If the column holds something else.
    """
    if not is_numeric(points[column]):
        raise ConfigurationError(
            f"figure {figure.name}: column {column} does not hold numbers; "
            "use it as `hue`, `style` or in `where`"
        )
    values = points[column].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return pd.Series(np.where(np.isfinite(values), values, np.nan), index=points.index)


def levels(values: "pd.Series[Any]") -> list[Any]:
    """The distinct values that are not null, in order."""
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.ordered:
        return [v for v in values.cat.categories if (values == v).any()]
    return sorted({v for v in values.tolist() if not is_null(v)}, key=_order)


def select_points(figure: Figure, data: FigureData) -> pd.DataFrame:
    """Select the points that `where` leaves, in an order that depends on their values alone.

    A point that did not succeed stays if the condition is on a feature, which it cannot have.
    """
    points = data.points
    for column, wanted in figure.where.items():
        found = [is_wanted(None if is_null(v) else v, wanted) for v in points[column]]
        match = pd.Series(found, index=points.index, dtype=bool)
        points = points[match | ((points["status"] != OK) & points[column].isna())]
    order = [*(c for c in points.columns if c not in UNORDERED), "point_id"]
    return points.sort_values(order, key=lambda column: column.map(_order), ignore_index=True)


def with_status_of_runs(
    points: pd.DataFrame, signals: Iterable[str], runs: pd.DataFrame
) -> pd.DataFrame:
    """Points with the status of what a figure draws: a run that is not ok has no traces.

    Parameters
    ----------
    signals
        names such as `step1_soma_v`.
    runs
        point_id, protocol, status and error; empty where there are no protocols.
    """
    if runs.empty:
        return points
    protocols = runs["protocol"].unique()
    drawn = {
        max((name for name in protocols if signal.startswith(f"{name}_")), key=len)
        for signal in signals
    }
    lost = runs[runs["protocol"].isin(drawn) & (runs["status"] != OK)]
    lost = lost.drop_duplicates("point_id").set_index("point_id")
    points, there = points.copy(), points["point_id"].isin(lost.index)
    for column in ("status", "error"):
        points.loc[there, column] = points.loc[there, "point_id"].map(lost[column])
    return points


def thinned(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most that many rows, as even as can be, the first and the last among them."""
    rows = np.linspace(0, len(table) - 1, min(len(table), most)).round().astype(int)
    return table.iloc[np.unique(rows)]


def read_rows(
    figure: Figure, data: FigureData, point_ids: Sequence[str], names: Sequence[str]
) -> pd.DataFrame:
    """Read traces of signals, with their times, in the order of points, signals and rows.

    Returns
    -------
    DataFrame
        the columns of TRACES; `t` always holds the times, ms.

    Raises
    ------
    StoreError
        If a point has no trace of a signal.
    """
    rows: pd.DataFrame = data.read_traces(list(point_ids), list(names)).to_pandas()
    wanted = pd.MultiIndex.from_product([point_ids, names])
    lost = wanted.difference(pd.MultiIndex.from_frame(rows[["point_id", "signal"]]))
    if len(lost):
        raise StoreError(
            f"figure {figure.name}: no trace of {lost[0][1]} is stored for point {lost[0][0]}; "
            "simulate it again, and keep its traces"
        )
    times: list[Any] = [
        t0 + dt * np.arange(len(values)) if np.isfinite(dt) else np.asarray(t, dtype=float)
        for t, t0, dt, values in rows[["t", "t0", "dt", "values"]].to_numpy()
    ]
    return rows.assign(t=times)


def _order(value: Any) -> tuple[int, float, str]:
    """Return a key that sorts numbers first, by value, then texts, then nulls."""
    if is_null(value):
        return (2, 0.0, "")
    if isinstance(value, int | float | np.number):
        return (0, float(value), "")
    return (1, 0.0, str(value))
