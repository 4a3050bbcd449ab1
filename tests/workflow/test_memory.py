"""Memory does not grow with the number of points."""

import sys

import pytest
from workflow.workspace import Workspace

pytestmark = pytest.mark.slow

SHORT = {
    "title": "Many short points",
    "model": "squid_soma",
    "simulation": {"duration": 1.0},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
    "execution": {"keep_traces": False},
}


# Runs a command, and writes the memory (kB) of the largest process among it and its children.
MEASURED = """
import pathlib, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
pathlib.Path(sys.argv[1]).write_text(str(peak))
sys.exit(code)
"""


def peak_memory(workspace: Workspace, points: int) -> int:
    """Memory of the largest process, Snakemake or a job, in a run of so many points."""
    axes = {"linspace": [0.1, 0.14, points // 100]}, {"linspace": [0.03, 0.04, 100]}
    sweep = dict(zip(("parameters.gnabar", "parameters.gkbar"), axes, strict=True))
    workspace.project("short").experiment("short", SHORT, sweep=sweep)
    peak = workspace.folder / "peak"
    workspace.prefix = (sys.executable, "-c", MEASURED, str(peak))
    run = workspace.run("simulate", cores=2).succeeded()
    assert run.points == points
    return int(peak.read_text())


@pytest.mark.timeout(900)
def test_ten_times_the_points_do_not_take_ten_times_the_memory(new_workspace):
    few = peak_memory(new_workspace(), 10_000)
    many = peak_memory(new_workspace(), 100_000)
    # What there is of each point is its values: some hundred bytes, not what it records.
    assert many < 2 * few, (few, many)
