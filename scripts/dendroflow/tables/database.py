"""The SQLite database of all experiments that the results hold."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dendroflow.files import replacing
from dendroflow.tables.protocols import RUNS, TRIALS
from dendroflow.tables.recordings import RECORDED

ROWS_AT_ONCE = 10_000
DIGITS = 12
# Those that are exact.
POWERS = np.array([float(10**exponent) for exponent in range(23)])

# The tables that are not an experiment's, with what each column means; also in docs/database.md.
TABLES = {
    "experiments": {
        "experiment": "name; also of its table of points",
        "title": "title",
        "description": "what it asks",
        "model": "folder of models",
        "configuration": "file of the configuration that was run last with it",
        "date": "when its points were gathered last (UTC)",
        "points": "number of requested points",
        "failed": "number of those whose status is not ok",
        "engine": "neuron or coreneuron",
        "process": "shared, close or alone: whether points shared a process, and gave what they "
        "give alone (docs/models.md)",
        "process_why": "what they share and must not, or in what they differ; NULL if nothing, if "
        "the model asks for a process each, or there are three points or fewer",
        "sweep": "the declared sweep, in its order (JSON); NULL if parameters are optimised",
        "protocols": "the declared protocols (JSON); empty if there are none",
        "optimise": "the declared optimisation, reference and seeds included (JSON), or NULL",
        "targets": "the declared targets (JSON); empty if there are none",
        "fixed": "path -> value of all that is neither swept nor optimised (JSON)",
        "labels": "path -> unit and meaning of those in fixed (JSON)",
        "features": "the declared features with eFEL's settings (JSON)",
        "simulation_code": "names the code behind the simulations",
        "feature_code": "names the code and settings behind the features",
        "feature_content": "versions of eFEL and of the library's code for features (JSON)",
    },
    "columns": {
        "experiment": "name of the table",
        "name": "name of the column",
        "kind": "swept, feature, morphometric or bookkeeping",
        "unit": "unit, empty if it has none",
        "meaning": "what it is",
        "mean": "1 if it holds the mean of several values of a point, which are in feature_values",
    },
    "designs": {
        "experiment": "name of the table that holds the point",
        "block": "0, 1, ...: which block of the sweep; those that sample nothing have no rows",
        "position": "0, 1, ... in the order of the design",
        "point_id": "the point; several rows may have the same",
    },
    "feature_values": {
        "experiment": "name of the table that holds the point",
        "point_id": "the point",
        "feature": "column of that table, which holds the mean",
        "position": "0, 1, 2, ... in order of time",
        "value": "value, such as that of one spike",
    },
    "runs": {
        "experiment": "name of the table that holds the point; those with protocols alone",
        "point_id": "the point",
        "protocol": "under which it was simulated",
        "run_id": "hash of all that decides the samples; points may share a run",
        "status": "what became of it; not_found: a search without answer; not_run: what needs one",
        "error": "why, in one line",
        "runtime_s": "wall-clock time of its simulations (s)",
        "batch": "batch that holds it; joins provenance",
    },
    "traces": {
        "experiment": "name of the table that holds the point; where traces are kept",
        "point_id": "the point",
        "protocol": "under which it was simulated; empty without protocols",
        "signal": "what was recorded",
        "location": "section and place of a signal along the cell, else NULL",
        "file": "Parquet file below the folder of results",
        "row": "0, 1, ... of the file",
    },
    "trials": {
        "experiment": "name of the table that holds the point",
        "point_id": "the point",
        "protocol": "that searches",
        "run_id": "its run",
        "position": "0, 1, 2, ... in the order in which they were tried",
        "value": "what was tried",
        "excess": "left side of the condition less the right one; NULL if one does not exist",
        "holds": "1 if the condition holds there; NULL of an equation",
        "status": "what became of the simulation",
    },
    "recordings": {
        "experiment": "an experiment whose targets come from recordings",
        "recordings": "the set of them, in recordings.yaml",
        "protocol": "the experiment's protocol that they are compared with",
        "cell": "that was recorded",
        "file": "of the recording",
        "sweep": "0, 1, ... in the file",
        "amplitude": "of the stimulus on top of holding (nA), or NULL",
        "spikes": "within the stimulus, where rheobase is looked for",
        "rheobase": "of the cell (nA): from there on all its recordings have spikes",
        "relative": "amplitude in multiples of rheobase",
        "suspicious": "1 if it spikes although the cell did not at a larger current",
        "used": "1 if the targets take it",
        "feature": "what is measured; NULL of one that is not used",
        "value": "value; NULL if it does not exist",
    },
    "recorded_targets": {
        "experiment": "an experiment whose targets come from recordings",
        "feature": "column of its table",
        "recordings": "the set of them",
        "mean": "over cells, of the mean of each",
        "sd": "sample SD over cells, but no less than the target's own `sd`",
        "measured_sd": "sample SD over cells; NULL of one cell",
        "n": "number of cells",
        "sweeps": "number of sweeps",
        "cells": "cell -> its mean (JSON)",
    },
    "sensitivity": {
        "experiment": "an experiment with `analysis: sensitivity`",
        "feature": "column of its table",
        "kind": "S1, ST, S2, mu_star, sigma (both over whole ranges, in the feature's unit) or "
        "PAWN (median over slices); NULL if there is none: note",
        "parameter": "column of the swept value",
        "other": "of S2, the other one of the pair",
        "value": "of the index",
        "low": "lower end of its confidence interval; of PAWN, the least over slices",
        "high": "upper end; of PAWN, the largest over slices",
        "rows": "rows of the design that it is of",
        "left_out": "share of the rows at which the feature does not exist",
        "note": "why there is no index",
    },
    "criteria": {
        "experiment": "an experiment with `analysis: population`",
        "criterion": "column of its table",
        "low": "lowest value that is accepted, or NULL",
        "high": "highest value that is accepted, or NULL",
        "accepts": "number of points, of those that ran, that it accepts",
        "refuses": "number that it refuses; a feature that does not exist is refused",
        "refuses_alone": "number that no other criterion refuses",
    },
    "replicates": {
        "experiment": "an experiment with `analysis: replicates`",
        "point_id": "the first of the points that repeat each other",
        "shared": "swept column -> value that these points have in common (JSON)",
        "feature": "column of the experiment's table",
        "n": "number of points at which it exists",
        "missing": "number of points at which it does not, failed ones included",
        "mean": "over these points",
        "sd": "sample SD; NULL of one point",
        "sem": "standard error of the mean",
        "low": "lower quartile",
        "median": "median",
        "high": "upper quartile",
    },
    "individuals": {
        "experiment": "an experiment that optimises",
        "rank": "1, 2, ... by the score; the first ten, and all of the Pareto front",
        "on_front": "1 if no other is as good in all targets and better in one",
        "point_id": "the point; of the first the experiment's table has a row",
        "seed": "of the search that found it",
        "generation": "in which it came first",
        "score": "sum of its scores (standard deviations)",
        "parameters": "path -> value (JSON)",
        "scores": "feature -> score (JSON)",
    },
    "failures": {
        "experiment": "name of the table that holds the point",
        "point_id": "a point whose status is not ok",
        "status": "what became of it",
        "error": "why, in one line",
        "batch": "batch that holds it",
    },
    "morphologies": {
        "morphology": "name in morphologies.yaml",
        "sha256": "of the data lines, as they were simulated",
        "address": "where it comes from",
        "citations": "whom to cite, one per line",
        "mended": "what was changed in the file, one change per line; NULL if nothing was",
        "metadata": "NeuroMorpho.Org's record and all else that came with it (JSON)",
    },
    "batches": {
        "batch": "name; a hash of experiment, simulation_code and points",
        "experiment": "experiment",
        "simulation_code": "names the code that simulated it",
        "points": "number of points it holds, requested or not",
        "model_copy": "names the copy of the model's folder that was imported",
        "sections": "morphology -> digest of its sections, as NEURON got them (JSON)",
    },
    "provenance": {
        "batch": "batch, joined with the points' column batch",
        "key": "such as neuron, date, git_commit, configuration_commit, configuration_state",
        "value": "text, or JSON; NULL if there is none",
    },
    "model_files": {
        "model_copy": "names the copy, joined with the column of batches",
        "path": "below the model's folder: model.py, helpers, .mod files, data",
        "sha256": "of the content",
        "content": "the file itself (BLOB); NULL if it is larger than 1 MB",
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

# What is read from tables in another shape.
VIEWS = {
    "points_long": {
        "experiment": "name of the table that holds the point",
        "point_id": "the point",
        "kind": "swept or feature",
        "name": "column of that table",
        "value": "its value; NULL if the feature does not exist",
        "unit": "unit, empty if it has none",
    },
    "settings": {
        "experiment": "experiment",
        "path": "what is neither swept nor optimised, such as simulation.dt",
        "value": "its value at all points; NULL if there is none",
        "unit": "unit, empty if it has none",
        "meaning": "what it is, in words",
    },
}
SETTINGS = """
SELECT experiment, fixed.key AS path, fixed.value, COALESCE(label.value ->> 'unit', '') AS unit,
    COALESCE(label.value ->> 'meaning', '') AS meaning
