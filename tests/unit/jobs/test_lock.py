"""One run at a time in a folder of results, and what a run that was killed leaves."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from dendroflow.errors import FolderInUseError
from dendroflow.jobs.lock import remove_dead, take
from dendroflow.plan.code import LIBRARY

RUN = """
import os, sys
from pathlib import Path
from dendroflow.errors import FolderInUseError
from dendroflow.jobs.lock import take

try:
    take(Path(sys.argv[1]), jobs_elsewhere=sys.argv[2] == "elsewhere")
except FolderInUseError as error:
    sys.exit(str(error))
if sys.argv[2] == "forks":
    child = os.fork()
    if child == 0:
        sys.exit()
    os.waitpid(child, 0)
print("taken", flush=True)
input()
"""


class Run:
    """A process that takes the lock, and ends when it is told."""

    def __init__(self, results, kind):
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(results), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(LIBRARY.parent)},
        )

    def take(self):
        said = self.process.stdout.readline()
        assert said == "taken\n", self.process.stderr.read()
        return self

    def end(self):
        self.process.communicate("\n", timeout=30)
        assert self.process.returncode == 0

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.communicate(timeout=30)


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


@pytest.fixture
def locks(tmp_path):
    """The folder of Snakemake's locks."""
    folder = tmp_path / ".snakemake" / "locks"
    folder.mkdir(parents=True)
    return folder


def lock(locks):
    """What Snakemake locks when a run begins."""
    (locks / "0.input.lock").write_text("config/config.yaml\nresults/steps/plan.parquet\n")
    (locks / "0.output.lock").write_text("results/steps/features.parquet\n")


@pytest.fixture
def run(results):
    """Start runs; what still lives when a test ends is killed."""
    started = []

    def start(kind=""):
        started.append(Run(results, kind))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def noted(results):
    return json.loads((results / ".lock").read_text())


def test_who_has_it_is_noted_and_the_second_is_refused(run, results):
    first = run().take()
    notes = noted(results)
    assert notes == {
        "process": first.process.pid,
        "host": socket.gethostname(),
        "jobs_elsewhere": False,
        "ended": False,
    }
    second = run()
    _, said = second.process.communicate(timeout=30)
    assert second.process.returncode == 1
    assert said == (
        f"{results}: another run is at work here (process {notes['process']} on {notes['host']}); "
        "wait for it, or stop it\n"
    )
    # The one that was refused changes nothing.
    assert noted(results) == notes
    with pytest.raises(FolderInUseError, match="another run is at work here"):
        take(results, jobs_elsewhere=False)
    first.end()
    assert noted(results) == notes | {"ended": True}
    run().take()


def test_a_process_may_take_it_twice(tmp_path):
    for _ in range(2):
        take(tmp_path / "results", jobs_elsewhere=False)
    assert noted(tmp_path / "results")["process"] == os.getpid()


def test_folders_of_their_own_have_locks_of_their_own(run, results, tmp_path):
    run().take()
    Run(tmp_path / "others", "").take().end()


def test_a_child_that_ends_is_not_the_run_that_ends(run, results):
    first = run("forks").take()
    assert not noted(results)["ended"]
    first.end()
    assert noted(results)["ended"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_the_locks_of_a_run_that_was_killed_are_removed(run, results, locks, number):
    dead = run().take()
    lock(locks)
    dead.kill(number)
    assert remove_dead(results, locks) == (
        f"the last run (process {dead.process.pid}) was killed; its lock is removed"
    )
    assert list(locks.iterdir()) == []
    assert remove_dead(results, locks) is None
    run().take()


def test_the_locks_of_a_run_that_lives_or_has_ended_stay(run, results, locks):
    lock(locks)
    assert remove_dead(results, locks) is None
    alive = run().take()
    lock(locks)
    assert remove_dead(results, locks) is None
    alive.end()
    assert remove_dead(results, locks) is None
    assert len(list(locks.iterdir())) == 2


def test_the_locks_of_a_run_whose_jobs_may_live_elsewhere_stay(run, results, locks):
    away = run("elsewhere").take()
    lock(locks)
    away.kill()
    assert noted(results)["jobs_elsewhere"]
    assert remove_dead(results, locks) is None
    assert len(list(locks.iterdir())) == 2


@pytest.mark.parametrize(
    "notes", ["", "{", "[]", "{}", '{"process": 1}', "\0" * 40, {"host": "another.machine"}]
)
def test_nothing_is_removed_where_the_last_run_is_not_known(run, results, locks, notes):
    dead = run().take()
    dead.kill()
    text = json.dumps(noted(results) | notes) if isinstance(notes, dict) else notes
    (results / ".lock").write_text(text)
    lock(locks)
    assert remove_dead(results, locks) is None
    assert len(list(locks.iterdir())) == 2
    run().take()


def test_the_locks_of_other_workflows_stay(run, results, locks):
    (locks / "0.input.lock").write_text("results/steps/plan.parquet\n")
    hour_ago = time.time() - 3600
    os.utime(locks / "0.input.lock", (hour_ago, hour_ago))
    dead = run().take()
    (locks / "1.input.lock").write_text("other/table.csv\nresults2/steps/plan.parquet\n")
    (locks / "2.input.lock").write_text("results/steps/plan.parquet\n")
    dead.kill()
    assert "its lock is removed" in remove_dead(results, locks)
    assert sorted(path.name for path in locks.iterdir()) == ["0.input.lock", "1.input.lock"]
    assert remove_dead(results, locks) is None


def test_without_locks_there_is_nothing_to_say(run, results, tmp_path):
    run().take().kill()
    assert remove_dead(results, tmp_path / "none") is None


def test_files_of_a_clock_that_was_wrong_get_the_time_of_now(run, results):
    run().take().end()
    future = time.time() + 5000
    table = results / "steps" / "plan.parquet"
    table.parent.mkdir()
    for path in (table, results / ".lock"):
        path.touch()
        os.utime(path, (future, future))
    run().take()
    assert table.stat().st_mtime <= time.time()
