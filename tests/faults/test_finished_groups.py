"""A batch that is stopped again and again simulates no point of a finished group twice."""

import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from support.running import CHECKOUT

from dendroflow.tables.tables import read_notes, read_table
from dendroflow.tables.unfinished import groups, kept_in, notes_of, statuses

POINTS, KILLS = 300, 10
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)

BATCH = """
    import os, sys, time
    from pathlib import Path
    from dendroflow.kernel.points import Point, SolverSettings
    from dendroflow.model import Model, quantity
    from dendroflow.runs import results
    from dendroflow.runs.batch import simulate_batch
    from dendroflow.runs.workload import Workload
    from dendroflow.tables.schemas import TRACES
    from dendroflow.tables.tables import leave_pandas_out

    leave_pandas_out()
    results.LANES_AT_MOST = 16

    class Cell(Model):
        class Parameters(Model.Parameters):
            number: int = quantity(0)

        signals = {"v": "mV"}

        def build(self, p):
            from neuron import h

            self.soma = h.Section("soma", self)
            self.record("v", self.soma(0.5)._ref_v)
            os.write(simulated, f"p{p.number}\\n".encode())
            time.sleep(0.002)

    simulated = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    settings = SolverSettings(5.0, 0.025, -65.0, 6.3, "backward_euler", 1e-3, 0.0, None)
    chosen = range(int(sys.argv[2]), int(sys.argv[3]))
    simulate_batch(
        Workload(Cell, {}, {}),
        [Point(f"p{i}", {"number": i}, settings, 1, None) for i in chosen],
        (Path(f"traces/{sys.argv[4]}.parquet"), Path(f"outcomes/{sys.argv[4]}.parquet")),
        TRACES,
        workers=2,
        timeout_s=60,
        notes={},
        sharing=Path("sharing.json"),
        unfinished=Path("unfinished"),
        retry=("failed",),
    )
"""


@pytest.fixture
def start(tmp_path):
    """Simulate some of the points as a batch, in a process of its own."""

    def begin(log, low=0, high=POINTS, batch="batch"):
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(BATCH), log, str(low), str(high), batch],
            cwd=tmp_path,
            env={"PYTHONPATH": str(CHECKOUT / "scripts"), "PYTHONHASHSEED": "0"},
            stderr=subprocess.DEVNULL,
        )

    return begin


def finished(folder):
    return {point_id for path in kept_in(folder) for point_id in statuses(path)}


def lines(path):
    return len(path.read_text().split()) if path.exists() else 0


def test_no_point_of_a_finished_group_is_simulated_twice(start, tmp_path):
    moments, there = random.Random(1), set()
    for kill in range(KILLS + 1):
        log = f"simulated{kill}"
        process = start(log)
        if kill < KILLS:
            begun = moments.randrange(60, 200)
            while lines(tmp_path / log) < begun and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(SIGNALS[kill % len(SIGNALS)])
        code = process.wait(timeout=120)
        if (tmp_path / log).exists():
            assert not there.intersection((tmp_path / log).read_text().split())
        if code == 0:
            break
        now = finished(tmp_path / "unfinished")
        assert there <= now
        there = now
    assert code == 0
    # It was in mid work that it was killed.
    assert 0 < len(there) <= POINTS
    for table in ("outcomes", "traces"):
        stored = read_table(tmp_path / table / "batch.parquet")["point_id"].to_pylist()
        assert sorted(stored) == sorted(f"p{i}" for i in range(POINTS))
    assert read_notes(tmp_path / "outcomes" / "batch.parquet")["sharing"]["process"] == "shared"
    assert not kept_in(tmp_path / "unfinished")


def interrupted(start, tmp_path):
    process = start("first")
    while len(finished(tmp_path / "unfinished")) < 40:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait(timeout=60)
    return finished(tmp_path / "unfinished")


def test_points_are_taken_whatever_batch_they_are_cut_into(start, tmp_path):
    there = interrupted(start, tmp_path)
    for low, high in ((0, 150), (150, POINTS)):
        assert start(f"from {low}", low, high, f"batch{low}").wait(timeout=120) == 0
        assert not there.intersection((tmp_path / f"from {low}").read_text().split())
    assert not kept_in(tmp_path / "unfinished")


def test_what_is_damaged_is_simulated_again(start, tmp_path):
    there = interrupted(start, tmp_path)
    (path,) = kept_in(tmp_path / "unfinished")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    left = finished(tmp_path / "unfinished")
    assert left < there
    assert start("again").wait(timeout=120) == 0
    assert set((tmp_path / "again").read_text().split()) >= there - left
    assert read_table(tmp_path / "outcomes" / "batch.parquet").num_rows == POINTS


def test_groups_that_were_together_do_not_count_where_points_must_be_alone(start, tmp_path):
    there = interrupted(start, tmp_path)
    (tmp_path / "sharing.json").write_text('{"process": "alone", "why": "it is", "seconds": 1.0}')
    assert start("again").wait(timeout=120) == 0
    assert there <= set((tmp_path / "again").read_text().split())
    notes = read_notes(tmp_path / "outcomes" / "batch.parquet")
    assert notes["sharing"]["why"] == "it is"


def test_groups_come_back_as_they_were(start, tmp_path):
    interrupted(start, tmp_path)
    (path,) = kept_in(tmp_path / "unfinished")
    assert notes_of(path)["sharing"]["process"] == "shared"
    for rows, outcomes in groups(path):
        assert rows["point_id"].to_pylist() == outcomes["point_id"].to_pylist()
        assert {len(values) for values in rows["values"].to_pylist()} == {201}
