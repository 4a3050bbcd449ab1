"""Stored points come out the same when they are simulated again, each alone; others are named."""

import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workflow.small_experiments import FITTED, STEPS, TRAINS
from workflow.workspace import Workspace

from dendroflow.commands.summary import audited

EXPERIMENTS = {
    # Six points that share a process, of which five are drawn.
    "steps": STEPS | {"sweep": {"parameters.amplitude": [0.005, 0.01, 0.015, 0.02, 0.03, 0.04]}},
    "variable": STEPS
    | {
        "simulation": {"duration": 15.0, "solver": "cvode"},
        "sweep": {"simulation.atol": [1e-3, 1e-4]},
    },
    "core": STEPS | {"engine": "coreneuron"},
    "measured": TRAINS | {"execution": {"keep_traces": False}},
    "fitted": FITTED,
    "failing": {
        "title": "Points of which some fail",
        "model": "breaking",
        "simulation": {"duration": 5.0},
        "sweep": {"parameters.fault": ["none", "raises", "exits", "leaves"]},
        "features": {"signal": "v", "statistics": ["maximum"]},
    },
}
BREAKING = """
import os

from neuron import h

from dendroflow.model import Model, quantity


class Breaking(Model):
    class Parameters(Model.Parameters):
        fault: str = quantity("none", "", "what goes wrong")

    signals = {"v": "mV"}

    def build(self, p):
        if p.fault == "raises":
            raise ValueError("made to raise")
        if p.fault == "exits":
            os._exit(7)
        self.soma = h.Section("soma", self)
        self.soma.insert("pas")
        if p.fault == "leaves":
            self.soma.e_pas = 1000.0
        self.record("v", self.soma(0.5)._ref_v)
"""
DRAWN = {"steps": 5, "variable": 2, "core": 2, "measured": 2, "fitted": 2, "failing": 4}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project(*EXPERIMENTS, max_failed_share=1.0)
    workspace.write("models/breaking/model.py", BREAKING)
    for name, content in EXPERIMENTS.items():
        workspace.experiment(name, content)
    workspace.run("database", cores=2).succeeded()
    assert workspace.query("SELECT * FROM audits") == []
    assert audited(workspace.results / "dendroflow.sqlite") is None
    run = workspace.run("audit", cores=2).succeeded()
    assert run.points == 0
    assert run.jobs == {"audit_experiment": 6, "check_audits": 1, "build_database": 1}
    return workspace


def altered(path, change):
    """Change a stored table, checksums included, but not its time stamp: nothing else notices."""
    stamps = path.stat()
    table = pq.read_table(path, partitioning=None)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path, write_page_checksum=True)
    os.utime(path, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))


def only(workspace, pattern):
    (path,) = workspace.results.glob(pattern)
    return path


def test_every_kind_of_experiment_comes_out_the_same(finished):
    rows = finished.query("SELECT experiment, COUNT(*), verdict, difference FROM audits GROUP BY 1")
    assert rows == [(name, n, "same", None) for name, n in sorted(DRAWN.items())]
    compared = dict(finished.query("SELECT experiment, compared FROM audits"))
    assert compared.pop("measured") == "status, features"
    assert set(compared.values()) == {"status, traces, features"}
    statuses = "SELECT status FROM failing JOIN audits USING (point_id, batch) ORDER BY 1"
    assert finished.query(statuses) == [
        (status,) for status in ("crashed", "failed", "ok", "out_of_range")
    ]
    verdict = (finished.results / "audits" / "verdict.txt").read_text()
    assert "steps: 5 of 5 points the same (of 6, seed 1)" in verdict


def test_seed_and_versions_are_recorded(finished):
    ((seed, facts),) = finished.query("SELECT DISTINCT seed, audited_with FROM audits LIMIT 1")
    assert seed == 1
    assert {"neuron", "git_commit", "host", "date"} <= json.loads(facts).keys()
    said = audited(finished.results / "dendroflow.sqlite")
    assert said == "17 of 17 points the same, each simulated alone again (seed 1)"


def test_an_audit_is_not_repeated_unless_there_is_something_new(finished, copy_of):
    project = copy_of(finished)
    assert project.run("audit").succeeded().jobs == {}
    assert project.run("database").succeeded().points == 0

    other = project.run("audit", "--config", "audit={seed: 6}").succeeded()
    assert other.jobs == {"audit_experiment": 6, "check_audits": 1, "build_database": 1}
    assert other.points == 0
    drawn = "SELECT point_id FROM audits WHERE experiment = 'steps' ORDER BY 1"
    assert len(project.query(drawn)) == 5
    assert project.query(drawn) != finished.query(drawn)
    assert project.query("SELECT DISTINCT seed FROM audits") == [(6,)]


