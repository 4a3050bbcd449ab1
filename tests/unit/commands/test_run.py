"""How Snakemake is started, told to stop, and followed by the report."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dendroflow.commands import WORKFLOW, run
from dendroflow.commands.process import _environment
from dendroflow.errors import ConfigurationError
from dendroflow.jobs.lock import remove_dead

SCRIPTS = Path(__file__).parents[3] / "scripts"
CONFIG = Path("config/config.yaml")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def option(command, name):
    return command[command.index(name) + 1]


# The command line -------------------------------------------------------------------------------


def test_a_folder_without_a_snakefile_takes_that_of_dendroflow(here):
    command = run.Workflow(CONFIG).command()
    assert option(command, "--snakefile") == str(WORKFLOW / "Snakefile")
    assert option(command, "--configfile") == str(CONFIG)


@pytest.mark.parametrize("name", ["Snakefile", "workflow/Snakefile"])
def test_a_repository_runs_its_own_snakefile_and_what_that_configures(here, name):
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).touch()
    command = run.Workflow(CONFIG).command()
    assert option(command, "--snakefile") == name
    assert "--configfile" not in command
    other = run.Workflow(Path("config/other.yaml")).command()
    assert option(other, "--configfile") == "config/other.yaml"


def test_the_profile_is_the_folders_own_or_that_of_dendroflow(here):
    for name in ("default", "slurm"):
        folder = option(run.Workflow(CONFIG, profile=name).command(), "--workflow-profile")
        assert folder == str(WORKFLOW / "profiles" / name)
    (here / "profiles/slurm").mkdir(parents=True)
    for name in ("slurm", "profiles/slurm"):
        command = run.Workflow(CONFIG, profile=name).command()
        assert option(command, "--workflow-profile") == str(here / "profiles/slurm")


def test_cores_are_all_of_this_machine_unless_something_else_says_so(here):
    everything = str(len(os.sched_getaffinity(0)))
    assert option(run.Workflow(CONFIG).command(), "--cores") == everything
    assert option(run.Workflow(CONFIG, cores=3).command(), "--cores") == "3"
    assert "--cores" not in run.Workflow(CONFIG, profile="slurm").command()


def test_words_for_snakemake_come_last(here, monkeypatch):
    lines = []
    monkeypatch.setattr(run, "execute", lambda command, *_: lines.append(command) or 0)
    (here / "config").mkdir()
    CONFIG.write_text("experiments: [steps]\n")
    assert run.run(run.Workflow(CONFIG, arguments=("database", "-n"))) == 0
    assert [line[-3:] for line in lines] == [["--rerun-incomplete", "database", "-n"]]


# Being told to stop -----------------------------------------------------------------------------

# A stand-in for Snakemake with a job: each notes who interrupts it, and ends as Snakemake does.
STAND_IN = """
import os, signal, sys, time
def note(number, frame):
    with open("noted", "a") as file:
        file.write(f"{'job' if job == 0 else 'run'} {signal.Signals(number).name}\\n")
    os._exit(1)
job = os.fork()
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, note)
open("job-ready" if job == 0 else "ready", "w").close()
time.sleep(60)
"""
CALLER = """
import sys
from dendroflow.commands.process import execute
sys.exit(execute([sys.executable, "-c", sys.argv[1]]))
"""


def start(code, before=()):
    return subprocess.Popen(
        [*before, sys.executable, "-c", CALLER, code],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        start_new_session=True,
    )


def wait_for(*names):
    end = time.monotonic() + 30
    while not all(Path(name).exists() for name in names):
        assert time.monotonic() < end, names
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_stops_it_interrupts_snakemake_and_ends_its_jobs(here, number):
    process = start(STAND_IN)
    wait_for("ready", "job-ready")
    process.send_signal(number)
    assert process.wait(30) == 128 + number
    wait_for("noted")
    time.sleep(0.2)
    assert sorted(Path("noted").read_text().splitlines()) == ["job SIGTERM", "run SIGINT"]


def test_a_run_that_is_stopped_and_ends_well_ended_well(here):
    ends_well = STAND_IN.replace("os._exit(1)", "os._exit(0)")
    process = start(ends_well)
    wait_for("ready", "job-ready")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_under_nohup_a_hang_up_does_nothing(here):
    process = start(STAND_IN, before=("nohup",))
    wait_for("ready", "job-ready")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143


@pytest.mark.parametrize(
    ("code", "expected"), [("", 0), ("raise SystemExit(3)", 3), ("import os; os.abort()", 134)]
)
def test_its_own_end_is_the_code(here, code, expected):
    assert start(code).wait(30) == expected


# The environment --------------------------------------------------------------------------------


def test_programs_of_this_python_are_found(monkeypatch):
    monkeypatch.setenv("PATH", "/bin")
    assert _environment()["PATH"] == f"{Path(sys.executable).parent}:/bin"


@pytest.mark.parametrize("variables", [{"HOME": "/proc/home"}, {"XDG_CACHE_HOME": "/proc/cache"}])
def test_a_cache_that_cannot_be_written_is_another(here, monkeypatch, variables):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _environment()["XDG_CACHE_HOME"] == str(here / ".snakemake/cache")


def test_a_cache_that_can_be_written_is_left_alone(here, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(here))
    assert "XDG_CACHE_HOME" not in _environment()
    assert (here / ".cache/snakemake").is_dir()


def test_without_a_lock_there_is_nothing_to_remove(here):
    assert remove_dead(here / "results", here / "locks") is None
    (here / "locks").mkdir()
    (here / "locks/0.input.lock").touch()
    assert remove_dead(here / "results", here / "locks") is None
    assert (here / "locks/0.input.lock").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("experiments: [a", "config/config.yaml: line 1: expected ',' or ']'"),
        ("experiments:\n\t- a", "config/config.yaml: line 2: found character '\\t'"),
        ("hello", "config/config.yaml: 'hello' is not a mapping of keys to values"),
        ("- a", "config/config.yaml: ['a'] is not a mapping of keys to values"),
        ("", "config/config.yaml: is empty, and must be a mapping of keys to values"),
        ("experiments: [no]", "config/config.yaml: line 1: experiments.0: no: quote it"),
    ],
)
def test_a_configuration_that_is_none_is_refused_before_snakemake_reads_it(here, text, said):
    CONFIG.parent.mkdir()
    CONFIG.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        run.run(run.Workflow(CONFIG))
    assert str(error.value).startswith(said)
