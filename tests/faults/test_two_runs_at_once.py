"""Two runs in one folder: the second says so and stops, and the lock of the living is safe."""

import json
import os
import signal
import subprocess
import sys

import pytest
from whole_project import content, finished_batches, no_process_is_left, paused, whole_project
from workflow.workspace import Workspace

from dendroflow.errors import FolderInUseError
from dendroflow.jobs.lock import claim


def test_the_second_run_stops_and_the_first_one_does_not_notice(new_workspace):
    first = whole_project(new_workspace())
    second = Workspace(first.folder)
    elsewhere = new_workspace()
    whole_project(elsewhere)
    elsewhere.results.symlink_to(first.results)
    try:
        process, _, _ = paused(first, "steps/*/outcomes/*.parquet")
        before = finished_batches(first)
        second.output = first.folder / "second.txt"
        for other in (second, elsewhere):
            other.run().refused("another run is at work here", f"process {process.pid} on")
            other.run("--unlock").refused("another run is at work here")
        # Looking on is allowed.
        assert second.run("-n").succeeded().announced["simulate_batch"]
        assert finished_batches(first) == before
        first.folder.joinpath("paused").unlink()
        assert process.wait(120) == 0, first.said
    finally:
        first.kill()
    no_process_is_left(first)
    counts = {name: len(rows) for name, rows in content(first).items()}
    assert counts["steps"] == counts["leak"] == counts["tree"] == 2
    assert second.run().succeeded().points == 0


# What the owner of a folder does that is killed; and what it leaves.
OWNER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from dendroflow.jobs.lock import claim
claim(Path("results"), Path("locks"), jobs_elsewhere=sys.argv[2] == "elsewhere")
Path("locks").mkdir()
Path("locks/0.output.lock").touch()
print("claimed", flush=True)
time.sleep(600)
"""


@pytest.fixture
def owner(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = []

    def start(jobs: str) -> subprocess.Popen:
        library = str(Workspace(tmp_path / "unused").checkout / "scripts")
        command = [sys.executable, "-c", OWNER, library, jobs]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path))
        assert started[-1].stdout.readline() == b"claimed\n"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def claimed(tmp_path):
    return claim(tmp_path / "results", tmp_path / "locks", jobs_elsewhere=False)


def test_the_lock_of_a_living_run_is_never_taken(owner, tmp_path):
    process = owner("here")
    os.kill(process.pid, signal.SIGSTOP)  # alive, whatever it does
    with pytest.raises(FolderInUseError, match=f"process {process.pid} on"):
        claimed(tmp_path)
    assert (tmp_path / "locks/0.output.lock").exists()


def test_the_lock_of_a_dead_run_is_removed(owner, tmp_path):
    process = owner("here")
    process.kill()
    process.wait()
    assert f"process {process.pid}" in claimed(tmp_path)
    assert not (tmp_path / "locks").exists()


@pytest.mark.parametrize("case", ["jobs on a cluster", "another host", "an unknown owner"])
def test_a_lock_whose_jobs_may_live_is_kept(owner, tmp_path, case):
    process = owner("elsewhere" if case == "jobs on a cluster" else "here")
    process.kill()
    process.wait()
    mine = tmp_path / "results/.lock"
    if case == "another host":
        mine.write_text(json.dumps(json.loads(mine.read_text()) | {"host": "another"}))
    elif case == "an unknown owner":
        mine.write_text("{")
    assert claimed(tmp_path) is None
    assert (tmp_path / "locks/0.output.lock").exists()
