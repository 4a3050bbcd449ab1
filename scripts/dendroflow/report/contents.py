"""What the report says of each experiment, from the database and the folder of its figures."""

import base64
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dendroflow import layout
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import Configuration
from dendroflow.tables.database import quoted, reading

# Formats of one figure: the first that is there is shown. Large drawings are shown as pixels.
SHOWN = {".svg": "image/svg+xml", ".png": "image/png"}
LARGEST_DRAWING = 1_000_000
REASONS_AT_MOST = 3
VERSIONS = ("dendroflow", "neuron", "snakemake", "python")


@dataclass(frozen=True)
class Figure:
    """One figure: its picture as a data: URL, its interactive page, and its files."""

    title: str
    caption: str
    picture: str
    page: str
    files: Sequence[str]


@dataclass(frozen=True)
class Row:
    """A column of the experiment's table: its values in a few numbers or words."""

    meaning: str
    name: str
    kind: str
    unit: str
    values: str
    missing: int


@dataclass(frozen=True)
class Setting:
    """What was the same at all points of an experiment."""

    path: str
    value: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Part:
    """All that the page shows of one experiment."""

    name: str
    title: str
    description: str
    points: int
    failed: int
    reasons: Sequence[str]
    engine: str
    rows: Sequence[Row]
    settings: Sequence[Setting]
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Contents:
    """What report and archive say of a configuration.

    Attributes
    ----------
    versions
        with what the points were simulated, and the `date`.
    cells
        of each morphology: its name, whom to cite, and where it comes from.
    """

    parts: Sequence[Part]
    versions: Mapping[str, str]
    cells: Sequence[tuple[str, list[str]]]

    @property
    def engines(self) -> set[str]:
        """The engines that have advanced the cells."""
        return {part.engine for part in self.parts}


def read(configuration: Configuration, results: Path) -> Contents:
    """Read what came out of a configuration whose database is there."""
    with reading(layout.DATABASE.below(results)) as database:
        parts = [
            _part(database, name, experiment, results)
            for name, experiment in configuration.experiments.items()
        ]
        return Contents(
            parts, _versions(database, list(configuration.experiments)), _cells(database)
        )


def _part(database: sqlite3.Connection, name: str, experiment: Experiment, results: Path) -> Part:
    """Read one experiment from the database, and its figures from the results."""
    table = quoted(name)
    points, failed = database.execute(
        f"SELECT COUNT(*), COALESCE(SUM(status <> 'ok'), 0) FROM {table}"
    ).fetchone()
    reasons = database.execute(
        "SELECT COUNT(*), status, error FROM failures WHERE experiment = ? "
        "GROUP BY status, error ORDER BY 1 DESC, 2, 3",
        [name],
    ).fetchall()
    told = [f"{count} x {status}: {error}" for count, status, error in reasons[:REASONS_AT_MOST]]
    if len(reasons) > REASONS_AT_MOST:
        told.append(f"and {len(reasons) - REASONS_AT_MOST} more reasons, in failures.csv")
    (engine,) = database.execute(
        "SELECT engine FROM experiments WHERE experiment = ?", [name]
    ).fetchone()
    settings = database.execute(
        "SELECT path, value, unit, meaning FROM settings WHERE experiment = ? ORDER BY path", [name]
    )
    return Part(
        name,
        experiment.title,
        experiment.description,
        points,
        failed,
        told,
        engine,
        _rows(database, name, points),
        [Setting(path, _exact(value), unit, meaning) for path, value, unit, meaning in settings],
        _figures(name, experiment, results, _meanings(database, name)),
    )


def _rows(database: sqlite3.Connection, name: str, points: int) -> list[Row]:
    found = []
    columns = database.execute(
        "SELECT name, kind, unit, meaning FROM columns "
        "WHERE experiment = ? AND kind IN ('swept', 'feature', 'morphometric')",
        [name],
    ).fetchall()
    for column, kind, unit, meaning in columns:
        value = quoted(column)
        count, different, least, mean, largest, texts = database.execute(
            f"SELECT COUNT({value}), COUNT(DISTINCT {value}), MIN({value}), AVG({value}), "
            f"MAX({value}), SUM(typeof({value}) = 'text') FROM {quoted(name)}"
        ).fetchone()
        if not count:
            values = "none"
        elif texts:
            values = f"{different} different, such as {least}" if different > 1 else str(least)
        elif different == 1:
            values = _short(least)
        elif kind == "swept":
            values = f"{_short(least)} to {_short(largest)}, {different} values"
        else:
            values = f"{_short(least)} to {_short(largest)}, mean {_short(mean)}"
        found.append(Row(meaning, column, kind, unit, values, points - count))
    return found


def _exact(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else _short(value)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value)


def _meanings(database: sqlite3.Connection, name: str) -> dict[str, str]:
    """What the columns and signals of an experiment are, by name."""
    rows = database.execute("SELECT name, meaning FROM columns WHERE experiment = ?", [name])
    return dict(rows)


def _figures(
    name: str, experiment: Experiment, results: Path, meanings: Mapping[str, str]
) -> list[Figure]:
    folder = layout.FIGURES.below(results, experiment=name)
    return [
        figure_of(results, folder, each.name, each.title or "", caption)
        for each, caption in (
            *((figure, figure.said(meanings)) for figure in experiment.figures),
            *((figure, figure.caption) for figure in experiment.own_figures),
        )
        if any(folder.glob(f"{each.name}.*"))
    ]


def figure_of(results: Path, folder: Path, name: str, title: str, caption: str) -> Figure:
    """Read the files of one figure."""
    files = sorted(folder.glob(f"{name}.*"))
    page = next((path for path in files if path.suffix == ".html"), None)
    return Figure(
        title,
        caption,
        _picture(files),
        page.read_text(encoding="utf-8") if page else "",
        [str(path.relative_to(results)) for path in files],
    )


def _picture(files: Sequence[Path]) -> str:
    drawn = {path.suffix: path for path in files if path.suffix in SHOWN}
    for suffix, kind in SHOWN.items():
        path = drawn.get(suffix)
        if path and (path.stat().st_size <= LARGEST_DRAWING or len(drawn) == 1):
            return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
    return ""


def _versions(database: sqlite3.Connection, names: Sequence[str]) -> dict[str, str]:
    """With what the points of some experiments were simulated, and when."""
    listed = ", ".join("?" * len(names))
    rows = database.execute(
        "SELECT key, value FROM provenance JOIN batches USING (batch) "
        f"WHERE experiment IN ({listed}) GROUP BY key, value",
        names,
    ).fetchall()
    values: dict[str, list[str]] = {}
    for key, value in rows:
        values.setdefault(key, []).append(str(value))
    dates = [date[:16].replace("T", " ") for date in sorted(values.get("date", []))]
    found = {key: ", ".join(sorted(values[key])) for key in VERSIONS if key in values}
    when = " to ".join(dict.fromkeys([*dates[:1], *dates[-1:]]))
    return found | ({"date": when} if when else {})


def _cells(database: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    """Whom to cite for each morphology, and where it comes from."""
    rows = database.execute(
        "SELECT morphology, address, citations FROM morphologies ORDER BY morphology"
    )
    return [(name, [*(said or "").splitlines(), str(address)]) for name, address, said in rows]
