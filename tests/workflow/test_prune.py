"""What no configuration asks for is listed, and removed when told to; nothing else ever is."""

import fcntl
import hashlib
import os

import pytest
from workflow.small_experiments import FITTED, STEPS
from workflow.workspace import Workspace

from dendroflow.morphology.files import data_sha256

SWC = "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 2 -5 0 0 0.5 1\n5 2 -60 0 0 0.5 4\n"
FIGURES = [{"kind": "line", "name": "peaks", "x": "amplitude", "y": "soma_v_maximum"}]
TREE = {
    "title": "A tree",
    "model": "tree",
    "morphology": "cell",
    "morphology_requires": {"checks": ["readable"]},
    "simulation": {"duration": 5.0},
    "sweep": {"parameters.amplitude": [0.1]},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
    "execution": {"keep_traces": False},
}
LEAK = {
    "title": "A mechanism",
    "model": "leak_one",
    "simulation": {"duration": 5.0},
    "sweep": {"parameters.g": [0.001]},
    "features": {"signal": "soma_v", "statistics": ["final"]},
}


def with_cell(workspace: Workspace, text: str) -> None:
    workspace.write("cell.swc", text)
    pin = data_sha256(text.encode(), "swc")
    workspace.write("morphologies.yaml", {"cell": {"file": "cell.swc", "sha256": pin}})


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    """Everything that leaves files of its own, and another configuration that shares some."""
    workspace = new_workspace().project("steps", "tree", "leak", "fitted")
    workspace.experiment("steps", STEPS, figures=FIGURES).experiment("tree", TREE)
    workspace.experiment("leak", LEAK).experiment("fitted", FITTED)
    with_cell(workspace, SWC)
    workspace.run("all", "audit", "results/steps/features.csv", cores=2).succeeded()
    return workspace


@pytest.fixture
def project(finished, copy_of) -> Workspace:
    return copy_of(finished)


def contents(workspace: Workspace) -> dict[str, str]:
    """Digests of all results, but what every run of Snakemake writes."""
    return {
        path.relative_to(workspace.results).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in workspace.results.rglob("*")
        if path.is_file() and path.name not in (".lock", "prune.log", ".snakemake_timestamp")
    }