def test_new_points_call_for_an_audit_and_old_ones_leave_it(finished, copy_of):
    project = copy_of(finished)
    sweep = {"parameters.amplitude": [0.01, 0.015, 0.02, 0.03, 0.04, 0.05]}
    project.experiment("steps", STEPS, sweep=sweep)
    run = project.run("database").succeeded()
    assert (run.points, run.jobs["audit_experiment"]) == (1, 0)
    held = "SELECT COUNT(*) FROM audits WHERE experiment = 'steps'"
    asked = "SELECT COUNT(*) FROM audits JOIN steps USING (point_id) WHERE experiment = 'steps'"
    assert project.query(held) == project.query(asked)
    assert project.query(held)[0][0] >= 4

    run = project.run("audit").succeeded()
    assert (run.points, run.jobs["audit_experiment"]) == (0, 1)
    assert project.query(held) == [(5,)]


def test_a_planted_corruption_is_found_and_named(finished, copy_of):
    project = copy_of(finished)

    def one_sample(rows):
        row = next(row for row in rows if row["signal"] == "soma_v")
        planted["trace"] = row["point_id"]
        row["values"][7] = float(np.nextafter(row["values"][7], 0.0))

    def one_value(rows):
        planted["feature"] = rows[1]["point_id"]
        rows[1]["spike_count"] += 1.0

    planted: dict[str, str] = {}
    altered(only(project, "core/*/traces/*.parquet"), one_sample)
    altered(only(project, "measured/*/features/*.parquet"), one_value)
    assert project.run("audit").succeeded().jobs == {}

    run = project.run("audit", "--config", "audit={seed: 2}")
    run.refused(f"core: 1 of 2 audited points differ: point {planted['trace']}")
    found = dict(
        project.query(
            "SELECT experiment || ' ' || point_id, difference FROM audits WHERE verdict = 'differs'"
        )
    )
    assert found.keys() == {f"core {planted['trace']}", f"measured {planted['feature']}"}
    trace, feature = found.values()
    assert "soma_v: values: sample 7 of" in trace
    assert "1 differ" in trace
    assert "spike_count: " in feature
    assert "in the table of the batch" in feature
    said = audited(project.results / "dendroflow.sqlite")
    assert "15 of 17 points the same" in said
    assert "see the table audits" in said

    # What the message says to do.
    for folder in ("core", "measured"):
        for path in project.results.glob(f"{folder}/*/outcomes/*.parquet"):
            path.unlink()
    run = project.run("database").succeeded()
    assert run.points == 4
    assert project.query("SELECT COUNT(*) FROM audits WHERE verdict = 'differs'") == [(0,)]
    run = project.run("audit", "--config", "audit={seed: 2}").succeeded()
    assert run.jobs["audit_experiment"] == 2
    assert project.query("SELECT COUNT(*) FROM audits WHERE verdict = 'same'") == [(17,)]


# In one and three dimensions, in a cube around a cell, and in cells that are advanced together.
DIFFUSION = {
    "buffer": {
        "title": "Calcium and a buffer",
        "model": "calcium_buffer",
        "simulation": {"duration": 10.0, "dt": 0.005},
        "sweep": {"parameters.kb": [0.005, 0.01, 0.02]},
        "features": {"signal": "ca", "statistics": ["minimum"]},
    },
    "source": {
        "title": "A point source of calcium",
        "model": "point_source",
        "simulation": {"duration": 1.0},
        "parameters": {"length": 2.0, "diameter": 1.0, "onset": 0.0},
        "sweep": {"parameters.dimension": [1, 3], "parameters.tau": [1.0, 2.0]},
        "features": {"signal": "ca_membrane", "statistics": ["maximum"]},
    },
    "cube": {
        "title": "Potassium around a cell",
        "model": "potassium",
        "simulation": {"duration": 10.0, "sampling": 0.1},
        "sweep": {"parameters.volume_fraction": [0.1, 0.3]},
        "features": {"signal": "k_source", "statistics": ["maximum"]},
    },
}


@pytest.mark.slow
def test_reactions_and_diffusion_come_out_the_same(workspace):
    for name, content in DIFFUSION.items():
        workspace.experiment(name, content)
    workspace.project(*DIFFUSION).run("audit").succeeded()
    verdict = (workspace.results / "audits" / "verdict.txt").read_text()
    assert "source: 4 of 4 points the same (of 4, seed 1)" in verdict
    assert "buffer: 3 of 3 points the same (of 3, seed 1)" in verdict
    assert "cube: 2 of 2 points the same (of 2, seed 1)" in verdict
    for name in DIFFUSION:
        found = workspace.query(
            f"SELECT DISTINCT status, verdict, compared FROM {name} JOIN audits USING (point_id)"
        )
        assert found == [("ok", "same", "status, traces, features")]
    # Each of them is another simulation.
    digests = [digest for name in DIFFUSION for digest in workspace.trace_digests(name).items()]
    drawn = [
        digest for (_, signal), digest in digests if signal in ("ca", "ca_membrane", "k_source")
    ]
    assert len(set(drawn)) == 9


def test_what_an_audit_takes_is_checked(workspace):
    workspace.project("steps", audit={"share": 1.5}).experiment("steps", STEPS)
    workspace.run("audit", "-n").refused("config.yaml: audit.share:", "1.5")
