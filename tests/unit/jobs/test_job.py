"""What every job leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dendroflow.jobs import job

JOB = """
from dendroflow.errors import DendroflowError
from dendroflow.jobs.job import job
with job("results/logs/simulate/it.1.log"):
    block = bytearray(80_000_000)
    while time.process_time() < 0.3:
        pass
    {end}
"""


def run(folder: Path, end: str) -> tuple[int, Path]:
    """A job in a process of its own, which is started by one that is large."""
    code = "import time" + JOB.format(end=end)
    environment = {k: v for k, v in os.environ.items() if k != job.RUN}
    environment["PYTHONPATH"] = str(Path(job.__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=False)
    return done.returncode, folder / "results" / "benchmarks" / "simulate" / "it.1.tsv"


def test_a_job_notes_what_it_took_itself(tmp_path):
    ballast = b"x" * 600_000_000
    code, path = run(tmp_path, "pass")
    assert code == 0
    del ballast
    head, row = path.read_text(encoding="utf-8").splitlines()
    took = dict(zip(head.split("\t"), map(float, row.split("\t")), strict=True))
    assert list(took) == ["s", "cpu_s", "max_rss_mb"]
    assert took["cpu_s"] >= 0.3
    assert 76 < took["max_rss_mb"] < 400
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("end", ["raise DendroflowError('no')", "raise ValueError('no')"])
def test_a_job_that_fails_notes_nothing(tmp_path, end):
    code, path = run(tmp_path, end)
    assert code == 1
    assert not path.exists()
    assert "no" in Path(tmp_path, "results/logs/simulate/it.1.log").read_text(encoding="utf-8")
