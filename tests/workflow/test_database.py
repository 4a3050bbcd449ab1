"""The database of a real run: the documented queries, units, values per spike, provenance."""

import importlib.metadata
import json
import re
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from workflow.small_experiments import STEPS
from workflow.workspace import CHECKOUT, Workspace

from dendroflow.commands.cli import main
from dendroflow.design.sampling import saltelli
from dendroflow.settings.sweep import Saltelli

# Two axes, not in the order of their names.
SALTELLI = {
    "samples": 2,
    "axes": {
        "parameters.gnabar": {"range": [0.1, 0.14]},
        "parameters.amplitude": {"range": [0.005, 0.03]},
    },
}


def declared(name: str) -> dict:
    """An experiment of the default configuration, without figures, which name its points."""
    content = yaml.safe_load((CHECKOUT / "config/experiments" / f"{name}.yaml").read_text())
    return content | {"figures": []}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    """The default experiments that the queries are about, with fewer points."""
    workspace = new_workspace().project("hh_temperature", "synaptic_drive")
    celsius = {"simulation.celsius": [10, 20, 26], "parameters.gnabar": [0.12, 0.14]}
    temperature = declared("hh_temperature")
    temperature["analysis"] = {"population": {"accept": {"soma_v_maximum": [0.0, None]}}}
    workspace.experiment("hh_temperature", temperature, sweep=celsius)
    trains = {"parameters.weight": [0.001, 0.004], "simulation.seed": [1, 2]}
    synaptic = declared("synaptic_drive") | {"analysis": {"replicates": ["simulation.seed"]}}
    synaptic["features"][0]["efel"].append("peak_time")
    workspace.experiment("synaptic_drive", synaptic, sweep=trains)
    workspace.experiment("sampled", STEPS, sweep=[{"saltelli": SALTELLI}])
    workspace.project("hh_temperature", "synaptic_drive", "sampled")
    workspace.run("database", cores=2).succeeded()
    return workspace


@pytest.fixture
def database(finished):
    with closing(sqlite3.connect(finished.results / "dendroflow.sqlite")) as connection:
        yield connection


def test_one_table_for_each_experiment(database):
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
    assert {"hh_temperature", "synaptic_drive", "experiments", "columns", "batches"} <= tables
    columns = [row[1] for row in database.execute("PRAGMA table_info(hh_temperature)")]
    efel = declared("hh_temperature")["features"]["efel"]
    assert {"point_id", "celsius", "gnabar", *efel, "status", "error", "runtime_s"} <= set(columns)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_known_answers(database):
    rows = database.execute(
        "SELECT celsius, AP_duration FROM hh_temperature WHERE gnabar = 0.12 ORDER BY celsius"
    ).fetchall()
    assert [celsius for celsius, _ in rows] == [10, 20, 26]
    assert [duration for _, duration in rows[:2]] == pytest.approx([2.7, 1.425], abs=1e-9)
    assert rows[2][1] is None  # no spike: NULL, not a number


def test_every_query_of_the_documentation_works(database):
    page = (CHECKOUT / "docs" / "database.md").read_text(encoding="utf-8")
    queries = re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(queries) > 5
    for query in queries:
        rows = pd.read_sql(query, database)
        # No experiment here has a morphology, a point that failed, an audit, or an analysis.
        empty = re.search("FROM (morphologies|failures|audits|sensitivity)", query)
        assert len(rows) or empty, query


def test_numbers_are_numbers_in_pandas(database):
    table = pd.read_sql("SELECT * FROM hh_temperature", database)
    for column in ("celsius", "gnabar", "AP_duration", "runtime_s", "soma_v_maximum"):
        assert table[column].dtype.kind in "if", column
    assert table.pivot(index="celsius", columns="gnabar", values="soma_v_maximum").shape == (3, 2)


