"""What Snakemake's records say, and logs of batches, come down to what a user can use."""

import logging
import os
import time
from enum import StrEnum
from pathlib import Path

import pytest

from dendroflow.jobs.shown import Progress, causes, only_causes, points_done

RULES = Path("/somewhere/dendroflow/rules")
OURS = "results/logs/simulate_batch/steps.log"
NOISE = f'RuleException:\nCalledProcessError in file "{RULES}/simulation.smk", line 50:\nCommand'
ENDS = (
    "Complete log(s): /x",
    "Elapsed time: 1",
    "WorkflowError:\nAt least one job did not complete",
)
FAILED = "Exiting because a job execution failed. Look above for error messages"


class Event(StrEnum):
    JOB_ERROR = "job_error"


@pytest.fixture
def console(tmp_path, monkeypatch):
    """A logger like Snakemake's, and what a console shows of it."""
    monkeypatch.chdir(tmp_path)
    said, logger = [], logging.Logger("snakemake")
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logger.addHandler(handler)
    logger.addHandler(logging.FileHandler("all.log"))
    for _ in range(2):
        only_causes(logger, RULES)
    return logger, said


def fails(logger, log):
    logger.error("Error in rule", extra={"event": Event.JOB_ERROR, "log": [log]})


def details(log, text, seconds=None):
    path = Path(f"{log}.traceback")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    # The kernel's clock for files is some milliseconds behind.
    seconds = time.time() if seconds is None else seconds
    os.utime(path, (seconds, seconds))


def test_a_job_that_fails_has_its_cause_and_nothing_else(console):
    logger, said = console
    details(OURS, "Traceback\n  x\n\nWhy:\nsteps: the cause\n")
    logger.error(NOISE)
    for _ in range(2):
        fails(logger, OURS)
    for text in (FAILED, *ENDS):
        logger.error(text)
    assert said == ["steps: the cause"]
    # Snakemake's own log has all of it.
    logged = Path("all.log").read_text()
    assert all(text in logged for text in (NOISE, FAILED, *ENDS))
    assert causes(Path("results"), 1.0) == {"steps: the cause": "simulate_batch"}


def test_of_a_job_that_could_not_say_why_that_is_said_at_the_end(console):
    logger, said = console
    details(OURS, "of an earlier run\n", seconds=1000)
    fails(logger, OURS)
    assert said == []
    logger.error(FAILED)
    assert len(said) == 1
    assert said[0].startswith(f"{OURS}: its job failed; ")
    assert causes(Path("results"), 2000) == {said[0]: "simulate_batch"}


def test_jobs_that_end_since_they_were_told_to_need_no_cause(console):
    logger, said = console
    logger.info("Terminating processes on user request, this might take some time.")
    fails(logger, OURS)
    for text in ENDS:
        logger.error(text)
    assert said == ["Terminating processes on user request, this might take some time."]


@pytest.mark.parametrize("log", ["results/logs/paper.log", "logs/paper/x.log", ""])
def test_what_concerns_rules_of_others_is_said_as_it_is(console, log):
    logger, said = console
    details(OURS, "the cause\n")
    fails(logger, OURS)
    theirs = 'RuleException:\nCalledProcessError in file "/home/me/Snakefile", line 5:'
    logger.error(theirs)
    fails(logger, log)
    for text in (FAILED, *ENDS):
        logger.error(text)
    assert said == ["the cause", theirs, "Error in rule", FAILED, *ENDS]


def test_a_run_without_failures_says_what_it_says(console):
    logger, said = console
    for text in ENDS[:2]:
        logger.info(text)
    assert said == list(ENDS[:2])


def test_progress_is_the_sum_of_the_batches_of_this_run(tmp_path):
    code, folder = "0" * 16, tmp_path / "logs" / "simulate_batch"
    folder.mkdir(parents=True)
    for name, batch, text, seconds in (
        ("steps", "a" * 16, "5 of 2000 points, 0 failed\n1500 of 2000 points, 3 failed\n", 20),
        ("steps", "b" * 16, "1 INFO 1000 of 1000 points; {}\n", 20),
        ("steps", "c" * 16, "1 INFO 1000 of 1000 points; {}\n", 5),
        ("other", "d" * 16, "1 INFO 7 of 7 points; {}\n", 20),
        ("third", "e" * 16, "starting\n", 20),
    ):
        path = folder / f"{name}-{code}-{batch}.log"
        path.write_text(text)
        os.utime(path, (seconds, seconds))
    assert points_done(tmp_path, 10) == {"steps": (2500, 3), "other": (7, 0)}
    assert points_done(tmp_path, 30) == {}


def test_progress_says_how_fast_and_how_long():
    found = Progress()
    to_run = {"steps": 4000, "other": 7, "third": 1, "fourth": 0}
    done = {"steps": (1000, 0), "other": (7, 0)}
    assert found.line(0.0, done, to_run) == "steps: 1,000 of 4,000 points simulated"
    done = {"steps": (1100, 2), "other": (7, 0)}
    assert found.line(10.0, done, to_run) == (
        "steps: 1,100 of 4,000 points simulated, 2 failed, 10 per s, 4 min left"
    )
    # What was long ago does not count.
    done = {"steps": (3900, 2)}
    found.line(60.0, done, to_run)
    done = {"steps": (3950, 2), "third": (0, 0)}
    assert found.line(120.0, done, to_run) == (
        "steps: 3,950 of 4,000 points simulated, 2 failed, 0.833 per s, 1 min left"
    )
    assert found.line(121.0, {"steps": (4000, 2)}, to_run) == ""
