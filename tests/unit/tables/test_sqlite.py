import sqlite3
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from dendroflow.tables.database import TABLES, ExperimentRows, build_database, quoted


def experiment(name="squid", **columns):
    points = pd.DataFrame(
        {"point_id": ["p", "q"], "celsius": [6.3, 20.0], "AP_duration": [3.6, None]} | columns
    )
    points = points.assign(status="ok", error=None, runtime_s=0.1, batch="b")
    return ExperimentRows(
        name=name,
        points=pa.Table.from_pandas(points, preserve_index=False),
        feature_values=pa.Table.from_pylist(
            [{"point_id": "p", "feature": "AP_duration", "position": 0, "value": 3.6}]
        ),
        facts={key: "x" for key in TABLES["experiments"] if key != "experiment"} | {"recipe": "r"},
        columns=[{"name": "celsius", "kind": "swept", "unit": "°C", "meaning": "temperature"}],
        batches={"b": {"points": 2, "provenance": {"neuron": "9.0.2"}}},
    )


def query(path, text):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(text).fetchall()


@pytest.fixture
def path(tmp_path):
    build_database(tmp_path / "a.sqlite", [experiment(), experiment("other")], [])
    return tmp_path / "a.sqlite"


def test_a_table_per_experiment_and_those_about_them(path):
    names = {name for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type='table'")}
    assert names == {"squid", "other", *TABLES}
    for name, columns in TABLES.items():
        found = [row[1] for row in query(path, f"PRAGMA table_info({name})")]
        assert found == list(columns)


def test_a_feature_that_does_not_exist_is_null(path):
    assert query(path, "SELECT AP_duration FROM squid ORDER BY celsius") == [(3.6,), (None,)]


def test_provenance_is_reached_from_a_point(path):
    text = (
        "SELECT value FROM squid JOIN batches USING (batch) JOIN provenance USING (batch) "
        "WHERE point_id = 'p' AND batches.experiment = 'squid' AND key = 'neuron'"
    )
    assert ("9.0.2",) in query(path, text)


def test_points_are_unique_and_indexed(path):
    assert query(path, "EXPLAIN QUERY PLAN SELECT * FROM squid WHERE point_id = 'p'")[0][3].count(
        "squid_point_id"
    )
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO squid (point_id) VALUES ('p')")


def test_a_failure_keeps_the_old_database(path):
    def broken():
        yield experiment()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        build_database(path, broken(), [])
    assert query(path, "SELECT COUNT(*) FROM other") == [(2,)]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_names_cannot_leave_their_quotes(tmp_path):
    evil = 'x"; DROP TABLE experiments; --'
    rows = experiment(**{evil: [1, 2]})
    build_database(tmp_path / "a.sqlite", [rows], [])
    assert query(tmp_path / "a.sqlite", f"SELECT {quoted(evil)} FROM squid") == [(1,), (2,)]
    assert query(tmp_path / "a.sqlite", "SELECT COUNT(*) FROM experiments") == [(1,)]


def swept(count, **columns):
    """An experiment that has grown to so many points."""
    table = {
        "point_id": [f"p{k}" for k in range(count)],
        "celsius": [6.3 + k for k in range(count)],
        "cells": list(range(count)),
        "noisy": [k % 2 == 0 for k in range(count)],
        "AP_duration": [None if k % 3 == 0 else 0.1 * k for k in range(count)],
        "morphology": ["Größe" if k % 2 else None for k in range(count)],
        "nothing": [None] * count,
    }
    facts = experiment().facts | {"points": count}
    return replace(experiment(), points=pa.table(table | columns), facts=facts)


@pytest.fixture
def earlier(tmp_path):
    """A database of ten points in which a value was changed, so that its rows are known again."""
    path = tmp_path / "earlier.sqlite"
    build_database(path, [swept(10)], [])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE squid SET celsius = 99 WHERE point_id = 'p1'")
        connection.commit()
    return path


def temperatures(path):
    return [celsius for (celsius,) in query(path, "SELECT celsius FROM squid ORDER BY rowid")]


@pytest.mark.parametrize("count", [10, 11, 25])
def test_rows_that_an_earlier_database_holds_are_copied(earlier, tmp_path, count):
    build_database(tmp_path / "new.sqlite", [swept(count)], [], earlier=earlier)
    found = temperatures(tmp_path / "new.sqlite")
    assert found.pop(1) == 99
    assert found == [6.3 + k for k in range(count) if k != 1]


def test_a_database_that_has_grown_is_that_which_is_built_whole(tmp_path):
    path = tmp_path / "grown.sqlite"
    build_database(path, [swept(10)], [])
    build_database(path, [swept(25)], [], earlier=path)
    build_database(tmp_path / "whole.sqlite", [swept(25)], [])
    assert path.read_bytes() == (tmp_path / "whole.sqlite").read_bytes()


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(swept(9), id="a point less"),
        pytest.param(swept(10, AP_duration=[None, None, *range(8)]), id="another value"),
        pytest.param(swept(10, morphology=["Größ", "e"] * 5), id="other text"),
        pytest.param(swept(10, noisy=[1.0, 0.0] * 5), id="another type"),
        pytest.param(swept(10, more=[0.0] * 10), id="another column"),
        pytest.param(replace(swept(10), name="octopus"), id="another experiment"),
        pytest.param(
            replace(swept(10), points=swept(10).points.take(list(range(10))[::-1])), id="order"
        ),
    ],
)
def test_rows_that_are_not_the_same_are_written(earlier, tmp_path, now):
    build_database(tmp_path / "new.sqlite", [now], [], earlier=earlier)
    build_database(tmp_path / "whole.sqlite", [now], [])
    assert (tmp_path / "new.sqlite").read_bytes() == (tmp_path / "whole.sqlite").read_bytes()


def test_nothing_is_copied_from_a_database_that_knows_no_digests(earlier, tmp_path):
    with closing(sqlite3.connect(earlier)) as connection:
        connection.execute("ALTER TABLE experiments DROP COLUMN digest")
        connection.commit()
    build_database(tmp_path / "new.sqlite", [swept(11)], [], earlier=earlier)
    assert 99 not in temperatures(tmp_path / "new.sqlite")


def test_an_experiment_without_points(tmp_path):
    path = tmp_path / "none.sqlite"
    build_database(path, [swept(0)], [])
    build_database(path, [swept(0)], [], earlier=path)
    assert query(path, "SELECT COUNT(*) FROM squid") == [(0,)]
