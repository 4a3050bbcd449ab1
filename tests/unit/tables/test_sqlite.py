import sqlite3
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from dendroflow.tables.database import TABLES, VIEWS, ExperimentRows, build_database, quoted


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
        designs=pa.table({"block": [1, 1], "position": [0, 1], "point_id": ["q", "q"]}),
        facts=dict.fromkeys(TABLES["experiments"], "x") | {"optimise": None},
        columns=[
            {"name": "celsius", "kind": "swept", "unit": "°C", "meaning": "temperature"},
            {"name": "AP_duration", "kind": "feature", "unit": "ms", "meaning": "AP duration"},
        ],
        batches={
            "b": {
                "points": 2,
                "sections": {"cell": "d1"},
                "provenance": {"neuron": "9.0.2", "mechanisms": None, "plausible": {"mV": [-2, 1]}},
            }
        },
        morphologies=[{"morphology": "cell", "sha256": "s", "metadata": {"name": "µ"}}],
        model_files=[{"model_copy": "c", "path": "model.py", "content": b"a\0b"}],
    )


def query(path, text):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(text).fetchall()


@pytest.fixture
def path(tmp_path):
    build_database(tmp_path / "a.sqlite", [experiment(), experiment("other")])
    return tmp_path / "a.sqlite"


def test_a_table_per_experiment_and_those_about_them(path):
    names = {name for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type='table'")}
    assert names == {"squid", "other", *TABLES}
    for name, columns in TABLES.items():
        found = [row[1] for row in query(path, f"PRAGMA table_info({name})")]
        assert found == list(columns)


def test_a_feature_that_does_not_exist_is_null(path):
    assert query(path, "SELECT AP_duration FROM squid ORDER BY celsius") == [(3.6,), (None,)]


@pytest.mark.parametrize(
    ("computed", "stored"),
    [
        (5.97500000000008, 5.975),
        (-1 / 3, -0.333333333333),
        (0.1 + 0.2, 0.3),
        (2 / 3 * 1e-20, 6.66666666667e-21),
        (2 / 3 * 1e20, 6.66666666667e19),
        (0.0, 0.0),
        (float("inf"), float("inf")),
    ],
)
def test_features_are_rounded_and_swept_values_are_not(tmp_path, computed, stored):
    rows = experiment(AP_duration=[computed, None], celsius=[computed, 1.0])
    values = rows.feature_values.set_column(3, "value", pa.array([computed]))
    build_database(tmp_path / "a.sqlite", [replace(rows, feature_values=values)])
    found = query(tmp_path / "a.sqlite", "SELECT AP_duration, celsius FROM squid")
    assert found == [(stored, computed), (None, 1.0)]
    assert query(tmp_path / "a.sqlite", "SELECT value FROM feature_values") == [(stored,)]


def test_failures_of_all_experiments_are_listed(tmp_path):
    failed = experiment().points.set_column(3, "status", pa.array(["ok", "crashed"]))
    build_database(
        tmp_path / "a.sqlite", [experiment("fine"), replace(experiment(), points=failed)]
    )
    found = query(tmp_path / "a.sqlite", "SELECT * FROM failures")
    assert found == [("squid", "q", "crashed", None, "b")]


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
        build_database(path, broken())
    assert query(path, "SELECT COUNT(*) FROM other") == [(2,)]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_names_cannot_leave_their_quotes(tmp_path):
    evil = 'x"; DROP TABLE experiments; --'
    rows = experiment(**{evil: [1, 2]})
    build_database(tmp_path / "a.sqlite", [rows])
    assert query(tmp_path / "a.sqlite", f"SELECT {quoted(evil)} FROM squid") == [(1,), (2,)]
    assert query(tmp_path / "a.sqlite", "SELECT COUNT(*) FROM experiments") == [(1,)]


def test_what_experiments_share_is_there_once(path):
    assert query(path, "SELECT morphology, sha256, citations FROM morphologies") == [
        ("cell", "s", None)
    ]
    # A text with NUL bytes is not cut.
    assert query(path, "SELECT model_copy, content FROM model_files") == [("c", b"a\0b")]


def test_what_is_not_there_is_null_and_what_is_nested_is_json(path):
    assert query(path, "SELECT value FROM provenance WHERE key = 'mechanisms'") == [(None,)] * 2
    assert query(path, "SELECT optimise FROM experiments") == [(None,)] * 2
    assert query(path, "SELECT model_copy, sections ->> 'cell' FROM batches") == [(None, "d1")] * 2
    lower = "SELECT json_extract(value, '$.mV[0]') FROM provenance WHERE key = 'plausible'"
    assert query(path, lower) == [(-2,)] * 2


def test_a_design_may_have_a_point_twice(path):
    text = (
        "SELECT block, position, celsius FROM designs JOIN squid USING (point_id) "
        "WHERE experiment = 'squid' ORDER BY block, position"
    )
    assert query(path, text) == [(1, 0, 20.0), (1, 1, 20.0)]


def test_an_experiment_without_points(tmp_path):
    none = replace(experiment(), points=experiment().points[:0])
    build_database(tmp_path / "none.sqlite", [none])
    assert query(tmp_path / "none.sqlite", "SELECT COUNT(*) FROM squid") == [(0,)]


def test_views_have_the_columns_that_they_declare(path):
    names = {name for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type='view'")}
    assert names == set(VIEWS)
    for name, columns in VIEWS.items():
        assert [row[1] for row in query(path, f"PRAGMA table_info({name})")] == list(columns)


def test_a_view_has_a_row_per_point_and_column(path):
    found = query(path, "SELECT * FROM points_long WHERE experiment = 'squid' ORDER BY name, 2")
    assert found == [
        ("squid", "p", "feature", "AP_duration", 3.6, "ms"),
        ("squid", "q", "feature", "AP_duration", None, "ms"),
        ("squid", "p", "swept", "celsius", 6.3, "°C"),
        ("squid", "q", "swept", "celsius", 20.0, "°C"),
    ]
    assert query(path, "SELECT COUNT(*) FROM points_long") == [(8,)]


def test_a_view_has_a_row_per_value_that_is_not_swept(tmp_path):
    facts = {
        "fixed": {"simulation.dt": 0.025, "simulation.solver": "euler", "morphology": None},
        "labels": {"simulation.dt": {"unit": "ms", "meaning": "time step"}},
    }
    build_database(tmp_path / "a.sqlite", [replace(experiment(), facts=experiment().facts | facts)])
    found = query(tmp_path / "a.sqlite", "SELECT * FROM settings ORDER BY path")
    assert found == [
        ("squid", "morphology", None, "", ""),
        ("squid", "simulation.dt", 0.025, "ms", "time step"),
        ("squid", "simulation.solver", "euler", "", ""),
    ]


@pytest.mark.parametrize("number", [0, 1, 501])
def test_the_view_of_points_takes_more_experiments_than_sqlite_unites(tmp_path, number):
    build_database(tmp_path / "a.sqlite", [experiment(f"e{k}") for k in range(number)])
    assert query(tmp_path / "a.sqlite", "SELECT COUNT(*) FROM points_long") == [(4 * number,)]
