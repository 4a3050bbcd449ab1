"""The SQLite database of all experiments of a configuration."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from dendroflow.atomic import replacing

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
    """Everything about one experiment that goes into the database."""

    name: str
    points: pd.DataFrame
    feature_values: pd.DataFrame
    facts: Mapping[str, Any]
    columns: pd.DataFrame
    batches: Mapping[str, Mapping[str, Any]]
    audits: pd.DataFrame = field(default_factory=pd.DataFrame)


def build_database(
    path: Path, experiments: Iterable[ExperimentRows], morphologies: pd.DataFrame
) -> None:
    """Build the database whole and move it into place.

    Parameters
    ----------
    experiments
        read one after the other, so that one at a time is in memory.
    morphologies
        columns as in `TABLES`.
    """
    with replacing(path) as temporary:
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(temporary)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
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
    name = experiment.name
    experiment.points.to_sql(name, connection, index=False, chunksize=ROWS_AT_ONCE)
    index = quoted(f"{name}_point_id")
    connection.execute(f"CREATE UNIQUE INDEX {index} ON {quoted(name)} (point_id)")
    _append(connection, "columns", experiment.columns.assign(experiment=name))
    _append(connection, "feature_values", experiment.feature_values.assign(experiment=name))
    facts = {
        key: json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
        for key, value in experiment.facts.items()
    }
    _append(connection, "experiments", pd.DataFrame([{"experiment": name, **facts}]))
    batches = [
        {"batch": batch, "experiment": name, "recipe": facts["recipe"], "points": notes["points"]}
        for batch, notes in experiment.batches.items()
    ]
    _append(connection, "batches", pd.DataFrame(batches))
    provenance = [
        {"batch": batch, "key": key, "value": str(value)}
        for batch, notes in experiment.batches.items()
        for key, value in sorted(notes["provenance"].items())
    ]
    _append(connection, "provenance", pd.DataFrame(provenance))
    _append(connection, "audits", experiment.audits.assign(experiment=name))


def _append(connection: sqlite3.Connection, name: str, rows: pd.DataFrame) -> None:
    if len(rows):
        ordered = rows[list(TABLES[name])]
        ordered.to_sql(name, connection, index=False, if_exists="append", chunksize=ROWS_AT_ONCE)
