"""However points are batched, ordered and spread over cores, the bits are the same."""

import pytest
from workflow.small_experiments import STEPS

AMPLITUDES = [0.005, 0.01, 0.02, 0.04]
EXPERIMENT = STEPS | {
    # Points of two temperatures cannot share a process' clock.
    "sweep": {"simulation.celsius": [6.3, 16.0], "parameters.amplitude": AMPLITUDES}
}
SHUFFLED = {"parameters.amplitude": [0.04, 0.005, 0.02, 0.01], "simulation.celsius": [16.0, 6.3]}


@pytest.fixture(scope="module")
def expected(new_workspace):
    """Digests of all traces, from one job for each point."""
    workspace = new_workspace().project("steps", execution={"batch_size": 1})
    workspace.experiment("steps", EXPERIMENT)
    run = workspace.run("simulate", cores=2).succeeded()
    assert run.points == len(run.batches) == 8
    digests = workspace.trace_digests("steps")
    assert len(set(digests.values())) == 8
    return digests


@pytest.mark.parametrize(
    ("batch_size", "batches", "cores", "sweep"),
    [(None, 1, 2, SHUFFLED), (7, 2, 1, EXPERIMENT["sweep"])],
    ids=["chosen by the plan", "7"],
)
def test_same_bits(workspace, expected, batch_size, batches, cores, sweep):
    workspace.project("steps", execution={"batch_size": batch_size})
    workspace.experiment("steps", EXPERIMENT, sweep=sweep)
    run = workspace.run("simulate", cores=cores).succeeded()
    assert (run.points, len(run.batches)) == (8, batches)
    assert workspace.trace_digests("steps") == expected


def test_same_bits_of_noise_however_it_is_batched(workspace):
    """Streams of random numbers depend on the point alone, not on who shares its process."""
    trains = {
        "title": "Trains",
        "model": "synaptic_soma",
        "simulation": {"duration": 60.0},
        "sweep": {"simulation.seed": [1, 2, 3], "parameters.weight": [0.002, 0.004]},
        "features": {"signal": "soma_v", "statistics": ["maximum"]},
    }
    workspace.project("together", "apart").experiment("together", trains)
    workspace.experiment("apart", trains, execution={"batch_size": 2})
    run = workspace.run("simulate").succeeded()
    assert (len(run.batches), run.points) == (4, 12)
    together, apart = (workspace.trace_digests(name) for name in ("together", "apart"))
    assert together == apart
    assert len(set(together.values())) == len(together) == 12
