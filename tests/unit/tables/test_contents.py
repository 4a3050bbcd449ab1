"""What is collected from the results: all experiments, their designs, morphologies, models."""

import hashlib
import json
import sqlite3
from contextlib import closing

import pandas as pd
import pyarrow as pa
import pytest

from dendroflow.design import distinct, expand, point_ids
from dendroflow.errors import StoreError
from dendroflow.settings.sweep import Block
from dendroflow.tables.contents import every_experiment, experiment_rows
from dendroflow.tables.database import build_database
from dendroflow.tables.gathering import FEATURE_VALUES
from dendroflow.tables.protocols import RUNS
from dendroflow.tables.schemas import OUTCOMES
from dendroflow.tables.tables import write_table

PIN = "0123456789abcdef" * 4
DECLARED = {"title": "T", "description": "", "sweep": [{"grid": {"b": 1, "a": 2}}]}


def store(results, name, points=None, design=(), **changes):
    """Store an experiment whose points were all simulated in one batch."""
    folder = results / name
    if points is None:
        points = pd.DataFrame({"point_id": [f"{name}0", f"{name}1"], "celsius": [6.3, 20.0]})
    table = pa.Table.from_pandas(
        points.assign(status="ok", error=None, runtime_s=0.1, batch=f"of_{name}"),
        preserve_index=False,
    ).replace_schema_metadata(None)
    notes = {
        "experiment": name,
        "model": "m",
        "declared": DECLARED,
        "configuration": "config/config.yaml",
        "date": "2024-01-01T00:00:00+00:00",
        "simulation_code": "s" * 16,
        "feature_code": "f" * 16,
        "feature_content": {"efel": "5"},
        "fixed": {"simulation.dt": 0.025, "morphology": None},
        "design": list(design),
        "morphologies": {"cell": PIN},
        "columns": [
            {"name": "celsius", "kind": "swept", "unit": "°C", "meaning": "temperature"},
            {"name": "v", "kind": "signal", "unit": "mV", "meaning": "potential"},
        ],
    }
    write_table(table, folder / "features.parquet", table.schema, notes | changes)
    write_table(FEATURE_VALUES.empty_table(), folder / "feature_values.parquet", FEATURE_VALUES)
    write_table(RUNS.empty_table(), folder / "runs.parquet", RUNS)
    write_table(
        OUTCOMES.empty_table(),
        folder / ("s" * 16) / "outcomes" / f"of_{name}.parquet",
        OUTCOMES,
        {"points": len(points), "provenance": {"neuron": "9"}, "model_copy": "c0"},
    )


@pytest.fixture
def results(tmp_path):
    for name in ("steps", "trains"):
        store(tmp_path, name)
    cell = tmp_path / "morphologies" / "cell" / PIN[:16]
    cell.mkdir(parents=True)
    metadata = {"sha256_of_data_lines": PIN, "address": "there", "citations": ["A", "B"]}
    (cell / "cell.swc.json").write_text(json.dumps(metadata))
    (tmp_path / "models" / "c0").mkdir(parents=True)
    (tmp_path / "models" / "c0" / "model.py").write_bytes(b"# \xc3\xb6\r\n\0")
    return tmp_path


def query(results, text, own=()):
    build_database(results / "a.sqlite", every_experiment(results, own))
    with closing(sqlite3.connect(results / "a.sqlite")) as connection:
        return connection.execute(text).fetchall()


def names(results, own):
    return [rows.name for rows in every_experiment(results, own)]


def test_all_experiments_are_there_in_the_same_order_whichever_ran_last(results):
    assert names(results, ["trains"]) == names(results, ["steps"]) == ["steps", "trains"]
    facts = "SELECT experiment, title, configuration, date, points, failed, optimise"
    about = ("T", "config/config.yaml", "2024-01-01T00:00:00+00:00", 2, 0, None)
    assert query(results, f"{facts} FROM experiments") == [("steps", *about), ("trains", *about)]
    assert query(results, "SELECT morphology, citations FROM morphologies") == [("cell", "A\nB")]


