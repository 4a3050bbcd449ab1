"""Sweeps on a real SLURM: the same results as at home, whatever happens to nodes and jobs."""

import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing

import yaml
from workflow.small_experiments import STEPS, fit_on_a_sound_cell
from workflow.workspace import CHECKOUT, wait_until

AMPLITUDES = [0.005, 0.01, 0.015, 0.02, 0.025, 0.03]
UNFINISHED = ("RUNNING", "PENDING", "COMPLETING")
BUILD = "    def build(self, p):\n"
# Building a cell says so, and waits until it may go on.
GATE = """\
        import pathlib
        import time

        pathlib.Path({folder!r}, f"building-{{p.amplitude}}").touch()
        for _ in range(1200):
            if pathlib.Path({folder!r}, "gate").exists() or p.amplitude < {closed_from}:
                break
            time.sleep(0.1)
"""


def gated(workspace, amplitudes, closed_from=0.0, **execution):
    """An experiment whose points wait for a file `gate` from an amplitude on, two in a batch."""
    source = workspace.model("squid_soma").read_text()
    gate = GATE.format(folder=str(workspace.folder), closed_from=closed_from)
    workspace.write("models/gated_soma/model.py", source.replace(BUILD, BUILD + gate))
    sweep = {"parameters.amplitude": amplitudes}
    workspace.project("gated", execution={"batch_size": 2, **execution})
    workspace.experiment("gated", STEPS, model="gated_soma", sweep=sweep)


def building(workspace):
    """Number of points whose cell was built, or is being built."""
    return len(list(workspace.folder.glob("building-*")))


def assert_complete(workspace, amplitudes):
    points = workspace.table("gated/features.parquet").to_pandas()
    assert points["amplitude"].tolist() == amplitudes
    assert points["status"].tolist() == ["ok"] * len(amplitudes)
    assert len(workspace.trace_digests("gated")) == len(amplitudes)
    assert workspace.unfinished_files() == []


def content(workspace):
    """All rows of all tables of the database, but times and dates."""
    with closing(sqlite3.connect(workspace.results / "dendroflow.sqlite")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {}
        for (table,) in tables:
            cursor = database.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            dicts = [dict(zip(names, row, strict=True)) for row in cursor]
            for row in dicts:
                row.pop("runtime_s", None)
                row.pop("date", None)
            rows[table] = [row for row in dicts if row.get("key") != "date"]
        return rows


def test_the_same_database_as_at_home(workspace, on_cluster):
    for name in ("hh_temperature", "pyramidal_spike"):
        experiment = yaml.safe_load((CHECKOUT / f"config/experiments/{name}.yaml").read_text())
        # To draw is another ten seconds, and shows no more.
        workspace.experiment(name, experiment, figures=None)
    catalogue = (CHECKOUT / "config/morphologies.yaml").read_text()
    workspace.write("morphologies.yaml", catalogue)
    workspace.project("hh_temperature", "pyramidal_spike")
    away = on_cluster(workspace)
    run = away.run().succeeded()
    assert (len(run.batches), run.points) == (2, 191)
    assert "submitted with SLURM" in run.output
    workspace.run("database", cores=2).succeeded()
    assert content(away) == content(workspace)
    assert len(content(away)["hh_temperature"]) == 183
    assert "Nothing to be done" in away.run().succeeded().output


def test_an_optimisation_whose_morphology_has_to_meet_requirements(workspace, on_cluster):
    """Its first jobs run before there is a plan of its points; it is audited there, too."""
    away = on_cluster(fit_on_a_sound_cell(workspace, execution={"cores_per_batch": 2}))
    run = away.run("all", "audit").succeeded()
    assert "Trying to restart job" not in run.output
    submitted = ("check_morphology", "report_morphologies", "optimise", "render_figures")
    assert all(run.jobs[name] == 1 for name in (*submitted, "audit_experiment"))
    assert "1 of 1 points the same" in (away.results / "audits/verdict.txt").read_text()
    workspace.run("database", cores=2).succeeded()
    there, here = content(away), content(workspace)
    assert len(there.pop("audits")) == 1 + len(here.pop("audits"))
    assert there == here


def test_a_node_dies_and_a_job_is_cancelled(workspace, nodes, on_cluster):
    away = on_cluster(workspace)
    gated(away, AMPLITUDES[:4], cores_per_batch=2)
    process = away.start("features")
    # A node has two cores: a batch on each, both points of a batch at once.
    wait_until(lambda: building(away) == 4, "two batches of two points are being built", 120)
    jobs = nodes.jobs()
    assert sorted(jobs.values()) == ["n1", "n2"]
    cancelled, lost = sorted(jobs, key=jobs.get)
    assert nodes.kill_node("n2") > 2
    nodes.command("scancel", cancelled)
    (away.folder / "gate").touch()
    assert process.wait(200) == 0, away.said
    assert_complete(away, AMPLITUDES[:4])
    states = nodes.states()
    assert (states[cancelled], states[lost]) == ("CANCELLED", "NODE_FAIL")
    assert away.said.count("Trying to restart job") == 2
    # Both were submitted once more, and asked for twice the memory and time.
    asked = nodes.command("squeue", "--noheader", "--states=all", "--format=%i %C %m %l")
    submitted = [line.split(maxsplit=1) for line in asked.splitlines()]
    submissions = Counter(wish for job, wish in submitted if int(job) >= min(map(int, jobs)))
    assert sorted(submissions.values()) == [2, 2], submissions


def test_snakemake_is_killed(workspace, nodes, on_cluster):
    """Its jobs run on; of those that end and those that do not, only the latter run again."""
    away = on_cluster(workspace)
    gated(away, AMPLITUDES, closed_from=AMPLITUDES[2])
    process = away.start("features")
    # Each of two jobs waits with its first point; the other is through.
    wait_until(lambda: building(away) == 4 and len(nodes.jobs()) == 2, "two jobs wait", 120)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    nodes.command("scancel", max(nodes.jobs(), key=int))
    (away.folder / "gate").touch()
    wait_until(lambda: not nodes.jobs(*UNFINISHED), "the other job ends", 120)
    away.run("--unlock").succeeded()
    run = away.run("features").succeeded()
    assert (run.points, run.jobs["simulate_batch"]) == (2, 1)
    assert_complete(away, AMPLITUDES)