FROM experiments, json_each(fixed) AS fixed LEFT JOIN json_each(labels) AS label USING (key)
"""
# SQLite takes 500 at most.
SELECTS_AT_ONCE = 400

# Experiments share these: a row is written once.
SHARED = {"morphologies": "morphology, sha256", "model_files": "model_copy, path"}

# Where the traces of each point lie.
PLACES = pa.schema(
    [
        *((name, pa.string()) for name in ("point_id", "protocol", "signal", "location", "file")),
        ("row", pa.int64()),
    ]
)

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class ExperimentRows:
    """Everything about one experiment that goes into the database.

    Attributes
    ----------
    points, feature_values
        tables from `tables.gathering.gather`.
    designs
        block, position and point_id of each row of a block that samples.
    runs, trials
        tables of `tables.protocols`.
    traces
        columns of `PLACES`.
    recordings
        a table of `tables.recordings`.
    facts
        the columns of `TABLES["experiments"]`, without the experiment.
    batches
        name -> notes of the outcomes.
    columns, audits, morphologies, model_files, individuals, sensitivity, criteria, replicates,
    recorded_targets
        a mapping per row, as in `TABLES`, without the experiment.
    """

    name: str
    points: pa.Table
    feature_values: pa.Table
    designs: pa.Table
    facts: Mapping[str, Any]
    columns: Rows
    batches: Mapping[str, Mapping[str, Any]]
    audits: Rows = ()
    morphologies: Rows = ()
    model_files: Rows = ()
    individuals: Rows = ()
    sensitivity: Rows = ()
    criteria: Rows = ()
    replicates: Rows = ()
    recorded_targets: Rows = ()
    runs: pa.Table = field(default_factory=RUNS.empty_table)
    trials: pa.Table = field(default_factory=TRIALS.empty_table)
    traces: pa.Table = field(default_factory=PLACES.empty_table)
    recordings: pa.Table = field(default_factory=RECORDED.empty_table)


def build_database(path: Path, experiments: Iterable[ExperimentRows]) -> None:
    """Build the database whole and move it into place.

    Parameters
    ----------
    experiments
        read one after the other, so that one at a time is in memory.
    """
    with replacing(path) as temporary:
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(temporary)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            for name, columns in TABLES.items():
                listed = ", ".join(quoted(column) for column in columns)
                unique = f", UNIQUE ({SHARED[name]})" if name in SHARED else ""
                connection.execute(f"CREATE TABLE {quoted(name)} ({listed}{unique})")
            selects = []
            for experiment in experiments:
                _insert(connection, experiment)
                selects.append(_long(experiment))
            connection.execute(f"CREATE VIEW settings AS {SETTINGS}")
            connection.execute(f"CREATE VIEW points_long AS {_united(selects)}")
            connection.execute("CREATE INDEX provenance_batch ON provenance (batch)")
            connection.execute(
                "CREATE INDEX feature_values_point ON feature_values (experiment, point_id)"
            )
            connection.execute("CREATE INDEX traces_point ON traces (point_id)")
            connection.commit()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that is there, of which nothing can be changed."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        yield database


def quoted(identifier: str) -> str:
    """An SQL identifier, safe whatever it holds."""
    return '"' + identifier.replace('"', '""') + '"'


def _insert(connection: sqlite3.Connection, experiment: ExperimentRows) -> None:
    name, points = experiment.name, experiment.points
    declared = [f"{quoted(field.name)} {_affinity(field.type)}" for field in points.schema]
    connection.execute(f"CREATE TABLE {quoted(name)} ({', '.join(declared)})")
    measured = {column["name"] for column in experiment.columns if column["kind"] == "feature"}
    _write(connection, name, points, measured)
    connection.execute(
        "INSERT INTO failures SELECT ?, point_id, status, error, batch "
        f"FROM {quoted(name)} WHERE status <> 'ok' ORDER BY rowid",
        [name],
    )
    index = quoted(f"{name}_point_id")
    connection.execute(f"CREATE UNIQUE INDEX {index} ON {quoted(name)} (point_id)")
    for table, rows in (
        ("designs", experiment.designs),
        ("runs", experiment.runs.drop_columns(["search"])),
        ("trials", experiment.trials),
        ("traces", experiment.traces),
        ("recordings", experiment.recordings),
        ("feature_values", experiment.feature_values),
    ):
        _write(connection, table, rows, {"value"}, experiment=name)
    _append(connection, "experiments", [experiment.facts], experiment=name)
    _append(connection, "columns", experiment.columns, experiment=name)
    _append(connection, "audits", experiment.audits, experiment=name)
    _append(connection, "individuals", experiment.individuals, experiment=name)
    _append(connection, "sensitivity", experiment.sensitivity, experiment=name)
    _append(connection, "criteria", experiment.criteria, experiment=name)
    _append(connection, "replicates", experiment.replicates, experiment=name)
    _append(connection, "recorded_targets", experiment.recorded_targets, experiment=name)
    _append(connection, "morphologies", experiment.morphologies)
    _append(connection, "model_files", experiment.model_files)
    batches = [{**notes, "batch": batch} for batch, notes in experiment.batches.items()]
    code = experiment.facts["simulation_code"]
    _append(connection, "batches", batches, experiment=name, simulation_code=code)
    provenance = [
        {"batch": batch, "key": key, "value": value}
        for batch, notes in experiment.batches.items()
        for key, value in sorted(notes["provenance"].items())
    ]
    _append(connection, "provenance", provenance)


def _long(experiment: ExperimentRows) -> str:
    """Selects a row per point and column of an experiment, in the order of `columns`."""
    table, there = _text(experiment.name), set(experiment.points.schema.names)
    listed = [column["name"] for column in experiment.columns if column["kind"] != "bookkeeping"]
    cases = " ".join(
        f"WHEN {_text(name)} THEN points.{quoted(name)}" for name in listed if name in there
    )
    value = f"CASE columns.name {cases} END" if cases else "NULL"
    return (
        f"SELECT {table} AS experiment, points.point_id, columns.kind, columns.name, "
        f"{value} AS value, columns.unit FROM {quoted(experiment.name)} AS points "
        f"JOIN columns ON columns.experiment = {table} AND columns.kind <> 'bookkeeping'"
    )


def _united(selects: Sequence[str]) -> str:
    """One select of the rows of all; of none, one without rows."""
    if not selects:
        names = ", ".join(f"NULL AS {quoted(name)}" for name in VIEWS["points_long"])
        return f"SELECT {names} WHERE 0"
    while len(selects) > 1:
        groups = [
            selects[first : first + SELECTS_AT_ONCE]
            for first in range(0, len(selects), SELECTS_AT_ONCE)
        ]
        selects = [f"SELECT * FROM ({' UNION ALL '.join(group)})" for group in groups]
    return selects[0]


def _text(value: str) -> str:
    """A literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def _affinity(kind: pa.DataType) -> str:
    if pa.types.is_floating(kind):
        return "REAL"
    whole = pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    return "INTEGER" if whole else "TEXT"