def prune(workspace: Workspace, *arguments: str) -> str:
    """What `dendroflow prune` says that ends well."""
    done = workspace.dendroflow("prune", *arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout


def listed(workspace: Workspace) -> set[str]:
    """The files that the last run of `prune` would remove, or has removed."""
    lines = (workspace.results / "logs" / "prune.log").read_text().splitlines()
    return {line.removeprefix("results/") for line in lines}


def nothing_to_do(workspace: Workspace, target: str = "all") -> bool:
    run = workspace.run(target, "-n").succeeded()
    return "Nothing to be done" in run.output and not run.announced


def test_nothing_is_removed_of_what_was_just_made(finished):
    assert "nothing else is there to remove" in prune(finished)
    assert listed(finished) == set()


@pytest.mark.slow
def test_old_recipes_batches_builds_pins_and_experiments_go(project):
    before = contents(project)
    project.replace("models/leak_one/leak.mod", "NEURON {", "NEURON {\n    THREADSAFE")
    project.replace("models/squid_soma/model.py", "\nclass ", "\nNEW = 1\n\n\nclass ")
    project.experiment("steps", STEPS, figures=[FIGURES[0] | {"name": "other"}])
    project.project("steps", "tree", "leak")
    with_cell(project, SWC.replace("-60", "-70"))
    mine = project.results / "figures" / "mine.svg"
    mine.write_text("<svg/>")
    project.run(cores=2).succeeded()
    now = contents(project)

    prune(project)
    assert contents(project) == now, "listing removed something"
    old = listed(project)
    said = prune(project, "--delete")
    assert listed(project) == old
    after = contents(project)
    assert now.keys() - after.keys() == old
    assert all(now[name] == digest for name, digest in after.items())

    assert "audits/fitted.parquet" in old
    assert {name for name in before if name.startswith("figures/fitted/")} <= old
    assert {name for name in before if name.startswith(("fitted/", "mechanisms/"))} <= old
    assert {name for name in before if name.startswith("morphologies/cell/")} <= old
    assert {name for name in before if "/outcomes/" in name} <= old
    models = {name for name in before if name.startswith("models/") and name.endswith(".json")}
    assert len(models & old) == 2, "of steps and leak; the tree has not changed"
    assert "figures/mine.svg" in after
    assert not (project.results / "fitted").exists()
    assert f"{len(old)} files" in said

    assert nothing_to_do(project)
    prune(project)
    assert listed(project) == set()


def test_a_batch_goes_when_none_of_its_points_is_asked_for(project):
    first = set(contents(project))
    project.experiment("steps", STEPS, sweep={"parameters.amplitude": [0.02, 0.03]})
    prune(project)
    assert not any("outcomes" in name for name in listed(project)), "0.02 is in the first batch"

    project.experiment("steps", STEPS, sweep={"parameters.amplitude": [0.03]})
    prune(project, "--delete")
    batches = {name for name in first if name.startswith("steps/") and "/outcomes/" in name}
    assert len(batches) == 1
    assert batches <= listed(project)
    assert project.run("simulate").succeeded().points == 1


def test_a_search_that_goes_on_loses_nothing_that_it_needs(project):
    longer = FITTED | {"optimise": FITTED["optimise"] | {"generations": 5}}
    checkpoints = {name for name in contents(project) if "/generation-" in name}
    assert len(checkpoints) == 5
    project.experiment("fitted", longer)
    project.run("database", cores=2).succeeded()
    prune(project, "--delete")
    assert checkpoints <= set(contents(project))
    assert nothing_to_do(project, "database")


def test_what_another_configuration_asks_for_stays(project, tmp_path):
    project.write("other.yaml", {"experiments": ["fitted"]})
    elsewhere = Workspace(tmp_path / "elsewhere").project("leak").experiment("leak", LEAK)
    project.project("steps")
    keep = str(elsewhere.config / "config.yaml")
    said = prune(project, "--delete", "--keep", keep)
    for name in ("config.yaml", "other.yaml", "elsewhere/config/config.yaml"):
        assert f"{name}: " in said
    gone = {name.split("/")[0] for name in listed(project)}
    assert "tree" in gone
    assert not {"leak", "fitted", "steps", "mechanisms"} & gone
    assert not any("leak" in name or "fitted" in name for name in listed(project))

    prune(project, "--delete")
    assert {"leak", "mechanisms"} <= {name.split("/")[0] for name in listed(project)}
    assert not (project.results / "mechanisms").exists()


def test_nothing_outside_the_results_and_nothing_unknown_is_touched(project, tmp_path):
    outside = tmp_path / "disk" / ("0" * 16) / "outcomes"
    outside.mkdir(parents=True)
    far = outside / f"{'1' * 16}.parquet"
    far.write_text("x")
    (project.results / "gone").symlink_to(tmp_path / "disk", target_is_directory=True)
    kept = tmp_path / "kept.parquet"
    kept.write_text("x")
    link = project.results / "audits" / "nobody.parquet"
    link.symlink_to(kept)
    own = [project.results / "notes.txt", project.results / "audits" / "why.md"]
    for path in own:
        path.write_text("x")
    prune(project, "--delete")
    assert listed(project) == {link.relative_to(project.results).as_posix()}
    assert not os.path.lexists(link)
    assert all(path.exists() for path in (far, kept, *own))


def test_what_cannot_be_understood_stops_it(project):
    project.write("other.yaml", {"experiments": ["nowhere"]})
    before = contents(project)
    project.project("steps")
    refused = project.dendroflow("prune", "--delete")
    assert refused.returncode == 1
    assert refused.stdout.endswith("nowhere.yaml: there is no such file (nothing was removed)\n")
    assert refused.stdout.count("\n") == 1
    assert contents(project) == before


def test_nothing_is_removed_beside_a_running_run(project):
    with (project.results / ".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = project.dendroflow("prune", "--delete")
        assert refused.returncode == 1
        assert "another run is at work here" in refused.stdout
        assert "nothing else is there to remove" in prune(project)
