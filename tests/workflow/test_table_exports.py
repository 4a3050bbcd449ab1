"""Tables on demand, as CSV and Excel, and the script that asks the database."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from workflow.small_experiments import STEPS
from workflow.workspace import CHECKOUT

from dendroflow.model import read_trace

QUERY = CHECKOUT / "docs" / "examples" / "query.py"


def shipped(name, **sweep):
    """An experiment of the default configuration with fewer points."""
    path = CHECKOUT / "config" / "experiments" / f"{name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) | {"sweep": sweep, "figures": []}


@pytest.fixture(scope="module")
def exported(new_workspace):
    project = new_workspace().project("hh_temperature", "synaptic_drive")
    project.experiment(
        "hh_temperature",
        shipped(
            "hh_temperature",
            **{"simulation.celsius": [18.0, 20.0, 20.5], "parameters.gnabar": [0.12, 0.14]},
        ),
    )
    project.experiment(
        "synaptic_drive",
        shipped("synaptic_drive", **{"parameters.weight": [0.002, 0.004], "simulation.seed": [1]}),
    )
    names = ("features.csv", "features.xlsx", "traces.csv")
    tables = [f"results/hh_temperature/{name}" for name in names]
    run = project.run("--", "database", *tables, cores=2).succeeded()
    assert (run.jobs["export_features"], run.jobs["export_traces"]) == (2, 1)
    return project


def test_features_are_the_same_in_every_format(exported):
    folder = exported.results / "hh_temperature"
    wanted = pd.read_parquet(folder / "features.parquet")
    for found in (pd.read_csv(folder / "features.csv"), pd.read_excel(folder / "features.xlsx")):
        assert list(found) == list(wanted)
        for name in ("celsius", "gnabar", "AP_duration", "soma_v_maximum"):
            assert found[name].to_numpy() == pytest.approx(
                wanted[name].to_numpy(), rel=1e-15, nan_ok=True
            )
        assert list(found["point_id"]) == list(wanted["point_id"])


def test_traces_are_a_row_per_sample(exported):
    folder = exported.results / "hh_temperature"
    found = pd.read_csv(folder / "traces.csv")
    swept = ["celsius", "gnabar"]
    assert list(found) == [*swept, "point_id", "signal", "location", "unit", "time", "value"]
    assert len(found) == 6 * 2401
    points = pd.read_parquet(folder / "features.parquet").set_index("point_id")
    for point_id, rows in found.groupby("point_id"):
        assert (rows[swept] == points.loc[point_id, swept]).all(axis=None)
        assert rows["value"].max() == points.loc[point_id, "soma_v_maximum"]
        assert rows["time"].to_numpy() == pytest.approx(0.025 * np.arange(2401))


def test_an_exported_trace_is_read_back(exported):
    times, values = read_trace(
        exported.results / "hh_temperature" / "traces.csv", "soma_v", celsius=18.0, gnabar=0.12
    )
    kept = exported.query(
        "SELECT soma_v_maximum FROM hh_temperature WHERE celsius = 18 AND gnabar = 0.12"
    )
    assert len(times) == 2401
    assert values.max() == pytest.approx(kept[0][0], rel=1e-11)


def test_traces_that_are_not_kept_cannot_be_exported(workspace):
    workspace.project("steps").experiment("steps", STEPS, execution={"keep_traces": False})
    refused = workspace.run("-n", "results/steps/traces.csv")
    refused.refused("config/experiments/steps.yaml", "keep_traces is false", "traces.csv")


def test_the_script_answers_three_questions(exported):
    done = subprocess.run(
        [sys.executable, QUERY, exported.results],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.strip().split("\n\n")
    assert [line.split() for line in first.splitlines()[-2:]] == [
        ["0.12", "20.0"],
        ["0.14", "20.5"],
    ]
    weights = [line.split()[0] for line in second.splitlines()[-2:]]
    assert weights == ["0.002", "0.004"]
    assert third.startswith("At 20.5 °C and 0.14 S/cm² the potential peaks after ")
