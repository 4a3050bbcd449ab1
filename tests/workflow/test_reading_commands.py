"""Commands that read: they plan no more than they must, keep nothing, and touch no lock."""

import os
import signal
from pathlib import Path

import pytest
from small_experiments import STEPS
from whole_project import content, no_process_is_left, paused, whole_project
from workflow.workspace import Workspace, wait_until

PLANS_NOTHING = (("--list-rules",), ("--lint",), ("--unlock",))
PLANS = (("-n",), ("--summary",), ("--rulegraph",), ("--dag",), ("--list-untracked",))
SPY = """
from pathlib import Path

Path({folder!r}, f"imported-{{__name__}}").touch()
"""
# A workflow of somebody else's in the same folder, whose job waits until it may go on.
OTHER = """
rule other:
    input: "given.txt"
    output: "other.txt"
    shell: "touch begun; while [ ! -e gate ]; do sleep 0.05; done; touch {output}"
"""


def files(workspace: Workspace) -> dict[Path, int]:
    """What a command might leave, but for Snakemake's own records."""
    unseen = {".snakemake", "__pycache__", "output.txt"}
    return {
        path: path.stat().st_mtime_ns
        for path in workspace.folder.rglob("*")
        if unseen.isdisjoint(path.relative_to(workspace.folder).parts) and path.is_file()
    }


def locks(workspace: Workspace) -> dict[str, str]:
    folder = workspace.folder / ".snakemake" / "locks"
    return {path.name: path.read_text() for path in folder.glob("*")}


@pytest.fixture
def fresh(workspace) -> Workspace:
    """A project whose model says by a file that it was imported."""
    workspace.project("steps").experiment("steps", STEPS)
    source = workspace.model("squid_soma").read_text()
    spy = SPY.format(folder=str(workspace.folder))
    workspace.write("models/squid_soma/model.py", source + spy)
    return workspace


def imported(workspace: Workspace) -> list[Path]:
    return list(workspace.folder.glob("imported-*"))


def test_on_a_fresh_folder(fresh):
    before = files(fresh)
    for command in PLANS_NOTHING:
        fresh.run(*command).succeeded()
        assert files(fresh) == before, command
    for command in PLANS:
        fresh.run(*command).succeeded()
        # The model is described from a copy in a scratch folder, which is gone.
        found = imported(fresh)
        assert found, command
        for path in found:
            path.unlink()
        assert files(fresh) == before, command
        assert not fresh.results.exists()


def test_a_rulegraph_is_nothing_but_a_graph(fresh):
    """It is piped into `dot`: what is said besides goes elsewhere."""
    fresh.prefix = ("sh", "-c", 'exec "$@" 2>err.txt', "sh")
    fresh.run("--rulegraph").succeeded()
    assert fresh.said.startswith("digraph")
    assert "2 points requested" in (fresh.folder / "err.txt").read_text()


@pytest.mark.slow
def test_beside_a_run_of_ours(new_workspace):
    first = whole_project(new_workspace())
    reader = Workspace(first.folder, output=first.folder / "reader.txt")
    try:
        process, _, _ = paused(first, "steps/*/outcomes/*.parquet")
        before, held = files(first), locks(first)
        assert held
        for command in (*PLANS_NOTHING[:2], *PLANS):
            reader.run(*command).succeeded()
            reader.output.unlink()
            assert files(first) == before, command
            assert locks(first) == held, command
        (first.folder / "paused").unlink()
        assert process.wait(120) == 0, first.said
    finally:
        first.kill()
    no_process_is_left(first)
    assert reader.run().succeeded().points == 0
    assert {name: len(rows) for name, rows in content(first).items()}["steps"] == 2


@pytest.mark.slow
def test_another_workflow_in_the_same_folder_keeps_its_lock(workspace):
    """While ours lists, is refused, is killed, and starts again."""
    ours = whole_project(workspace)
    other = Workspace(ours.folder, output=ours.folder / "other.log")
    other.snakefile = ours.folder / "other.smk"
    other.snakefile.write_text(OTHER)
    (ours.folder / "given.txt").touch()
    second = Workspace(ours.folder, output=ours.folder / "second.txt")
    try:
        foreign = other.start()
        wait_until((ours.folder / "begun").exists, "the other workflow is at work")
        held = locks(ours)
        assert sorted(held.values()) == ["given.txt\n", "other.txt\n"]
        for command in (PLANS_NOTHING[0], *PLANS[:2]):
            ours.run(*command).succeeded()
            assert locks(ours) == held, command

        process, _, _ = paused(ours, "steps/*/outcomes/*.parquet")
        assert held.items() < locks(ours).items()
        second.run().refused("another run is at work here", f"process {process.pid} on")
        assert held.items() < locks(ours).items()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        assert held.items() < locks(ours).items()

        # What `dendroflow run` does before it starts Snakemake.
        assert "was killed; its lock is removed" in (ours.remove_dead_locks() or "")
        assert locks(ours) == held
        process, _, _ = paused(ours, "dendroflow.sqlite")
        assert held.items() < locks(ours).items()
        (ours.folder / "paused").unlink()
        assert process.wait(120) == 0, ours.said
        (ours.folder / "gate").touch()
        assert foreign.wait(60) == 0, other.said
    finally:
        ours.kill()
        other.kill()
    no_process_is_left(ours)
    assert {name: len(rows) for name, rows in content(ours).items()}["tree"] == 2
