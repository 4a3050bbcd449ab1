"""Two runs in one folder: the second says so and stops, and the lock of the living is safe."""

import json
import os
import signal
import subprocess
import sys

import pytest
from whole_project import content, finished_batches, no_process_is_left, paused, whole_project
from workflow.workspace import CHECKOUT, Workspace

from dendroflow.jobs.lock import remove_dead


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
            assert other.remove_dead_locks() is None
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
from dendroflow.jobs.lock import take
take(Path("results"), jobs_elsewhere=sys.argv[2] == "elsewhere")
Path(".snakemake/locks").mkdir(parents=True)
Path(".snakemake/locks/0.output.lock").write_text("figure.svg\\nresults/dendroflow.sqlite\\n")
print("taken", flush=True)
time.sleep(600)
"""


@pytest.fixture
def owner(tmp_path):
    started = []

    def start(jobs: str) -> subprocess.Popen:
        command = [sys.executable, "-c", OWNER, str(CHECKOUT / "scripts"), jobs]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path))
        assert started[-1].stdout.readline() == b"taken\n"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def removed(folder):
    return remove_dead(folder / "results", folder / ".snakemake/locks")


def locks(folder):
    return sorted(path.name for path in folder.glob(".snakemake/locks/*"))


def test_the_lock_of_a_living_run_is_never_removed(owner, tmp_path):
    process = owner("here")
    os.kill(process.pid, signal.SIGSTOP)  # alive, whatever it does
    assert removed(tmp_path) is None
    assert locks(tmp_path) == ["0.output.lock"]


def test_the_lock_of_a_dead_run_is_removed_and_no_other(owner, tmp_path):
    process = owner("here")
    process.kill()
    process.wait()
    other, older = (
        tmp_path / ".snakemake/locks" / f"{name}.lock" for name in ("1.input", "1.output")
    )
    other.write_text("somewhere/else.txt\nresults_of_others/table.csv\n")
    older.write_text("results/dendroflow.sqlite\n")
    os.utime(older, (1e9, 1e9))
    assert f"process {process.pid}" in removed(tmp_path)
    assert locks(tmp_path) == ["1.input.lock", "1.output.lock"]
    assert removed(tmp_path) is None


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
    assert removed(tmp_path) is None
    assert locks(tmp_path) == ["0.output.lock"]
