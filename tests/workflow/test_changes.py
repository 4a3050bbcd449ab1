"""Changes of code, text and figures: what depends on them runs again, and nothing else."""

import pytest
from workflow.small_experiments import STEPS, TRAINS
from workflow.workspace import Workspace

MODEL = "models/squid_soma/model.py"


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("steps", "trains")
    workspace.experiment("steps", STEPS).experiment("trains", TRAINS)
    run = workspace.run("database").succeeded()
    assert (run.points_of("steps"), run.points_of("trains")) == (2, 2)
    return workspace


@pytest.fixture
def project(finished, copy_of) -> Workspace:
    return copy_of(finished)


def test_a_changed_formula_reruns_the_experiments_of_that_model(project):
    before = project.trace_digests("steps")
    project.replace(MODEL, "p.amplitude)", "3 * p.amplitude)")
    foreseen = project.run("features", "-n").succeeded()
    run = project.run("features").succeeded()
    assert (run.points_of("steps"), run.points_of("trains")) == (2, 0)
    assert foreseen.announced == run.jobs
    assert run.jobs["gather_features"] == 1

    # The stronger current evokes other traces, held beside those of the old code.
    folders = (project.results / "steps").glob("*/traces")
    held = [project.trace_digests("steps", folder.parent.name) for folder in folders]
    assert len(held) == 2
    old, new = sorted(held, key=lambda digests: digests != before)
    assert old == before
    assert old.keys() == new.keys()
    assert not set(old.values()) & set(new.values())

    project.replace(MODEL, "3 * p.amplitude)", "p.amplitude)")
    assert "0 to run" in project.run("simulate", "-n").succeeded().output


def test_words_and_figures_rerun_no_simulation(project):
    project.replace(MODEL, "def build", "# What is built\n\n    def build")
    project.replace(MODEL, '"""One isopotential', '"""Exactly one isopotential')
    project.experiment(
        "steps",
        STEPS,
        title="Another title",
        description="And a description.",
        figures=[{"kind": "line", "x": "amplitude", "y": "soma_v_maximum"}],
    )
    foreseen = project.run("database", "figures", "-n").succeeded()
    run = project.run("database", "figures").succeeded()
    assert run.points == 0
    assert foreseen.announced == run.jobs
    assert run.jobs == {
        "plan_points": 1,
        "gather_features": 1,
        "render_figures": 1,
        "build_database": 1,
    }
    query = "SELECT title, description FROM experiments WHERE experiment = 'steps'"
    assert project.query(query) == [("Another title", "And a description.")]


def test_other_features_are_extracted_from_the_same_traces(project):
    features = STEPS["features"] | {"efel": ["spike_count", "AP_amplitude"]}
    project.experiment("steps", STEPS, features=features)
    foreseen = project.run("database", "-n").succeeded()
    run = project.run("database").succeeded()
    assert run.points == 0
    assert foreseen.announced == run.jobs
    assert run.jobs["extract_features"] == 1
    ((amplitude,),) = project.query("SELECT AP_amplitude FROM steps WHERE amplitude = 0.02")
    assert 50 < amplitude < 150


def test_an_experiment_added_runs_alone(project):
    project.experiment("more", STEPS, sweep={"parameters.amplitude": [0.02, 0.04]})
    project.project("steps", "trains", "more")
    run = project.run("simulate").succeeded()
    assert run.points == run.points_of("more") == 2


def test_other_ways_of_execution_simulate_nothing_again(project):
    project.project("steps", "trains", execution={"timeout_s": 99.0, "batch_size": 1})
    run = project.run("database", "-n").succeeded()
    assert "simulate_batch" not in run.announced
    assert "2 cached, 0 to run" in run.output


def test_another_number_of_cores_runs_nothing_again(project):
    run = project.run("database", cores=2).succeeded()
    assert (run.points, run.jobs) == (0, {})