def test_every_column_has_a_meaning_and_its_unit(database):
    for experiment in ("hh_temperature", "synaptic_drive"):
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({experiment})")}
        described = pd.read_sql(
            "SELECT * FROM columns WHERE experiment = ?", database, params=[experiment]
        )
        assert set(described["name"]) == columns
        assert described["meaning"].str.len().min() > 0
    units = dict(
        database.execute("SELECT name, unit FROM columns WHERE experiment = 'hh_temperature'")
    )
    assert (units["celsius"], units["gnabar"]) == ("°C", "S/cm²")
    assert (units["AP_duration"], units["AP_amplitude"], units["runtime_s"]) == ("ms", "mV", "s")


def test_values_per_spike_are_kept_in_their_order(database):
    points = database.execute(
        "SELECT point_id, all_ISI_values, spike_count FROM synaptic_drive WHERE weight = 0.004"
    ).fetchall()
    assert len(points) == 2
    for point_id, mean, spikes in points:
        stored = pd.read_sql(
            "SELECT feature, position, value FROM feature_values WHERE point_id = ? "
            "AND experiment = 'synaptic_drive' ORDER BY feature, position",
            database,
            params=[point_id],
        )
        of = {name: rows["value"].to_numpy() for name, rows in stored.groupby("feature")}
        positions = stored.groupby("feature")["position"].apply(list)
        assert positions["peak_time"] == list(range(int(spikes)))
        assert spikes >= 3
        assert (np.diff(of["peak_time"]) > 0).all()
        assert of["all_ISI_values"] == pytest.approx(np.diff(of["peak_time"]))
        assert of["all_ISI_values"].mean() == pytest.approx(mean)


def test_a_point_leads_to_its_provenance(database):
    rows = database.execute(
        "SELECT key, value FROM hh_temperature JOIN batches USING (batch) "
        "JOIN provenance USING (batch) WHERE celsius = 20 AND gnabar = 0.12"
    ).fetchall()
    facts = dict(rows)
    assert len(facts) == len(rows)
    assert facts["neuron"] == importlib.metadata.version("neuron")
    assert re.fullmatch(r"[0-9a-f]{40}|not a git checkout", facts["git_commit"])
    assert re.fullmatch(r"[0-9a-f]{16}", facts["model_code"])
    assert {"git_state", "kernel", "mechanisms", "date", "host", "python"} <= facts.keys()


def test_a_point_leads_to_its_trace(finished, database, monkeypatch, capsys):
    rows = database.execute(
        "SELECT experiment, point_id, signal, file, row FROM traces WHERE protocol = ''"
    ).fetchall()
    assert len(rows) == len(set(rows)) > 10
    for experiment, point, signal, file, row in rows:
        stored = pq.read_table(finished.results / file).slice(row, 1).to_pylist()[0]
        assert (stored["point_id"], stored["signal"]) == (point, signal)
        asked = f"SELECT COUNT(*) FROM {experiment} WHERE point_id = ?"
        assert database.execute(asked, (point,)).fetchone() == (1,)
    monkeypatch.chdir(finished.folder)
    (point, peak) = database.execute(
        "SELECT point_id, soma_v_maximum FROM hh_temperature ORDER BY rowid"
    ).fetchone()
    assert main(["trace", point[:12], "--output", "trace.csv"]) == 0
    assert point not in capsys.readouterr().out
    written = pd.read_csv(finished.folder / "trace.csv")
    assert written["value"].max() == pytest.approx(peak)
    assert main(["trace", point, "--output", "trace.png"]) == 0
    assert (finished.folder / "trace.png").read_bytes()[:4] == b"\x89PNG"
    for arguments, said in [
        (["0" * 40], "there is no such point"),
        ([""], "several points begin so"),
        ([point, "--signal", "v"], "not recorded of it; there are soma_v"),
        ([point, "--output", "trace.doc"], "a name that ends in"),
    ]:
        assert main(["trace", *arguments]) == 1
        assert said in capsys.readouterr().err


