import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from dendroflow.stores.database import TABLES, ExperimentRows, build_database, quoted


def experiment(name="squid", **columns):
    points = pd.DataFrame(
        {"point_id": ["p", "q"], "celsius": [6.3, 20.0], "AP_duration": [3.6, None]} | columns
    )
    return ExperimentRows(
        name=name,
        points=points.assign(status="ok", error=None, runtime_s=0.1, batch="b"),
        feature_values=pd.DataFrame(
            [{"point_id": "p", "feature": "AP_duration", "position": 0, "value": 3.6}]
        ),
        facts={key: "x" for key in TABLES["experiments"] if key != "experiment"} | {"recipe": "r"},
        columns=pd.DataFrame(
            [{"name": "celsius", "kind": "swept", "unit": "°C", "meaning": "temperature"}]
        ),
        batches={"b": {"points": 2, "provenance": {"neuron": "9.0.2"}}},
    )


def query(path, text):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(text).fetchall()


@pytest.fixture
def path(tmp_path):
    build_database(tmp_path / "a.sqlite", [experiment(), experiment("other")], pd.DataFrame())
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
        build_database(path, broken(), pd.DataFrame())
    assert query(path, "SELECT COUNT(*) FROM other") == [(2,)]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_names_cannot_leave_their_quotes(tmp_path):
    evil = 'x"; DROP TABLE experiments; --'
    rows = experiment(**{evil: [1, 2]})
    build_database(tmp_path / "a.sqlite", [rows], pd.DataFrame())
    assert query(tmp_path / "a.sqlite", f"SELECT {quoted(evil)} FROM squid") == [(1,), (2,)]
    assert query(tmp_path / "a.sqlite", "SELECT COUNT(*) FROM experiments") == [(1,)]
