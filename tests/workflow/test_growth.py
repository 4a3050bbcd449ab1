"""A design that grows, shrinks or is reordered: only points that are new are simulated."""

import pytest
from workflow.small_experiments import STEPS, TRAINS
from workflow.workspace import Workspace

AMPLITUDES = "parameters.amplitude"


def sweeping(*amplitudes, **axes):
    return {"sweep": {AMPLITUDES: list(amplitudes)} | axes}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("steps").experiment("steps", STEPS)
    run = workspace.run("database").succeeded()
    assert run.points == 2
    return workspace


@pytest.fixture
def project(finished, copy_of) -> Workspace:
    return copy_of(finished)


def test_second_run_does_nothing(project):
    run = project.run("database").succeeded()
    assert "Nothing to be done" in run.output
    assert (run.points, run.batches, run.jobs) == (0, (), {})


def test_values_added_to_an_axis_are_all_that_runs(project):
    held = project.trace_digests("steps")
    project.experiment("steps", STEPS, **sweeping(0.01, 0.015, 0.02, 0.03))

    foreseen = project.run("database", "-n").succeeded()
    assert foreseen.points == 0
    run = project.run("database").succeeded()

    assert run.points == 2
    assert len(run.batches) == 1
    assert foreseen.announced == run.announced == run.jobs
    assert run.jobs["simulate_batch"] == run.jobs["extract_features"] == 1
    grown = project.trace_digests("steps")
    assert held.items() <= grown.items()
    assert project.query("SELECT amplitude, status FROM steps ORDER BY amplitude") == [
        (amplitude, "ok") for amplitude in (0.01, 0.015, 0.02, 0.03)
    ]


def test_a_longer_axis_makes_the_same_database_as_one_that_was_always_so(project):
    database = project.results / "dendroflow.sqlite"
    project.experiment("steps", STEPS, **sweeping(0.01, 0.02, 0.03))
    project.run("database").succeeded()
    grown = database.read_bytes()
    database.unlink()
    assert project.run("database").succeeded().jobs == {"build_database": 1}
    assert database.read_bytes() == grown


def test_removed_values_leave_the_database_and_come_back_without_a_simulation(project):
    project.experiment("steps", STEPS, **sweeping(0.02))
    assert project.run("database").succeeded().points == 0
    assert project.query("SELECT amplitude FROM steps") == [(0.02,)]

    project.experiment("steps", STEPS)
    assert "2 cached, 0 to run" in project.run("simulate", "-n").succeeded().output


def test_the_order_of_values_decides_nothing(project):
    project.experiment("steps", STEPS, **sweeping(0.02, 0.01))
    assert project.run("simulate").succeeded().points == 0


def test_a_new_axis_keeps_the_points_at_its_old_value(project):
    project.experiment("steps", STEPS, **sweeping(0.01, 0.02, **{"parameters.gnabar": [0.12, 0.1]}))
    run = project.run("database").succeeded()
    assert run.points == 2
    rows = project.query("SELECT amplitude, gnabar FROM steps")
    assert sorted(rows) == [(0.01, 0.1), (0.01, 0.12), (0.02, 0.1), (0.02, 0.12)]


def test_a_fixed_value_decides_the_points(project):
    project.experiment("steps", STEPS, parameters={"gnabar": 0.1})
    assert project.run("simulate").succeeded().points == 2
    project.experiment("steps", STEPS, parameters={"gnabar": 0.12})
    assert "2 cached, 0 to run" in project.run("simulate", "-n").succeeded().output


def test_a_batch_size_of_one_is_a_job_for_each_point(project):
    project.experiment("steps", STEPS, **sweeping(0.01, 0.03, 0.04, 0.05))
    project.project("steps", execution={"batch_size": 1})
    foreseen = project.run("simulate", "-n").succeeded()
    run = project.run("simulate").succeeded()
    assert run.points == run.jobs["simulate_batch"] == len(run.batches) == 3
    assert foreseen.announced == run.jobs


def test_seeds_are_an_axis(workspace):
    workspace.project("trains").experiment("trains", TRAINS)
    assert workspace.run("simulate").succeeded().points == 2
    before = workspace.trace_digests("trains")
    assert len(set(before.values())) == len(before) == 4

    workspace.experiment("trains", TRAINS, sweep={"simulation.seed": [3, 2, 1]})
    assert workspace.run("simulate").succeeded().points == 1
    grown = workspace.trace_digests("trains")
    assert before.items() < grown.items()
    assert len(set(grown.values())) == 6