def test_experiments_are_described_as_they_were_run(database):
    row = database.execute(
        "SELECT model, points, failed, sweep, fixed, features, feature_content FROM experiments "
        "WHERE experiment = 'synaptic_drive'"
    ).fetchone()
    assert row[:3] == ("synaptic_soma", 4, 0)
    sweep, fixed, features, feature_content = map(json.loads, row[3:])
    assert sweep[0]["grid"]["simulation.seed"]["values"] == [1, 2]
    assert fixed["simulation.dt"] == 0.025
    assert features[0]["settings"]["Threshold"] == -20.0
    assert feature_content["efel"] == importlib.metadata.version("efel")


def test_replicates_have_the_statistics_of_their_points(database):
    points = pd.read_sql("SELECT * FROM synaptic_drive", database)
    found = pd.read_sql("SELECT * FROM replicates WHERE feature = 'spike_count'", database)
    assert found["shared"].map(json.loads).tolist() == [{"weight": 0.001}, {"weight": 0.004}]
    expected = points.groupby("weight")["spike_count"]
    for column, values in (
        ("n", expected.count()),
        ("mean", expected.mean()),
        ("sd", expected.std()),
        ("sem", expected.sem()),
        ("low", expected.quantile(0.25)),
        ("median", expected.median()),
        ("high", expected.quantile(0.75)),
    ):
        assert found[column].tolist() == pytest.approx(values.tolist()), column
    assert found["point_id"].isin(points["point_id"]).all()
    assert set(found["missing"]) == {0}


def test_a_design_is_there_row_by_row_in_its_order(database):
    drawn = saltelli(Saltelli.model_validate(SALTELLI))
    rows = database.execute(
        "SELECT gnabar, amplitude, soma_v_maximum FROM designs JOIN sampled USING (point_id) "
        "WHERE experiment = 'sampled' ORDER BY block, position"
    ).fetchall()
    assert [row[:2] for row in rows] == list(zip(*drawn.values(), strict=True))
    assert (len(rows), len(set(rows))) == (12, 8)
    assert database.execute("SELECT DISTINCT experiment FROM designs").fetchall() == [("sampled",)]
    query = "SELECT sweep FROM experiments WHERE experiment = 'sampled'"
    ((sweep,),) = database.execute(query)
    assert list(json.loads(sweep)[0]["saltelli"]["axes"]) == list(SALTELLI["axes"])


def content(workspace: Workspace) -> dict[str, list]:
    """All rows but dates, by table."""
    tables = workspace.query("SELECT name FROM sqlite_schema WHERE type = 'table'")
    found = {}
    for (name,) in tables:
        columns = [row[1] for row in workspace.query(f"PRAGMA table_info({name})")]
        chosen = ", ".join(column for column in columns if column != "date")
        where = "WHERE key <> 'date'" if name == "provenance" else ""
        found[name] = workspace.query(f"SELECT {chosen} FROM {name} {where}")
    return found


def test_experiments_of_other_configurations_stay(finished, copy_of):
    project = copy_of(finished)
    before = content(project)
    project.experiment("steps", STEPS).write("other.yaml", {"experiments": ["steps"]})
    other = ("--configfile", str(project.config / "other.yaml"))

    run = project.run("database", *other).succeeded()
    assert run.points == run.points_of("steps") == 2
    after = content(project)
    assert after.keys() == before.keys() | {"steps"}
    assert all(set(before[name]) <= set(after[name]) for name in before)
    assert project.query("SELECT experiment, configuration FROM experiments") == [
        *((name, "config/config.yaml") for name in ("hh_temperature", "sampled")),
        ("steps", "config/other.yaml"),
        ("synaptic_drive", "config/config.yaml"),
    ]

    # In whatever order they run, the tables are the same.
    (project.results / "dendroflow.sqlite").unlink()
    assert project.run("database").succeeded().points == 0
    assert content(project) == after

    (project.results / "sampled" / "features.parquet").write_bytes(b"nonsense")
    (project.results / "dendroflow.sqlite").unlink()
    project.run("database", *other).succeeded()
    assert content(project).keys() == after.keys() - {"sampled"}
    log = (project.results / "logs" / "build_database" / "build_database.log").read_text()
    assert "experiment sampled is left out of the database" in log
