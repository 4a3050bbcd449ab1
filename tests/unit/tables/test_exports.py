"""What goes into CSV and Excel, and what does not fit."""

import math
from pathlib import Path

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from dendroflow.errors import StoreError
from dendroflow.tables import exports
from dendroflow.tables.exports import export_features, export_traces
from dendroflow.tables.protocols import RUNS
from dendroflow.tables.schemas import TRACES
from dendroflow.tables.tables import write_table

ERRORS = ["=1+1", "+A1", 'bell \x07, tab \t, quote "', None]


def features(path: Path) -> Path:
    points = pa.table(
        {
            "point_id": ["a", "b", "c", "d"],
            "g": [0.1, 1e-300, math.inf, None],
            "n": [1, 2, 3, None],
            "error": ERRORS,
        }
    )
    notes = {"columns": [{"name": "g", "kind": "swept"}, {"name": "n", "kind": "feature"}]}
    write_table(points, path, points.schema, notes)
    return path


def traces(path: Path, *rows: dict) -> Path:
    filled = [{"signal": "v", "unit": "mV", "t0": 0.0, "dt": 0.5} | row for row in rows]
    write_table(pa.Table.from_pylist(filled, schema=TRACES), path, TRACES)
    return path


def runs(folder: Path) -> Path:
    write_table(RUNS.empty_table(), folder / "runs.parquet", RUNS)
    return folder / "runs.parquet"


def cells(path: Path) -> list[list]:
    return [[cell.value for cell in row] for row in load_workbook(path)["table"].iter_rows()]


def test_text_stays_text_in_excel(tmp_path):
    target = tmp_path / "features.xlsx"
    export_features(features(tmp_path / "features.parquet"), target)
    sheet = load_workbook(target)["table"]
    assert [cell.data_type for cell in sheet["D"][1:4]] == ["s", "s", "s"]
    assert cells(target) == [
        ["point_id", "g", "n", "error"],
        ["a", 0.1, 1, "=1+1"],
        ["b", 1e-300, 2, "+A1"],
        ["c", "inf", 3, 'bell \ufffd, tab \t, quote "'],
        ["d", None, None, None],
    ]


def test_csv_quotes_and_keeps_digits(tmp_path):
    export_features(features(tmp_path / "features.parquet"), tmp_path / "features.csv")
    lines = (tmp_path / "features.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ['"point_id","g","n","error"', '"a",0.1,1,"=1+1"', '"b",1e-300,2,"+A1"']
    assert lines[3].endswith('quote """')
    assert lines[4] == '"d",,,'


def test_a_row_per_sample_of_requested_points(tmp_path):
    points = features(tmp_path / "features.parquet")
    first = traces(tmp_path / "1.parquet", {"point_id": "b", "values": [1.0, 2.0]})
    second = traces(
        tmp_path / "2.parquet",
        {"point_id": "not requested", "values": [9.0]},
        {
            "point_id": "d",
            "values": [3.0, math.nan],
            "dt": None,
            "t": [0.0, 0.7],
            "location": "x(0.5)",
        },
        {"point_id": "a", "values": []},
    )
    target = tmp_path / "traces.csv"
    export_traces(points, runs(tmp_path), [first, second], target)
    assert target.read_text(encoding="utf-8").splitlines() == [
        '"g","point_id","signal","location","unit","time","value"',
        '1e-300,"b","v",,"mV",0,1',
        '1e-300,"b","v",,"mV",0.5,2',
        ',"d","v","x(0.5)","mV",0,3',
        ',"d","v","x(0.5)","mV",0.7,',
    ]


def test_what_a_sheet_cannot_hold(tmp_path, monkeypatch):
    # The real limit takes minutes to reach; what is checked is that it is kept, and in time.
    assert exports.EXCEL_ROWS == 2**20
    monkeypatch.setattr(exports, "EXCEL_ROWS", 5)
    points = features(tmp_path / "features.parquet")
    export_features(points, tmp_path / "features.xlsx")
    one = traces(tmp_path / "1.parquet", {"point_id": "a", "values": [1.0, 2.0, 3.0]})
    two = traces(tmp_path / "2.parquet", {"point_id": "b", "values": [1.0, 2.0]})
    target = tmp_path / "traces.xlsx"
    with pytest.raises(StoreError, match=r"holds 4 rows.*has 5: ask for traces\.csv"):
        export_traces(points, runs(tmp_path), [one, two], target)
    assert not target.exists()
    export_traces(points, runs(tmp_path), [one], target)
    assert len(cells(target)) == 4


def test_too_many_columns_for_a_sheet(tmp_path, monkeypatch):
    assert exports.EXCEL_COLUMNS == 2**14
    monkeypatch.setattr(exports, "EXCEL_COLUMNS", 3)
    with pytest.raises(StoreError, match=r"holds 3 columns, and this table has 4"):
        export_features(features(tmp_path / "features.parquet"), tmp_path / "features.xlsx")
