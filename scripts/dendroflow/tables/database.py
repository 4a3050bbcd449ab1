"""The SQLite database of all experiments of a configuration."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dendroflow.files import replacing

ROWS_AT_ONCE = 10_000

# The tables that are not an experiment's, with what each column means; also in docs/database.md.
TABLES = {
    "experiments": {
        "experiment": "name; also of its table of points",
        "title": "title",
        "description": "what it asks",
        "model": "folder of config/models",
        "points": "number of requested points",
        "failed": "number of those whose status is not ok",
        "sweep": "the declared sweep, seeds included (JSON); NULL if parameters are optimised",
        "optimise": "the declared optimisation, reference and seed included (JSON), or NULL",
        "fixed": "path -> value of all that is neither swept nor optimised (JSON)",
        "features": "the declared features with eFEL's settings (JSON)",
        "recipe": "names the code behind the simulations",
        "measures": "names the code and settings behind the features",
        "measured_with": "versions of eFEL and of the library's code for features (JSON)",
        "digest": "sha256 of the rows of its table of points, in their order",
    },
    "columns": {
        "experiment": "name of the table",
        "name": "name of the column",
        "kind": "swept, feature or bookkeeping",
        "unit": "unit, empty if it has none",
        "meaning": "what it is",
    },
    "feature_values": {
        "experiment": "name of the table that holds the point",
        "point_id": "the point",
        "feature": "column of that table, which holds the mean",
        "position": "0, 1, 2, ... in order of time",
        "value": "value, such as that of one spike",
    },
    "morphologies": {
        "morphology": "name in config/morphologies.yaml",
        "sha256": "of the data lines",
        "address": "where it comes from",
        "citations": "whom to cite, one per line",
        "metadata": "NeuroMorpho.Org's record and all else that came with it (JSON)",
    },
    "batches": {
        "batch": "name; a hash of experiment, recipe and points",
        "experiment": "experiment",
        "recipe": "names the code that simulated it",
        "points": "number of points it holds, requested or not",
    },
    "provenance": {
        "batch": "batch, joined with the points' column batch",
        "key": "such as neuron, git_commit, date, model_code, mechanisms",
        "value": "text",
    },
    "audits": {
        "experiment": "name of the table that holds the point",
        "point_id": "the point that was simulated again, alone",
        "batch": "batch that holds it",
        "compared": "status, and where they are kept traces, and features",
        "verdict": "same: to the last bit; differs",
        "difference": "what differs first, in one line; NULL if nothing does",
        "seed": "of the sample",
        "date": "when (UTC)",
        "audited_with": "versions, machine and state of the checkout then (JSON)",
    },
}


@dataclass(frozen=True)
class ExperimentRows:
    """Everything about one experiment that goes into the database.

    `points` and `feature_values` are tables from `stores.gathering.gather`; `columns` and `audits`
    have a mapping per row, without the experiment.
    """

    name: str
    points: pa.Table
    feature_values: pa.Table
    facts: Mapping[str, Any]
    columns: Sequence[Mapping[str, Any]]
    batches: Mapping[str, Mapping[str, Any]]
    audits: Sequence[Mapping[str, Any]] = ()


def build_database(
    path: Path,
    experiments: Iterable[ExperimentRows],
    morphologies: Sequence[Mapping[str, Any]],
    *,
    earlier: Path | None = None,
) -> None:
    """Build the database whole and move it into place.

    Parameters
    ----------
    experiments
        read one after the other, so that one at a time is in memory.
    morphologies
        a mapping per row, as in `TABLES`.
    earlier
        a database of before, perhaps the one at `path`. Rows with which a table of points still
        begins are copied from it, five times as fast as they are written.
    """
    with replacing(path) as temporary:
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(temporary)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            if earlier is not None:
                connection.execute("ATTACH ? AS earlier", (str(earlier),))
            for name, columns in TABLES.items():
                listed = ", ".join(quoted(column) for column in columns)
                connection.execute(f"CREATE TABLE {quoted(name)} ({listed})")
            for experiment in experiments:
                _insert(connection, experiment)
            _append(connection, "morphologies", morphologies)
            connection.execute("CREATE INDEX provenance_batch ON provenance (batch)")
            connection.execute(
                "CREATE INDEX feature_values_point ON feature_values (experiment, point_id)"
            )
            connection.commit()
            connection.execute("PRAGMA synchronous = FULL")


def quoted(identifier: str) -> str:
    """An SQL identifier, safe whatever it holds."""
    return '"' + identifier.replace('"', '""') + '"'


def _insert(connection: sqlite3.Connection, experiment: ExperimentRows) -> None:
    name, points = experiment.name, experiment.points
    declared = [f"{quoted(field.name)} {_affinity(field.type)}" for field in points.schema]
    connection.execute(f"CREATE TABLE {quoted(name)} ({', '.join(declared)})")
    copied, digest = _copy_what_it_begins_with(connection, name, points)
    _write(connection, name, points.slice(copied))
    index = quoted(f"{name}_point_id")
    connection.execute(f"CREATE UNIQUE INDEX {index} ON {quoted(name)} (point_id)")
    _append(connection, "columns", [{"experiment": name, **row} for row in experiment.columns])
    values = experiment.feature_values
    owner = pa.repeat(name, len(values))
    _write(connection, "feature_values", values.add_column(0, "experiment", owner))
    facts = {
        key: json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
        for key, value in experiment.facts.items()
    }
    facts |= {"experiment": name, "digest": digest}
    _append(connection, "experiments", [facts])
    batches = [
        {"batch": batch, "experiment": name, "recipe": facts["recipe"], "points": notes["points"]}
        for batch, notes in experiment.batches.items()
    ]
    _append(connection, "batches", batches)
    provenance = [
        {"batch": batch, "key": key, "value": str(value)}
        for batch, notes in experiment.batches.items()
        for key, value in sorted(notes["provenance"].items())
    ]
    _append(connection, "provenance", provenance)
    _append(connection, "audits", [{"experiment": name, **row} for row in experiment.audits])


def _affinity(kind: pa.DataType) -> str:
    if pa.types.is_floating(kind):
        return "REAL"
    whole = pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    return "INTEGER" if whole else "TEXT"


def _copy_what_it_begins_with(
    connection: sqlite3.Connection, name: str, points: pa.Table
) -> tuple[int, str]:
    """Copy an experiment's rows from the earlier database, if its new table begins with them.

    Returns
    -------
    int
        Number of rows that need not be written any more.
    str
        Digest of the new table.
    """
    held, digest = _held_before(connection, name)
    begin, whole = _digests(points, min(held, len(points)))
    if held > len(points) or begin != digest:
        return 0, whole
    table = quoted(name)
    connection.execute(f"INSERT INTO main.{table} SELECT * FROM earlier.{table}")
    return held, whole


def _held_before(connection: sqlite3.Connection, name: str) -> tuple[int, str]:
    """Number and digest of the rows of an experiment in the earlier database."""
    if not any(row[1] == "earlier" for row in connection.execute("PRAGMA database_list")):
        return 0, ""
    declared = "SELECT sql FROM {}.sqlite_master WHERE name IN ('experiments', ?) ORDER BY name"
    now, then = (
        connection.execute(declared.format(which), (name,)).fetchall()
        for which in ("main", "earlier")
    )
    if now != then:
        return 0, ""
    known = "SELECT points, digest FROM earlier.experiments WHERE experiment = ?"
    held, digest = connection.execute(known, (name,)).fetchone()
    return held, digest


def _digests(rows: pa.Table, held: int) -> tuple[str, str]:
    """Digests of the first `held` rows and of all.

    They change with any value, but not with how Arrow keeps it in memory.
    """
    begin, whole = (hashlib.sha256(str(rows.schema.remove_metadata()).encode()) for _ in range(2))
    for column in rows.columns:
        for content, end in _contents(column, held):
            state = hashlib.sha256(content[:end])
            begin.update(state.digest())
            state.update(content[end:])
            whole.update(state.digest())
    return begin.hexdigest(), whole.hexdigest()


def _contents(column: pa.ChunkedArray, held: int) -> Iterator[tuple[memoryview, int]]:
    """The bytes of a column, each with where those of its first `held` rows end."""
    yield memoryview(column.is_valid().to_numpy().tobytes()), held
    if _affinity(column.type) == "TEXT":
        text = column.cast(pa.large_string()).fill_null("")
        lengths = pc.binary_length(text).to_numpy()
        yield memoryview(lengths.tobytes()), held * lengths.itemsize
        whole = pa.ListArray.from_arrays([0, len(text)], text.combine_chunks())
        joined = pc.binary_join(whole, pa.scalar("", text.type))[0].as_buffer()
        yield memoryview(joined), int(lengths[:held].sum())
    else:
        values = column.fill_null(pa.scalar(0).cast(column.type)).to_numpy()
        yield memoryview(values.tobytes()), held * values.itemsize


def _write(connection: sqlite3.Connection, name: str, rows: pa.Table) -> None:
    """Append the rows of a table, whose columns are those of the database's."""
    places = ", ".join("?" * rows.num_columns)
    insert = f"INSERT INTO {quoted(name)} VALUES ({places})"
    for part in rows.to_batches(ROWS_AT_ONCE):
        # What is missing becomes NaN, and that NULL.
        columns = [column.to_numpy(zero_copy_only=False).tolist() for column in part.columns]
        connection.executemany(insert, zip(*columns, strict=True))


def _append(connection: sqlite3.Connection, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = list(TABLES[name])
    places = ", ".join("?" * len(columns))
    insert = f"INSERT INTO {quoted(name)} VALUES ({places})"
    connection.executemany(insert, [[row[column] for column in columns] for row in rows])
