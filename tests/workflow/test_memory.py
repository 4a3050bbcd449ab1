"""Memory of the jobs that simulate does not grow with the number of points."""

import csv

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


def peak_memory(workspace: Workspace, points: int) -> float:
    """MB of the largest job that simulated, in a run of so many points."""
    axes = {"linspace": [0.1, 0.14, points // 100]}, {"linspace": [0.03, 0.04, 100]}
    sweep = dict(zip(("parameters.gnabar", "parameters.gkbar"), axes, strict=True))
    workspace.project("short").experiment("short", SHORT, sweep=sweep)
    run = workspace.run("simulate", cores=2).succeeded()
    assert run.points == points
    peaks = []
    for path in workspace.results.glob("benchmarks/simulate_batch/*.tsv"):
        with path.open(encoding="utf-8") as file:
            peaks += [float(row["max_rss"]) for row in csv.DictReader(file, delimiter="\t")]
    return max(peaks)


@pytest.mark.timeout(900)
def test_ten_times_the_points_do_not_take_ten_times_the_memory(new_workspace):
    few = peak_memory(new_workspace(), 10_000)
    many = peak_memory(new_workspace(), 100_000)
    # A job holds the values of its batch, which are those of 100,000 points at most.
    assert many < 1.5 * few
