"""Runs that are interrupted in mid batch: nothing half-written, no process left, and the next
run finishes what is missing, with nothing lost and nothing held twice."""

import os
import signal

import pytest
from workflow.small_experiments import STEPS
from workflow.workspace import Workspace, wait_until

AMPLITUDES = [0.005, 0.01, 0.015, 0.02]
BUILD = "    def build(self, p):\n"
# Building a cell says so and takes a while, so that there is a time to interrupt it.
PAUSE = """\
        import pathlib
        import time

        pathlib.Path({folder!r}, f"building-{{p.amplitude}}").touch()
        time.sleep(0.4)
"""


@pytest.fixture
def project(workspace):
    """A project with an experiment that takes its time."""
    source = workspace.model("squid_soma").read_text()
    pause = PAUSE.format(folder=str(workspace.folder))
    workspace.write("models/slow_soma/model.py", source.replace(BUILD, BUILD + pause))
    sweep = {"parameters.amplitude": AMPLITUDES}
    workspace.project("slow").experiment("slow", STEPS, model="slow_soma", sweep=sweep)
    yield workspace
    workspace.kill()


def interrupted_while_building(workspace: Workspace, amplitude: float, *targets: str):
    """Start a run, and wait until the cell of a point is being built."""
    process = workspace.start(*targets)
    building = workspace.folder / f"building-{amplitude}"
    wait_until(building.exists, f"{building} is there")
    job, workers = workspace.job_and_workers("simulate_batch.py")
    assert workers
    return process, job, workers


def assert_nothing_half_done(workspace: Workspace) -> None:
    wait_until(lambda: not workspace.processes(), "no process is left", 20)
    assert not list(workspace.results.glob("slow/*/outcomes/[!.]*"))
    assert not list(workspace.results.glob("slow/*/traces/[!.]*"))
    assert workspace.unfinished_files() == []


def assert_next_run_finishes(workspace: Workspace) -> None:
    run = workspace.run("features").succeeded()
    assert run.points == len(AMPLITUDES)
    assert_complete(workspace)


def assert_complete(workspace: Workspace) -> None:
    points = workspace.table("slow/features.parquet").to_pandas()
    assert points["amplitude"].tolist() == AMPLITUDES
    assert points["status"].tolist() == ["ok"] * len(AMPLITUDES)
    assert len(workspace.trace_digests("slow")) == len(AMPLITUDES)


def test_a_job_that_is_killed(project):
    project.project("quick", "slow").experiment("quick", STEPS)
    process, job, workers = interrupted_while_building(project, 0.015, "features")
    os.kill(job, signal.SIGKILL)
    assert process.wait(60) != 0
    assert_nothing_half_done(project)
    assert not {job, *workers} & set(project.processes())
    assert "Traceback" not in project.said
    # The failure of one experiment does not keep the other from being finished.
    assert (project.results / "quick/features.parquet").exists()
    assert len(project.trace_digests("quick")) == 2
    assert_next_run_finishes(project)
    assert "Nothing to be done" in project.run("features").succeeded().output


def test_a_run_that_is_interrupted_at_the_keyboard(project):
    process, _, _ = interrupted_while_building(project, 0.01, "simulate")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) != 0
    assert "Traceback" not in project.said, project.said
    assert_nothing_half_done(project)
    assert_next_run_finishes(project)


@pytest.mark.slow
def test_a_machine_that_loses_its_power(project):
    interrupted_while_building(project, 0.01, "simulate")
    project.kill()
    assert_nothing_half_done(project)
    assert list(project.folder.glob(".snakemake/locks/*.lock"))
    assert "was killed; its lock is removed" in (project.remove_dead_locks() or "")
    assert_next_run_finishes(project)


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_snakemake_alone_is_killed(project, number):
    # A lost connection is a SIGHUP. The job is not told, and yet must not go on.
    process, _, _ = interrupted_while_building(project, 0.01, "simulate")
    os.kill(process.pid, number)
    process.wait(30)
    assert_nothing_half_done(project)
    project.remove_dead_locks()
    assert_next_run_finishes(project)


@pytest.mark.slow
def test_snakemake_is_asked_to_end(project):
    # It lets the running job finish, and starts no other.
    process, _, _ = interrupted_while_building(project, 0.01, "features")
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) != 0
    wait_until(lambda: not project.processes(), "no process is left", 20)
    assert len(project.trace_digests("slow")) == len(AMPLITUDES)
    run = project.run("features").succeeded()
    assert (run.points, run.jobs["extract_features"]) == (0, 1)
    assert_complete(project)


def test_a_worker_that_is_killed_while_it_advances_several_points(project):
    # The last two points share a process; each of them is simulated again.
    process, _, workers = interrupted_while_building(project, 0.02, "features")
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert process.wait(120) == 0, project.said
    wait_until(lambda: not project.processes(), "no process is left", 20)
    assert_complete(project)
