import pandas as pd
import pyarrow as pa
import pytest

from dendroflow.errors import StoreError
from dendroflow.tables.gathering import failures, gather, verdict
from dendroflow.tables.tables import read_notes, read_table, write_table

NOTES = {"recipe": "r", "protocols": {}, "columns": [{"name": "g"}, {"name": "isi"}]}


def batch(folder, name, rows):
    table = pa.table(
        {
            "point_id": [row[0] for row in rows],
            "status": [row[1] for row in rows],
            "error": pa.array([row[2] for row in rows], pa.string()),
            "runtime_s": [0.1] * len(rows),
            "isi": pa.array([row[3] for row in rows], pa.float64()),
            "isi.values": pa.array([row[4] for row in rows], pa.list_(pa.float64())),
        }
    )
    path = folder / f"{name}.parquet"
    write_table(table, path, table.schema)
    return path


@pytest.fixture
def batches(tmp_path):
    return [
        batch(
            tmp_path,
            "one",
            [("a", "ok", None, 1.5, [1.0, 2.0]), ("b", "timeout", "slow", None, None)],
        ),
        batch(tmp_path, "two", [("c", "ok", None, None, []), ("b", "ok", None, 3.0, [3.0])]),
    ]


@pytest.fixture
def points():
    return pd.DataFrame(
        {
            "point_id": ["c", "a", "b"],
            "batch": ["two", "one", "two"],
            "parameters.g": [3.0, 1.0, 2.0],
        }
    )


def run(points, batches, folder):
    table = pa.Table.from_pandas(points, preserve_index=False)
    gather(table, batches, tuple(folder / f"{name}.parquet" for name in "fvr"), NOTES)
    return read_table(folder / "f.parquet").to_pandas(), read_table(
        folder / "v.parquet"
    ).to_pylist()


def test_rows_are_in_the_order_of_the_design_with_leaf_names(points, batches, tmp_path):
    table, _ = run(points, batches, tmp_path)
    assert list(table.columns) == ["point_id", "g", "isi", "status", "error", "runtime_s", "batch"]
    assert list(table["point_id"]) == ["c", "a", "b"]
    columns = [{"name": "g", "mean": False}, {"name": "isi", "mean": True}]
    assert read_notes(tmp_path / "f.parquet") == NOTES | {"columns": columns}


def test_a_point_that_two_batches_hold_is_taken_from_the_planned_one(points, batches, tmp_path):
    table, values = run(points, batches, tmp_path)
    b = table.set_index("point_id").loc["b"]
    assert (b["status"], b["isi"]) == ("ok", 3.0)
    assert [row["value"] for row in values if row["point_id"] == "b"] == [3.0]


def test_every_value_is_kept_in_order(points, batches, tmp_path):
    _, values = run(points, batches, tmp_path)
    assert values == [
        {"point_id": "a", "feature": "isi", "position": 0, "value": 1.0},
        {"point_id": "a", "feature": "isi", "position": 1, "value": 2.0},
        {"point_id": "b", "feature": "isi", "position": 0, "value": 3.0},
    ]


def test_points_that_are_no_longer_asked_for_are_left_out(points, batches, tmp_path):
    table, values = run(points[points["point_id"] != "a"], batches, tmp_path)
    assert list(table["point_id"]) == ["c", "b"]
    assert {row["point_id"] for row in values} == {"b"}


def test_a_lost_point_is_an_error_not_a_hole(points, batches, tmp_path):
    with pytest.raises(StoreError, match="point b is not in the features of batch two"):
        run(points, [batches[0], batch(tmp_path, "two", [("c", "ok", None, 1.0, [])])], tmp_path)
    assert not (tmp_path / "f.parquet").exists()


def test_a_point_that_a_batch_holds_twice_is_an_error(points, batches, tmp_path):
    rows = [("c", "ok", None, 1.0, []), ("b", "ok", None, 3.0, []), ("b", "ok", None, 3.0, [])]
    with pytest.raises(StoreError, match="batch two holds point b twice"):
        run(points, [batches[0], batch(tmp_path, "two", rows)], tmp_path)
    assert not (tmp_path / "f.parquet").exists()


def test_failures_name_values_and_reasons(points, batches, tmp_path):
    points.loc[2, "batch"] = "one"
    run(points, batches, tmp_path)
    failed = failures("squid", read_table(tmp_path / "f.parquet"))
    assert failed == [
        {
            "experiment": "squid",
            "point_id": "b",
            "status": "timeout",
            "error": "slow",
            "values": "g=2.0",
        }
    ]
    assert verdict("squid", 3, failed, 0.34) == "squid: 1 of 3 points failed"
    said = "squid: 1 of 3 points failed, more than max_failed_share 0.33 allows: 1 x timeout: slow"
    assert verdict("squid", 3, failed, 0.33) == said
