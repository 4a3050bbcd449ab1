import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dendroflow.errors import StoreError
from dendroflow.files import replacing
from dendroflow.tables import tables
from dendroflow.tables.schemas import OUTCOMES, TRACES, checked
from dendroflow.tables.tables import read_notes, read_table, write_table, writing


def outcomes(*names):
    rows = [
        {"point_id": name, "status": "ok", "error": None, "runtime_s": 0.1, "compartments": 1}
        for name in names
    ]
    return pa.Table.from_pylist(rows, schema=OUTCOMES)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "deep" / "a.parquet"
    write_table(outcomes("x", "y"), path, OUTCOMES, {"recipe": "µ", "n": 2})
    assert read_table(path).equals(outcomes("x", "y"))
    assert read_notes(path) == {"recipe": "µ", "n": 2}
    assert [file.name for file in path.parent.iterdir()] == ["a.parquet"]


def test_a_failure_while_writing_leaves_nothing(tmp_path):
    path = tmp_path / "a.parquet"
    with pytest.raises(RuntimeError), writing(path, OUTCOMES) as rows:
        rows.write(outcomes("x"))
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_a_failure_while_rewriting_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_large_tables_become_row_groups_of_whole_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BYTES_PER_ROW_GROUP", 1)
    path = tmp_path / "a.parquet"
    with writing(path, OUTCOMES) as rows:
        for name in "abc":
            rows.write(outcomes(name, name + name))
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [2, 2, 2]
    assert read_table(path)["point_id"].to_pylist() == ["a", "aa", "b", "bb", "c", "cc"]


def test_an_empty_table_is_a_table(tmp_path):
    path = tmp_path / "a.parquet"
    with writing(path, TRACES):
        pass
    assert read_table(path).num_rows == 0
    assert read_table(path).schema.names == TRACES.names


@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty"])
def test_a_damaged_file_is_named_with_the_remedy(tmp_path, damage):
    path = tmp_path / "a.parquet"
    write_table(outcomes("x"), path, OUTCOMES)
    content = path.read_bytes()
    path.write_bytes(
        {"truncated": content[: len(content) // 2], "garbage": b"nonsense" * 9, "empty": b""}[
            damage
        ]
    )
    for read in (read_table, read_notes):
        with pytest.raises(StoreError, match=r"a\.parquet: is damaged .*delete it") as refusal:
            read(path)
        assert "\n" not in str(refusal.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"a\.parquet: there is no such file"):
        read_table(tmp_path / "a.parquet")


def test_only_declared_columns_are_stored():
    good = outcomes("x")
    assert checked(good, OUTCOMES).equals(good)
    for bad in (
        good.drop_columns(["error"]),
        good.append_column("extra", pa.array([1])),
        good.set_column(1, "status", pa.array([None], pa.string())),
        good.set_column(3, "runtime_s", pa.array(["long"])),
    ):
        with pytest.raises(StoreError):
            checked(bad, OUTCOMES)


def test_the_time_to_read_grows_as_the_number_of_columns(tmp_path):
    """CPU time: sixteen times as many columns may take forty times as long, not 256 times."""

    def seconds(count):
        table = pa.table({f"c{k}": [0.5] for k in range(count)} | {"l": [[0.5]]})
        path = tmp_path / f"{count}.parquet"
        write_table(table, path, table.schema)
        took = []
        for _ in range(3):
            began = time.process_time()
            assert read_table(path, columns=table.column_names).equals(table)
            took.append(time.process_time() - began)
        return min(took)

    assert seconds(3200) < 40 * seconds(200)


def test_notes_keep_their_order(tmp_path):
    notes = {"axes": {"b": 1, "a": 2}}
    write_table(outcomes("x"), tmp_path / "a.parquet", OUTCOMES, notes)
    assert list(read_notes(tmp_path / "a.parquet")["axes"]) == ["b", "a"]
