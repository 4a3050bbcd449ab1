"""CoreNEURON as the engine: the same samples within 1e-6 mV, own mechanisms included."""

import numpy as np
import pytest
from workflow.workspace import Workspace

TOLERANCE_MV = 1e-6

LEAK = {
    "title": "Resting potential",
    "model": "leak_one",
    "simulation": {"duration": 30.0},
    "sweep": {"parameters.g": [0.001, 0.002]},
    "features": {"signal": "soma_v", "statistics": ["final"]},
}
SYNAPSE = {
    "title": "A random train",
    "model": "synaptic_soma",
    "simulation": {"duration": 60.0, "solver": "crank_nicolson"},
    "sweep": {"simulation.seed": [1, 2, 3], "simulation.celsius": [6.3, 16.3]},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}
SAMPLED = {
    "title": "Squid",
    "model": "squid_soma",
    "simulation": {"duration": 20.0, "sampling": 0.1},
    "sweep": {"parameters.gnabar": [0.1, 0.12, 0.14]},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}
EXPERIMENTS = {"leak": LEAK, "synapse": SYNAPSE, "sampled": SAMPLED}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    """Each experiment once with NEURON and once with CoreNEURON."""
    names = [f"{name}{suffix}" for name in EXPERIMENTS for suffix in ("", "_core")]
    workspace = new_workspace().project(*names)
    for name, content in EXPERIMENTS.items():
        workspace.experiment(name, content)
        workspace.experiment(f"{name}_core", content, engine="coreneuron")
    run = workspace.run("features", cores=2).succeeded()
    assert run.jobs["compile_mechanisms"] == run.jobs["compile_mechanisms_for_coreneuron"] == 1
    return workspace


def samples(project, experiment):
    """(point, signal) -> values."""
    return {
        (row["point_id"], row["signal"]): np.array(row["values"])
        for path in project.results.glob(f"{experiment}/*/traces/*.parquet")
        for row in project.table(str(path.relative_to(project.results))).to_pylist()
    }


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_same_samples(finished, experiment):
    expected, found = samples(finished, experiment), samples(finished, f"{experiment}_core")
    assert expected.keys() == found.keys()
    # NEURON may leave out the sample that falls on the end of the run.
    assert all(len(found[key]) - len(expected[key]) in (0, 1) for key in expected)
    differences = [
        np.abs(found[key][: len(values)] - values).max() for key, values in expected.items()
    ]
    assert max(differences) < TOLERANCE_MV
    spread = max(values.max() for values in expected.values()) - min(
        values.min() for values in expected.values()
    )
    assert spread > 1


def test_the_engine_is_part_of_the_simulation_code(finished):
    codes = {path.parts[-3] for path in finished.results.glob("sampled*/*/outcomes/*.parquet")}
    assert len(codes) == 2


@pytest.mark.parametrize(
    ("model", "changes", "said"),
    [
        ("calcium_buffer", {}, 'CoreNEURON runs no rxd, and no models with `process = "alone"`'),
        ("squid_soma", {"solver": "cvode"}, "CoreNEURON has no cvode"),
        ("squid_soma", {"sampling": 0.06}, "sampling 0.06 ms is no multiple of dt 0.025 ms"),
    ],
)
def test_what_coreneuron_cannot_run_is_refused(workspace, model, changes, said):
    signal = "ca" if model == "calcium_buffer" else "soma_v"
    workspace.project("refused").experiment(
        "refused",
        {
            "title": "Refused",
            "model": model,
            "engine": "coreneuron",
            "simulation": {"duration": 10.0, **changes},
            "sweep": {"simulation.v_init": [-65.0]},
            "features": {"signal": signal, "statistics": ["maximum"]},
        },
    )
    workspace.run("features", "-n").refused("refused.yaml: engine", said)


def test_a_signal_of_a_function_is_a_row_that_says_so(workspace):
    """What Python would have to look at during the run."""
    probing = """
from neuron import h

from dendroflow.model import Model


class Probing(Model):
    signals = {"v": "mV"}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.sample("v", lambda: self.soma(0.5).v, 1.0)
"""
    workspace.write("models/probing/model.py", probing)
    workspace.project("probe", max_failed_share=1.0).experiment(
        "probe",
        {
            "title": "Probe",
            "model": "probing",
            "engine": "coreneuron",
            "simulation": {"duration": 10.0},
            "sweep": {"simulation.v_init": [-65.0]},
            "features": {"signal": "v", "statistics": ["maximum"]},
        },
    )
    workspace.run("features").succeeded()
    (row,) = workspace.table("probe/features.parquet").to_pylist()
    assert row["status"] == "failed"
    assert "signal 'v' is sampled by a function, which CoreNEURON does not call" in row["error"]
