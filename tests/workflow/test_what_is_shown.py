"""What `dendroflow run` shows at its end is of this run, and its last line is the cause."""

import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from outer_workflow import BEFORE, with_outer
from workflow.small_experiments import STEPS
from workflow.workspace import CHECKOUT, Workspace, wait_until

FIGURE = {"name": "counts", "kind": "line", "x": "amplitude", "y": "spike_count"}
BUILD = "    def build(self, p):\n"
OLD = " of an earlier run"


def write(workspace: Workspace) -> Workspace:
    workspace.project("drawn", "other").experiment("drawn", STEPS, figures=[FIGURE])
    one = {"parameters.amplitude": [0.03]}
    return workspace.experiment("other", STEPS, sweep=one, figures=[FIGURE])


def run(project: Workspace, code: int) -> list[str]:
    """The lines of a run that ends with this exit code."""
    done = project.dendroflow("run", "--cores", "2")
    assert done.returncode == code, done.stdout
    for noise in ("Traceback", "RuleException", "CalledProcessError", "job execution failed"):
        assert noise not in done.stdout, done.stdout
    return [line for line in done.stdout.splitlines() if line.strip()]


def row(lines: list[str], experiment: str) -> list[str]:
    """Requested, cached, run and failed points in the table at the end; nothing without one."""
    head = [k for k, line in enumerate(lines) if line.startswith("experiment ")]
    (line,) = [line for line in lines[head[0] :] if line.startswith(f"{experiment} ")]
    return line.split()[1:]


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    project = write(new_workspace())
    lines = run(project, 0)
    assert (row(lines, "drawn"), row(lines, "other")) == (
        ["2", "0", "2", "0"],
        ["1", "0", "1", "0"],
    )
    assert not [line for line in lines if OLD in line]
    return project


def test_what_is_refused_shows_the_cause_and_no_table(finished, copy_of):
    project = copy_of(finished).replace("experiments/drawn.yaml", "duration: 15.0", "duration: -1")
    lines = run(project, 1)
    assert "config/experiments/drawn.yaml: simulation.duration" in lines[-1]
    assert not [line for line in lines if "requested" in line or OLD in line]


def test_too_many_failed_points_are_reported_and_are_the_last_line(finished, copy_of):
    project = copy_of(finished).replace("experiments/drawn.yaml", "- 0.02", "- 1.0e+6")
    before = (project.results / "report.html").stat().st_mtime
    lines = run(project, 1)
    assert (row(lines, "drawn"), row(lines, "other")) == (
        ["2", "1", "1", "1"],
        ["1", "1", "0", "0"],
    )
    assert not [line for line in lines if OLD in line]
    said = "drawn: 1 of 2 points failed, more than max_failed_share 0.1 allows: 1 x out_of_range: "
    assert lines[-1].startswith(f"dendroflow: {said}")
    assert "results/failures.csv" in lines[-1]
    assert "config/config.yaml" in lines[-1]
    assert (project.results / "report.html").stat().st_mtime > before
    assert "out_of_range" in (project.results / "failures.csv").read_text()
    assert (project.results / "verdict.txt").read_text().startswith(said)
    assert project.query("SELECT failed FROM experiments ORDER BY experiment") == [(1,), (0,)]
    assert (project.results / "figures/drawn/counts.svg").exists()


def test_what_a_dead_job_leaves_of_before_is_marked(finished, copy_of):
    project = copy_of(finished)
    kill = "        import os\n        os.kill(os.getppid(), 9)\n"
    project.experiment("drawn", STEPS, model="fatal_soma", figures=[FIGURE])
    text = project.model("squid_soma").read_text().replace(BUILD, BUILD + kill)
    project.write("models/fatal_soma/model.py", text)
    lines = run(project, 1)
    assert (row(lines, "drawn"), row(lines, "other")) == (["?"] * 4, ["1", "1", "0", "0"])
    marked = {line.split()[0] for line in lines if OLD in line}
    assert marked == {"database", "report", "explorer", "failures", "verdict", "drawn:"}
    assert lines[-1].startswith("dendroflow: results/logs/simulate_batch/drawn-")
    assert "it was killed" in lines[-1]


def test_figures_that_nobody_asks_for_are_removed_and_those_of_others_stay(finished, copy_of):
    project = copy_of(finished).project("drawn").experiment("drawn", STEPS)
    assert "drawn/counts.svg" in (project.results / "report.html").read_text()
    lines = run(project, 0)
    assert [line for line in lines if "results/figures/drawn: removed" in line]
    assert not (project.results / "figures/drawn").exists()
    # Another configuration may ask for it.
    assert (project.results / "figures/other/counts.svg").exists()
    assert "drawn/counts.svg" not in (project.results / "report.html").read_text()


def slow(workspace: Workspace, seconds: float, amplitudes: list[float], **keys) -> Workspace:
    """A project whose points take their time, and say in a file that they are being built."""
    pause = f"""\
        import pathlib, time
        pathlib.Path({str(workspace.folder)!r}, f"building-{{p.amplitude}}").touch()
        time.sleep({seconds})
"""
    text = workspace.model("squid_soma").read_text().replace(BUILD, BUILD + pause)
    workspace.write("models/slow_soma/model.py", text)
    sweep = {"parameters.amplitude": amplitudes}
    return workspace.project("slow").experiment(
        "slow", STEPS, model="slow_soma", sweep=sweep, execution=keys
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_what_is_kept(workspace, number):
    project = slow(workspace, 1.0, [0.01, 0.02, 0.03], batch_size=1)
    process = subprocess.Popen(
        [sys.executable, "-m", "dendroflow", "run", "--cores", "1"],
        cwd=project.folder,
        env=project.variables() | {"PYTHONPATH": str(CHECKOUT / "scripts")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until(lambda: len(list(project.folder.glob("building-*"))) == 2, "a point is finished")
    process.send_signal(number)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert said.splitlines()[-1] == (
        "dendroflow: interrupted: 1 of 3 points are kept; the same command goes on"
    )
    wait_until(lambda: not project.processes(), "no process is left", 20)


def test_a_batch_says_on_a_terminal_how_far_it_is(workspace, copy_of):
    # A batch notes it at most once in 5 s.
    project = slow(workspace, 2.0, [0.01, 0.02, 0.03, 0.04], batch_size=4)
    alone = BUILD.replace("def", 'process = "alone"\n\n    def')
    project.replace("models/slow_soma/model.py", BUILD, alone)
    impatient = "from dendroflow.jobs import shown\n\nshown.SECONDS_BETWEEN_LINES = 0.2\n"
    path = f"import sys\n\nsys.path.insert(0, {str(CHECKOUT / 'scripts')!r})\n"
    with_outer(project, "config: config", before=BEFORE + path + impatient, own="")
    quiet = copy_of(project).run("simulate").succeeded()
    assert "points simulated" not in quiet.output
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        project.command("simulate"),
        cwd=project.folder,
        env=project.variables(),
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=end,
        start_new_session=True,
    )
    os.close(end)
    said = b""
    # Once nobody writes to it any more, reading a terminal fails.
    with suppress(OSError):
        while part := os.read(terminal, 10_000):
            said += part
    assert process.wait(60) == 0
    lines = re.findall(r"slow: [23] of 4 points simulated.*", said.decode())
    assert 1 <= len(lines) <= 2
