"""Odd surroundings: where the project lies, who runs it, in which language, at which time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from whole_project import content, no_process_is_left, paused, whole_project
from workflow.workspace import Workspace, copy_of_checkout

AWKWARD = "größe & ‹Zelle› №1 'x'"
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def can_mount() -> bool:
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except OSError:
        return False


def test_everything_odd_at_once(whole, tmp_path):
    """A path with blanks and letters of all sorts, ASCII locale, no home, a read-only checkout."""
    folder = tmp_path / AWKWARD
    checkout = copy_of_checkout(folder / "checkout ß")
    odd = Workspace(folder / "project ö", checkout=checkout)
    odd.environment = {
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "HOME": None,
        "XDG_CACHE_HOME": None,
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "Pacific/Kiritimati",
    }
    if not can_mount():
        pytest.skip("a folder can be made read-only by root alone, for whom modes mean nothing")
    odd.prefix = ("unshare", "--mount", "sh", "-c", READ_ONLY, str(checkout))
    before = {path: path.stat().st_mtime_ns for path in checkout.rglob("*")}
    whole_project(odd).run(cores=2).succeeded()
    assert content(odd) == content(whole)
    assert (odd.results / "figures/steps/peaks.pdf").read_bytes() == (
        whole.results / "figures/steps/peaks.pdf"
    ).read_bytes()
    assert {path: path.stat().st_mtime_ns for path in checkout.rglob("*")} == before


@pytest.mark.parametrize("days", [-400, pytest.param(400, marks=pytest.mark.slow)])
def test_a_clock_that_jumped(whole, copy_of, days):
    """All was made at another time, as the clock has it; new points are made now."""
    project = copy_of(whole)
    jump = days * 86400
    for path in project.results.rglob("*"):
        stamp = path.stat()
        os.utime(path, (stamp.st_atime + jump, stamp.st_mtime + jump))
    project.replace("experiments/steps.yaml", "- 0.02", "- 0.02\n  - 0.03")
    run = project.run().succeeded()
    assert run.announced["simulate_batch"] == 1
    rows = project.query("SELECT amplitude, soma_v_maximum FROM steps ORDER BY amplitude")
    assert rows[:2] == whole.query("SELECT amplitude, soma_v_maximum FROM steps ORDER BY amplitude")
    assert [amplitude for amplitude, _ in rows] == [0.01, 0.02, 0.03]
    assert "Nothing to be done" in project.run().succeeded().output


def run_script(project: Workspace, checkout: Path) -> subprocess.Popen:
    """`make run` without its look at the environment."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(checkout / "scripts")
    with project.output.open("wb") as output:
        return subprocess.Popen(
            ["sh", "-c", f"umask 077 && exec '{sys.executable}' -m dendroflow run --cores 1"],
            cwd=checkout,
            env=environment | {k: v for k, v in project.environment.items() if v is not None},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@pytest.mark.slow
def test_make_run_goes_on_after_a_kill(whole, tmp_path):
    """With a home that cannot be written, and nobody else who may read."""
    checkout = copy_of_checkout(tmp_path / "checkout")
    project = whole_project(Workspace(checkout))
    try:
        process, _, _ = paused(project, "outcomes/*.parquet")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        project.environment = {"HOME": "/proc/home", "XDG_CACHE_HOME": ""}
        again = run_script(project, checkout)
        assert again.wait(200) == 0, project.said
    finally:
        project.kill()
    assert "its lock is removed" in project.said
    no_process_is_left(project)
    assert content(project) == content(whole)
    for name in ("report.html", "dendroflow.sqlite", "figures/steps/peaks.png"):
        assert (project.results / name).stat().st_mode & 0o077 == 0, name