def _write(
    connection: sqlite3.Connection,
    name: str,
    rows: pa.Table,
    measured: Collection[str],
    **first: str,
) -> None:
    """Append the rows of a table; the database's has the columns `first`, then those of the rows.

    Parameters
    ----------
    measured
        columns whose numbers are rounded.
    first
        column -> value in every row.
    """
    places = ", ".join("?" * (len(first) + rows.num_columns))
    insert = f"INSERT INTO {quoted(name)} VALUES ({places})"
    for part in rows.to_batches(ROWS_AT_ONCE):
        columns: list[Iterable[Any]] = [repeat(value, len(part)) for value in first.values()]
        for column, content in zip(part.schema.names, part.columns, strict=True):
            # What is missing becomes NaN, and that NULL.
            values = content.to_numpy(zero_copy_only=False)
            columns.append((rounded(values) if column in measured else values).tolist())
        connection.executemany(insert, zip(*columns, strict=True))


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of shape (n,) to 12 significant digits, as generated values have them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = DIGITS - 1 - np.floor(np.log10(np.abs(values)))
    usual = (places >= 0) & (places < len(POWERS))
    # A whole number over a power of ten, both exact, is the number that is nearest to its digits.
    power = POWERS[np.where(usual, places, 0).astype(int)]
    found: NDArray[np.float64] = np.rint(values * power) / power
    unusual = ~usual & np.isfinite(values)
    found[unusual] = [float(f"{value:.{DIGITS}g}") for value in values[unusual]]
    return found


def _append(connection: sqlite3.Connection, name: str, rows: Rows, **common: Any) -> None:
    """Append rows to one of `TABLES`; what they do not say is NULL."""
    columns = TABLES[name]
    insert = f"INSERT OR IGNORE INTO {quoted(name)} VALUES ({', '.join('?' * len(columns))})"
    whole = ({**row, **common} for row in rows)
    connection.executemany(insert, ([_cell(row.get(key)) for key in columns] for row in whole))


def _cell(value: Any) -> Any:
    """A value as SQLite has it; JSON where it has none of this type."""
    return json.dumps(value) if isinstance(value, dict | list) else value
