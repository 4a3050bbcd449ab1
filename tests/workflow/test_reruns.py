"""What runs again, and what never does, under every trigger, profile and way of calling."""

import os
import random
import shutil
from pathlib import Path

import pytest
from outer_workflow import with_outer
from small_experiments import FITTED
from whole_project import content, finished_batches, whole_project
from workflow.workspace import Workspace, copy_of_checkout

# With a profile of ours, without any, and with all that Snakemake can look at.
WAYS = (
    (),
    ("--workflow-profile", "none"),
    ("--rerun-triggers", "mtime", "params", "code", "input", "software-env"),
)
# What is cheap, and depends on the code of the day.
GATHERED = {
    "gather_features",
    "build_database",
    "write_report",
    "write_explorer",
    "check_failures",
    "render_figures",
}
FINISHED = ("*/*/traces/*", "*/*/outcomes/*", "*/*/features/**/*", "*/*/optimisation/*/history*")
FINISHED += ("mechanisms/**/*.so", "models/*/*", "morphologies/**/*.*")


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    """A project that has gone through every stage, a search and an audit among them."""
    workspace = whole_project(new_workspace()).experiment("fitted", FITTED)
    quick = FITTED["optimise"] | {"generations": 1}
    workspace.experiment("fitted", FITTED, optimise=quick)
    workspace.project("steps", "leak", "tree", "fitted")
    workspace.run("all", "audit", cores=2).succeeded()
    return workspace


@pytest.fixture
def project(finished, copy_of) -> Workspace:
    return copy_of(finished)


def planned(workspace: Workspace, *arguments: str) -> set[str]:
    """Rules of which any job would run."""
    return set(workspace.run("-n", *arguments).succeeded().announced)


def nothing(workspace: Workspace, *arguments: str) -> None:
    assert "Nothing to be done" in workspace.run("-n", *arguments).succeeded().output


def touch(paths) -> None:
    paths = list(paths)
    assert paths
    for path in paths:
        os.utime(path)


def stamps(workspace: Workspace) -> dict[Path, int]:
    """The finished files, and when they were written."""
    found = (path for pattern in FINISHED for path in workspace.results.glob(pattern))
    return {path: path.stat().st_mtime_ns for path in found if path.is_file()}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way[:2]) or "default")
def test_after_a_whole_run_there_is_nothing_to_be_done(finished, way):
    nothing(finished, *way)
    nothing(finished, "audit", *way)


@pytest.mark.slow
def test_another_workflow_that_uses_this_one_finds_nothing_to_be_done(project):
    """Its own rule runs once, and again when its script changes."""
    with_outer(project, "config: config")
    for way in WAYS:
        nothing(project, "all", *way)
        assert planned(project, *way) == {"paper"}
    run = project.run().succeeded()
    assert (run.points, run.jobs) == (0, {})
    assert "(0.01, " in (project.folder / "paper.txt").read_text()
    for way in WAYS:
        nothing(project, *way)
    with (project.folder / "paper.py").open("a") as file:
        file.write("# Better.\n")
    for way in WAYS:
        assert planned(project, *way) == {"paper"}


def test_new_times_of_what_is_finished_run_nothing(project):
    touch(project.config.rglob("*.mod"))
    touch(project.config.rglob("*.py"))
    touch(project.config.rglob("*.yaml"))
    touch(project.results.glob("*/plan.parquet"))
    touch(stamps(project))
    for way in WAYS:
        nothing(project, *way)


@pytest.mark.slow
@pytest.mark.parametrize("force", [("-F",), ("-R", "simulate_batch", "optimise")], ids=str)
def test_no_force_simulates_a_finished_batch_again(project, force):
    before = stamps(project)
    for way in WAYS:
        assert planned(project, *force, *way) <= {"plan_points", *GATHERED}
    project.run(*force, cores=2).succeeded()
    assert stamps(project) == before


@pytest.mark.slow
def test_an_update_of_the_scripts_gathers_and_draws_anew(project, tmp_path):
    """As in a new environment, or a clone: all files of dendroflow are new."""
    project.checkout = copy_of_checkout(tmp_path / "checkout")
    touch(path for path in project.checkout.rglob("*") if path.is_file())
    for way in WAYS:
        assert planned(project, *way) == {"plan_points", *GATHERED}
    before = stamps(project)
    run = project.run(cores=2).succeeded()
    assert set(run.jobs) == {"plan_points", *GATHERED}
    assert stamps(project) == before
    for way in WAYS:
        nothing(project, *way)


@pytest.mark.slow
def test_results_without_records_and_with_times_in_disorder(finished, project):
    """As after `cp -r`, out of an archive, or from a repository."""
    shutil.rmtree(project.folder / ".snakemake")
    chance = random.Random(1)
    for path in (*project.results.rglob("*"), *project.config.rglob("*")):
        stamp = chance.randrange(1_600_000_000, 1_700_000_000)
        os.utime(path, (stamp, stamp))
    for way in WAYS:
        assert planned(project, *way) <= {"plan_points", *GATHERED}
    before, batches = stamps(project), finished_batches(project)
    assert project.run(cores=2).succeeded().points == 0
    assert (stamps(project), finished_batches(project)) == (before, batches)
    assert content(project) == content(finished)
