"""Sweeps on a real SLURM: the same results as at home, whatever happens to nodes and jobs."""

import os
import signal
import sqlite3
from collections import Counter
from contextlib import closing

import pytest
import yaml
from workflow.small_experiments import STEPS
from workflow.workspace import CHECKOUT, wait_until

AMPLITUDES = [0.005, 0.01, 0.015, 0.02, 0.025, 0.03]
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


def gated(workspace, closed_from=0.0, **execution):
    """An experiment whose points wait for a file `gate` from an amplitude on, two in a batch."""
    source = workspace.model("squid_soma").read_text()
    gate = GATE.format(folder=str(workspace.folder), closed_from=closed_from)
    workspace.write("models/gated_soma/model.py", source.replace(BUILD, BUILD + gate))
    sweep = {"parameters.amplitude": AMPLITUDES}
    workspace.project("gated", execution={"batch_size": 2, **execution})
    workspace.experiment("gated", STEPS, model="gated_soma", sweep=sweep)


def building(workspace):
    """Number of points whose cell was built, or is being built."""
    return len(list(workspace.folder.glob("building-*")))


def assert_complete(workspace):
    points = workspace.table("gated/features.parquet").to_pandas()
    assert points["amplitude"].tolist() == AMPLITUDES
    assert points["status"].tolist() == ["ok"] * len(AMPLITUDES)
    assert len(workspace.trace_digests("gated")) == len(AMPLITUDES)
    assert workspace.unfinished_files() == []


def content(workspace):
    """All rows of all tables of the database, but times."""
    with closing(sqlite3.connect(workspace.results / "dendroflow.sqlite")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = {}
        for (table,) in tables:
            cursor = database.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            dicts = [dict(zip(names, row, strict=True)) for row in cursor]
            for row in dicts:
                row.pop("runtime_s", None)
            rows[table] = [row for row in dicts if row.get("key") != "date"]
        return rows


def test_the_same_database_as_at_home(workspace, on_cluster):
    for name, figures in {"hh_temperature": 1, "pyramidal_spike": 0}.items():
        experiment = yaml.safe_load((CHECKOUT / f"config/experiments/{name}.yaml").read_text())
        workspace.experiment(name, experiment, figures=experiment["figures"][:figures])
    catalogue = (CHECKOUT / "config/morphologies.yaml").read_text()
    workspace.write("morphologies.yaml", catalogue)
    workspace.project("hh_temperature", "pyramidal_spike", execution={"batch_size": 100})
    away = on_cluster(workspace)
    run = away.run().succeeded()
    assert (len(run.batches), run.points) == (3, 191)
    assert "submitted with SLURM" in run.output
    workspace.run(cores=2).succeeded()
    assert content(away) == content(workspace)
    assert len(content(away)["hh_temperature"]) == 183
    assert "Nothing to be done" in away.run().succeeded().output


def test_a_node_dies_and_a_job_is_cancelled(workspace, nodes, on_cluster):
    gated(workspace, cores_per_batch=2)
    away = on_cluster(workspace)
    gated(away, cores_per_batch=2)
    process = away.start("features")
    # A node has two cores: a batch on each, both points of a batch at once.
    wait_until(lambda: building(away) == 4, "two batches of two points are being built")
    jobs = nodes.jobs()
    assert sorted(jobs.values()) == ["n1", "n2"]
    cancelled, lost = sorted(jobs, key=jobs.get)
    assert nodes.kill_node("n2") > 2
    nodes.command("scancel", cancelled)
    (away.folder / "gate").touch()
    assert process.wait(200) == 0, away.said
    assert_complete(away)
    states = nodes.states()
    assert (states[cancelled], states[lost]) == ("CANCELLED", "NODE_FAIL")
    assert away.said.count("Trying to restart job") == 2
    # Both were submitted once more, and asked for twice the memory and time.
    asked = nodes.command("squeue", "--noheader", "--states=all", "--format=%i %C %m %l")
    submitted = [line.split(maxsplit=1) for line in asked.splitlines()]
    submissions = Counter(wish for job, wish in submitted if int(job) >= int(min(jobs)))
    assert sorted(submissions.values()) == [2, 3], submissions


@pytest.mark.parametrize("left", ["cancelled", "finished"])
def test_snakemake_is_killed(workspace, nodes, on_cluster, left):
    """Its jobs run on; whether they are cancelled or end, what is finished is not repeated."""
    gated(workspace)
    away = on_cluster(workspace)
    gated(away, closed_from=0.03)
    done = Counter(nodes.states().values())["COMPLETED"]
    process = away.start("features")
    wait_until(lambda: Counter(nodes.states().values())["COMPLETED"] == done + 2, "two batches end")
    wait_until(lambda: building(away) == 6, "the last point is being built")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    if left == "cancelled":
        nodes.cancel()
    (away.folder / "gate").touch()
    wait_until(lambda: not nodes.jobs("RUNNING", "PENDING", "COMPLETING"), "no job is left")
    away.run("--unlock").succeeded()
    run = away.run("features").succeeded()
    assert run.points == (2 if left == "cancelled" else 0)
    assert_complete(away)
