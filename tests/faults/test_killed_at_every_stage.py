"""A run that is killed in every stage, one after the other, gives what an undisturbed one gives."""

import os
import re
import shutil
import signal

import pytest
from neuromorpho_server import NeuroMorphoServer
from whole_project import (
    CELL,
    content,
    finished_batches,
    no_process_is_left,
    paused,
    whole_project,
)
from workflow.workspace import wait_until

pytestmark = pytest.mark.slow

# Which file is about to get its name, who is harmed just then, and how.
STAGES = [
    ("steps/plan.parquet", "run", signal.SIGKILL),
    ("models/*/leak.mod", "job", signal.SIGKILL),
    ("models/*/model.py", "run", signal.SIGKILL),
    ("mechanisms/*/libnrnmech.so", "run", signal.SIGKILL),
    ("sections-*.npz", "job", signal.SIGKILL),
    ("traces/*.parquet", "run", signal.SIGHUP),
    ("outcomes/*.parquet", "run", signal.SIGKILL),
    ("features/*/*.parquet", "job", signal.SIGTERM),
    ("feature_values.parquet", "run", signal.SIGKILL),
    ("dendroflow.sqlite", "job", signal.SIGKILL),
    ("failures.csv", "run", signal.SIGKILL),
    ("peaks.png", "run", signal.SIGKILL),
]


def kill_during_download(workspace, server) -> None:
    server.fault = "stalled"
    process = workspace.start("morphologies")
    wait_until(lambda: any("dableFiles" in path for path in server.paths), "the file is asked for")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    no_process_is_left(workspace)
    assert not list(workspace.results.glob("morphologies/**/*.swc*"))
    server.fault = ""


def test_a_run_that_is_killed_in_every_stage(new_workspace, whole):
    with NeuroMorphoServer({"cell": ("Archive", CELL)}) as server:
        workspace = whole_project(new_workspace(), server.address)
        batches: dict = {}
        try:
            kill_during_download(workspace, server)
            for pattern, victim, number in STAGES:
                # Figures may have been drawn beside the stages before.
                if pattern == "peaks.png":
                    shutil.rmtree(workspace.results / "figures/steps", ignore_errors=True)
                workspace.remove_dead_locks()
                process, job, target = paused(workspace, pattern)
                os.kill(process.pid if victim == "run" else job, number)
                assert process.wait(60) != 0, pattern
                if victim == "job":
                    assert re.search("results/logs/.*: its job failed", workspace.said)
                no_process_is_left(workspace)
                assert not target.exists()
                assert workspace.unfinished_files() == []
                now = finished_batches(workspace)
                assert {path: now.get(path) for path in batches} == batches, pattern
                batches = now
        finally:
            workspace.kill()
        workspace.remove_dead_locks()
        run = workspace.run().succeeded()
        assert "Nothing to be done" in workspace.run().succeeded().output
    assert run.points == 0
    assert content(workspace) == content(whole)
