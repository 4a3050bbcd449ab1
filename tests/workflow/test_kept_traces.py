"""An experiment whose traces are not kept: features are there, traces are not, nothing is lost."""

import pytest
from workflow.small_experiments import STEPS
from workflow.workspace import Workspace

UNKEPT = STEPS | {"execution": {"keep_traces": False}}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("steps").experiment("steps", UNKEPT)
    run = workspace.run("database").succeeded()
    assert run.points == 2
    return workspace


def test_only_features_are_left(finished):
    assert not list(finished.results.glob("steps/*/traces/*"))
    assert finished.query("SELECT amplitude, spike_count, status FROM steps") == [
        (0.01, 1, "ok"),
        (0.02, 1, "ok"),
    ]


def test_second_run_does_nothing(finished):
    run = finished.run("database", "simulate").succeeded()
    assert "Nothing to be done" in run.output
    assert (run.points, run.jobs) == (0, {})


def test_growth_simulates_the_new_points_alone(finished, copy_of):
    project = copy_of(finished)
    project.experiment("steps", UNKEPT, sweep={"parameters.amplitude": [0.01, 0.02, 0.03]})
    foreseen = project.run("database", "-n").succeeded()
    run = project.run("database").succeeded()
    assert run.points == 1
    assert foreseen.announced.total() == run.jobs.total()
    assert not list(project.results.glob("steps/*/traces/*"))
    assert len(project.query("SELECT * FROM steps WHERE status = 'ok'")) == 3


def test_other_features_need_the_simulations_again(finished, copy_of):
    """What was removed meanwhile is neither needed nor lost."""
    project = copy_of(finished)
    features = STEPS["features"] | {"statistics": ["minimum"]}
    changed = UNKEPT | {"features": features, "sweep": {"parameters.amplitude": [0.02]}}
    project.experiment("steps", changed)
    project.run("features").succeeded()
    (row,) = project.table("steps/features.parquet").to_pylist()
    assert (row["amplitude"], row["spike_count"]) == (0.02, 1)
    assert row["soma_v_minimum"] < -65

    project.experiment("steps", UNKEPT)
    project.run("features").succeeded()
    rows = project.table("steps/features.parquet").to_pylist()
    assert [(row["amplitude"], row["spike_count"]) for row in rows] == [(0.01, 1), (0.02, 1)]


def test_traces_that_are_to_be_drawn_are_simulated_again(finished, copy_of):
    figures = [{"kind": "trace", "name": "traces", "signal": "soma_v"}]
    project = copy_of(finished).experiment("steps", STEPS, figures=figures)
    assert project.run("figures").succeeded().points == 2
    assert len(project.trace_digests("steps")) == 2
    assert (project.results / "figures/steps/traces.svg").exists()