def test_axes_are_in_the_order_of_the_file(results):
    (sweep,), _ = query(results, "SELECT sweep FROM experiments")
    assert list(json.loads(sweep)[0]["grid"]) == ["b", "a"]


@pytest.mark.parametrize(
    "spoilt",
    [
        "features.parquet",
        "feature_values.parquet",
        f"{'s' * 16}/outcomes/of_trains.parquet",
        "../audits/trains.parquet",
        "../morphologies/other/unpinned/other.asc.json",
    ],
)
def test_tables_of_other_configurations_need_not_be_sound(results, spoilt, caplog):
    store(results, "trains", morphologies={"other": ""})
    path = results / "trains" / spoilt
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"nonsense")
    assert names(results, ["steps"]) == ["steps"]
    assert "experiment trains is left out of the database: " in caplog.text
    assert path.name in caplog.text
    with pytest.raises(StoreError):
        names(results, ["trains"])


def test_what_an_older_version_has_gathered_or_somebody_has_copied_is_left_out(results, caplog):
    table = pa.table({"point_id": ["p"], "status": ["ok"], "batch": ["b"]})
    old = {"experiment": "older", "recipe": "r"}
    write_table(table, results / "older" / "features.parquet", table.schema, old)
    store(results, "designs")
    (results / "trains").rename(results / "copied")
    assert names(results, ["steps"]) == ["steps"]
    assert all(f"experiment {name} is" in caplog.text for name in ("older", "designs", "copied"))


def test_an_experiment_of_the_configuration_must_be_there(results):
    with pytest.raises(StoreError, match="waves"):
        names(results, ["waves"])


def test_a_point_leads_to_the_text_of_its_model(results, caplog):
    text = "SELECT path, content FROM steps JOIN batches USING (batch) JOIN model_files"
    (found, again) = query(results, f"{text} USING (model_copy)")
    assert found == again == ("model.py", b"# \xc3\xb6\r\n\0")
    (results / "models" / "c0" / "model.py").unlink()
    assert query(results, "SELECT * FROM model_files") == []
    assert "c0 is missing" in caplog.text


def test_files_of_a_model(results):
    folder = results / "models" / "c0"
    for path, content in {
        "data/big.bin": bytes(1_000_001),
        "data/small.bin": bytes(1_000_000),
        "__pycache__/model.pyc": b"",
        "mechanisms/ä.mod": b"NEURON {}",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    found = {row["path"]: row for row in experiment_rows(results, "steps").model_files}
    assert list(found) == ["data/big.bin", "data/small.bin", "mechanisms/ä.mod", "model.py"]
    big, small = found["data/big.bin"], found["data/small.bin"]
    assert big["content"] is None
    assert big["sha256"] == hashlib.sha256(bytes(1_000_001)).hexdigest()
    assert small["content"] == bytes(1_000_000)


def sampled(results, block):
    """Store the points of a sweep; returns its blocks' rows."""
    rows, blocks = expand([Block(grid={"parameters.a": [0.5], "parameters.b": [2.0]}), block], ".")
    points, design = distinct(rows, point_ids(rows), blocks, "sweep")
    points.columns = [name.rpartition(".")[2] for name in points.columns]
    store(results, "sampled", points, design)
    return rows


IN_ORDER = (
    "SELECT {} FROM designs JOIN sampled USING (point_id) "
    "WHERE experiment = 'sampled' AND block = 1 ORDER BY position"
)


def test_rows_of_a_design_are_in_its_order_and_grids_have_none(results):
    axes = {"parameters.b": {"integer_range": [1, 9]}, "parameters.a": {"range": [0, 1]}}
    rows = sampled(results, Block(latin_hypercube={"samples": 50, "axes": axes}))
    assert query(results, IN_ORDER.format("b, a")) == [
        *rows[["parameters.b", "parameters.a"]].iloc[1:].itertuples(index=False, name=None)
    ]
    assert query(results, "SELECT DISTINCT experiment, block FROM designs") == [("sampled", 1)]
    assert len(experiment_rows(results, "steps").designs) == 0
