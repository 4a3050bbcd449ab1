"""Results that were damaged or deleted: a clear line or a repair, never a wrong number."""

import re
import shutil

import pytest
from whole_project import content
from workflow.small_experiments import STEPS
from workflow.workspace import Workspace

pytestmark = pytest.mark.slow


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
    only(project, "models/*.json").unlink()
    for name in ("plan", "features", "feature_values"):
        (project.results / "steps" / f"{name}.parquet").unlink()
    run = project.run("features").succeeded()
    assert run.points == 0
    assert run.jobs == {"plan_points": 1, "gather_features": 1}
    assert only(project, "models/*.json").exists()


def test_the_database_is_made_again_with_the_same_content(finished, copy_of):
    project = copy_of(finished)
    before = project.query("SELECT * FROM steps")
    (project.results / "dendroflow.sqlite").unlink()
    run = project.run("database").succeeded()
    assert run.jobs == {"build_database": 1}
    assert project.query("SELECT * FROM steps") == before


def spoil(project: Workspace, pattern: str) -> str:
    """Change a few bytes that matter; returns the file's path as messages have it.

    In a table they belong to its first column, which everybody reads.
    """
    path = only(project, pattern)
    data = bytearray(path.read_bytes())
    start = 24 if path.suffix == ".parquet" else len(data) // 3
    data[start : start + 16] = bytes(byte ^ 1 for byte in data[start : start + 16])
    path.write_bytes(data)
    return str(path.relative_to(project.folder))


def delete_what_is_named(project: Workspace) -> set[str]:
    named = set(re.findall(r"(results/[^ :()]+): [^\n]*delete it", project.said))
    for path in (project.folder / name for name in named):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return named


ROUNDS = [
    (
        *("steps/*/traces/*", "leak/plan.parquet", "morphologies/cell/*/cell.swc"),
        "tree/features.parquet",
    ),
    ("models/*/leak.mod", "morphologies/cell/*/*.npz", "steps/*/features/*/*"),
    ("tree/*/outcomes/*", "steps/feature_values.parquet"),
]


@pytest.mark.parametrize("damaged", ROUNDS, ids=lambda files: files[0])
def test_a_few_bytes_are_enough_to_be_noticed(whole, copy_of, damaged):
    project = copy_of(whole)
    if "models/*/leak.mod" in damaged:
        # New points, so that the copy of the model and the sections are needed.
        project.replace("experiments/leak.yaml", "- 0.002", "- 0.002\n  - 0.003")
        project.replace("experiments/tree.yaml", "- 0.2", "- 0.2\n  - 0.3")
    spoilt = {spoil(project, pattern) for pattern in damaged}
    named: set[str] = set()
    while (run := project.run(cores=2)).code != 0:
        assert "Traceback" not in run.output, run.output
        told = delete_what_is_named(project)
        assert told, run.output
        named |= told
    # Of a model's copy the folder is named.
    assert named == {name.removesuffix("/leak.mod") for name in spoilt}
    now = content(project)
    missing = {name: set(rows) - set(now[name]) for name, rows in content(whole).items()}
    assert not any(missing.values()), missing


def test_a_model_description_that_is_damaged_is_made_again(whole, copy_of):
    project = copy_of(whole)
    descriptions = {path: path.read_bytes() for path in project.results.glob("models/*.json")}
    for path, sound in descriptions.items():
        path.write_bytes(sound[:-20])
    assert "Nothing to be done" in project.run().succeeded().output
    assert all(path.read_bytes() == sound for path, sound in descriptions.items())
