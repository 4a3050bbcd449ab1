"""docs/database.md: what it shows works on a database as it describes it."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest
from running import CHECKOUT

from dendroflow.analysis.sensitivity import Design, indices
from dendroflow.design import distinct, expand, point_ids
from dendroflow.settings.analysis import Sensitivity
from dendroflow.settings.sweep import Block
from dendroflow.tables.contents import design_rows
from dendroflow.tables.database import PLACES, TABLES, ExperimentRows, build_database
from dendroflow.tables.schemas import STATUSES, TRACES
from dendroflow.tables.tables import write_table

PAGE = (CHECKOUT / "docs" / "database.md").read_text(encoding="utf-8")
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
# First order: 16/12 and 1/12 of 13/9.
INDICES = {"b": 0.92, "a": 0.06}
DURATIONS = {0.0: 6.2, 10.0: 2.7, 14.0: 2.025, 18.0: 1.6, 20.0: 1.425, 22.0: None}


def blocks(language, page=PAGE):
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    return found


def rows(name, points, columns, design=(), **facts):
    """What the database is told of an experiment with these points."""
    size = len(points)
    ids = [f"{name}{k}" for k in range(size)]
    status = points.isna().any(axis=1).map({True: "failed", False: "ok"})
    table = points.assign(
        point_id=ids, status=status, error=None, runtime_s=0.01, batch=f"batch-of-{name}"
    )
    values = pd.DataFrame(
        [(i, "all_ISI_values", k, 10.0 + k) for i in ids for k in range(3)],
        columns=["point_id", "feature", "position", "value"],
    )
    stored = pa.Table.from_pandas(table, preserve_index=False)
    batch = {"points": size, "model_copy": "c1", "provenance": {"neuron": "9.0.2"}}
    return ExperimentRows(
        name=name,
        points=stored,
        feature_values=pa.Table.from_pandas(values, preserve_index=False),
        designs=design_rows(design, stored["point_id"]),
        facts={
            "simulation_code": "s1",
            "fixed": {"simulation.dt": 0.025},
            "labels": {"simulation.dt": {"unit": "ms", "meaning": "time step"}},
        }
        | facts,
        columns=[
            {"name": c, "kind": "feature" if c.startswith("AP") else "swept"}
            | {"unit": "", "meaning": c}
            for c in columns
        ],
        batches={f"batch-of-{name}": batch},
        traces=pa.table(
            {
                "point_id": ids,
                "protocol": [""] * size,
                "signal": ["soma_v"] * size,
                "location": pa.nulls(size, pa.string()),
                "file": [f"{name}/s1/traces/batch-of-{name}.parquet"] * size,
                "row": range(size),
            },
            schema=PLACES,
        ),
        audits=[dict.fromkeys(TABLES["audits"], "x") | {"point_id": ids[0]}],
        morphologies=[dict.fromkeys(TABLES["morphologies"], "x")],
        criteria=[{"criterion": "AP_amplitude", "accepts": 1, "refuses": 0}],
        replicates=[{"feature": "spike_count", "shared": '{"weight": 0.004}', "n": 1}],
        model_files=[{"model_copy": "c1", "path": "model.py", "content": b"class Soma: ..."}],
    )


def sampled():
    """An experiment whose feature is 3 b + 2 b a, b and a uniform on [0, 1]."""
    axes = {path: {"range": [0.0, 1.0]} for path in ("parameters.b", "parameters.a")}
    sweep = [{"saltelli": {"samples": 1024, "axes": axes}}]
    table, blocks = expand([Block(**block) for block in sweep], ".")
    points, design = distinct(table, point_ids(table), blocks, "sweep")
    points = points.drop(columns="point_id").rename(columns=lambda path: path.rpartition(".")[2])
    points["AP_duration"] = 3 * points["b"] + 2 * points["b"] * points["a"]
    found = rows("sampled", points, points.columns, design, sweep=sweep)
    order = [first + k for first, count in design[0]["points"] for k in range(count)]
    names = ["b", "a"]
    told = indices(
        found.points, Design(order, names, second_order=True), ["AP_duration"], Sensitivity()
    )
    return replace(found, sensitivity=told.to_pylist())


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "results"
    temperature = pd.DataFrame(
        [
            {"celsius": celsius, "gnabar": gnabar, "AP_duration": duration}
            for gnabar in (0.10, 0.12)
            for celsius, duration in DURATIONS.items()
        ]
    )
    drive = pd.DataFrame([{"weight": 0.004, "seed": 1, "spike_count": 4.0}])
    hh_temperature = rows("hh_temperature", temperature, temperature.columns)
    build_database(
        folder / "dendroflow.sqlite",
        [hh_temperature, rows("synaptic_drive", drive, drive.columns), sampled()],
    )
    ids = hh_temperature.points["point_id"].to_pylist()
    traces = [
        {
            "point_id": point_id,
            "signal": "soma_v",
            "unit": "mV",
            "t0": 0.0,
            "dt": 0.5,
            "values": [-65.0, 30.0 + k, -70.0],
        }
        for k, point_id in enumerate(ids)
    ]
    write_table(
        pa.Table.from_pylist(traces, schema=TRACES),
        folder / "hh_temperature" / "s1" / "traces" / "batch-of-hh_temperature.parquet",
        TRACES,
    )
    return folder


@pytest.mark.parametrize("query", [*blocks("sql"), *re.findall(r'"(SELECT celsius.*)"', README)])
def test_every_query_gives_rows(results, query):
    with closing(sqlite3.connect(results / "dendroflow.sqlite")) as database:
        assert database.execute(query).fetchall()


def test_the_queries_of_the_course_give_their_answers(results):
    course, last, *_ = blocks("sql")
    with closing(sqlite3.connect(results / "dendroflow.sqlite")) as database:
        assert database.execute(course).fetchall() == list(DURATIONS.items())
        assert database.execute(last).fetchall() == [(0.10, 20.0), (0.12, 20.0)]


def test_indices_of_a_design_are_those_of_its_formula(results):
    with closing(sqlite3.connect(results / "dendroflow.sqlite")) as database:
        asked = "SELECT parameter, ROUND(value, 2) FROM sensitivity WHERE kind = 'S1'"
        assert dict(database.execute(asked).fetchall()) == INDICES


@pytest.mark.parametrize(
    ("code", "printed"),
    zip(
        [*blocks("python"), *blocks("python", README)],
        ["1.425", "0.5 37.0 mV", "max"],
        strict=True,
    ),
)
def test_the_python_code_runs(results, code, printed):
    child = subprocess.run(
        [sys.executable, "-c", code],
        cwd=results.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert printed in child.stdout, child.stderr


def test_every_status_is_explained():
    assert all(f"`{status}`" in PAGE for status in STATUSES)
