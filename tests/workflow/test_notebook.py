"""The example for notebooks runs as it is written, and says what is known."""

import os
import shutil
import subprocess
import sys

from workflow.workspace import CHECKOUT

EXAMPLE = CHECKOUT / "docs" / "examples" / "notebook.py"


def test_the_example_runs_and_agrees_with_the_tables(tmp_path):
    shutil.copytree(CHECKOUT / "config", tmp_path / "config")
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT / "scripts")},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # At 20 °C a spike peaks at 1.2 mV; spikes end at lower temperatures where there is less sodium.
    assert "ok: 1.2 mV at 8.15 ms" in done.stdout
    ends = [line.split() for line in done.stdout.splitlines() if line.startswith("0.1")]
    assert ends == [["0.10", "17.0"], ["0.12", "20.0"], ["0.14", "22.5"]]
