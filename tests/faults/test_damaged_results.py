"""Results that were damaged or deleted: a clear line or a repair, never a wrong number."""

import pytest
from workflow.small_experiments import STEPS
from workflow.workspace import Workspace


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("steps").experiment("steps", STEPS)
    workspace.run("database").succeeded()
    return workspace


def only(workspace: Workspace, pattern: str):
    (path,) = workspace.results.glob(pattern)
    return path


def test_a_truncated_table_of_outcomes_is_named(finished, copy_of):
    project = copy_of(finished)
    outcomes = only(project, "steps/*/outcomes/*.parquet")
    outcomes.write_bytes(outcomes.read_bytes()[:-20])
    run = project.run("database")
    run.refused(outcomes.name, "damaged", "delete it")
    assert len(run.lines()) == 1, run.output

    outcomes.unlink()
    assert project.run("database").succeeded().points == 2


def test_truncated_traces_are_named(finished, copy_of):
    project = copy_of(finished)
    traces = only(project, "steps/*/traces/*.parquet")
    traces.write_bytes(traces.read_bytes()[:-20])
    features = STEPS["features"] | {"statistics": ["minimum"]}
    project.experiment("steps", STEPS, features=features)
    run = project.run("database")
    run.refused(traces.name, "damaged", "delete it")

    traces.unlink()
    assert project.run("database").succeeded().points == 2
    assert project.query("SELECT COUNT(*) FROM steps WHERE soma_v_minimum < -60") == [(2,)]


def test_what_is_deleted_is_made_again_without_a_simulation(finished, copy_of):
    project = copy_of(finished)
    only(project, "models/*").unlink()
    for name in ("plan", "features", "feature_values"):
        (project.results / "steps" / f"{name}.parquet").unlink()
    run = project.run("features").succeeded()
    assert run.points == 0
    assert run.jobs == {"plan_points": 1, "gather_features": 1}
    assert only(project, "models/*").exists()


def test_the_database_is_made_again_with_the_same_content(finished, copy_of):
    project = copy_of(finished)
    before = project.query("SELECT * FROM steps")
    (project.results / "dendroflow.sqlite").unlink()
    run = project.run("database").succeeded()
    assert run.jobs == {"build_database": 1}
    assert project.query("SELECT * FROM steps") == before
