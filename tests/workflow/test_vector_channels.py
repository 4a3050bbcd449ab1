"""CoreNEURON's mechanisms on the vector unit: NEURON's samples, and bits that do not depend on
which cells lie beside each other."""

import shutil

import numpy as np
import pytest

from dendroflow.vector import targets_of_machine

pytestmark = pytest.mark.skipif(
    targets_of_machine()[0].name == "plain", reason="this processor has no AVX2 and FMA"
)

# Over 200 ms; per spike on longer runs.
MOST_MV, MOST_SHIFT = 1e-8, 1e-9
SPIKE = -20.0
STEP = {"kind": "step", "at": "soma", "delay": 5, "duration": 180, "amplitude": 0.15}
VARIABLES = {
    "soma": {"gna": "gna_hhn", "gk": "gk_hhn", "m": "m_hhn", "ina": "ina", "ik": "ik"}
    | {"il": "il_hhn"},
    "calcium": {"cai": "cai", "ica": "ica", "eca": "eca_own_cachannel", "mca": "m_cachannel"},
}


def recorded(**places):
    """`v`, and what else is asked for at each place."""
    found = {f"{place}_v": {"at": place} for place in places}
    for place, names in places.items():
        found |= {
            f"{place}_{name}": {"at": place, "variable": variable, "unit": "of its own"}
            for name, variable in names.items()
        }
    return found


BASE = {
    "title": "On the vector unit",
    "model": "vector_stick",
    "simulation": {"duration": 200.0, "dt": 0.025, "celsius": 16.3},
    "stimuli": {"step": STEP},
    "features": {"signal": "soma_v", "statistics": ["rate"]},
    "sweep": {"parameters.gnabar": [0.09, 0.12, 0.15]},
}
EXPERIMENTS = {
    "soma": BASE | {"record": recorded(soma=VARIABLES["soma"])},
    "calcium": BASE
    | {
        "parameters": {"calcium": True},
        "stimuli": {"step": STEP | {"amplitude": 0.4}},
        "record": recorded(soma=VARIABLES["soma"] | VARIABLES["calcium"], dend={"cai": "cai"}),
    },
    "synapse": BASE
    | {
        "parameters": {"synapse": True},
        "stimuli": {},
        "record": recorded(soma=VARIABLES["soma"]),
    },
}


EXPERIMENTS["sampled"] = EXPERIMENTS["soma"] | {
    "simulation": BASE["simulation"] | {"duration": 190.0, "sampling": 0.15}
}


@pytest.fixture(scope="module")
def finished(new_workspace):
    names = [f"{name}{suffix}" for name in EXPERIMENTS for suffix in ("", "_core")]
    workspace = new_workspace().project(*names)
    for name, content in EXPERIMENTS.items():
        workspace.experiment(name, content)
        workspace.experiment(f"{name}_core", content, engine="coreneuron")
    workspace.run("features", cores=2).succeeded()
    return workspace


def samples(workspace, experiment):
    """(point, signal) -> values."""
    return {
        (row["point_id"], row["signal"]): np.array(row["values"])
        for path in workspace.results.glob(f"{experiment}/*/traces/*.parquet")
        for row in workspace.table(str(path.relative_to(workspace.results))).to_pylist()
    }


def spike_times(v, dt):
    """When v crosses -20 mV upwards, ms; between two samples on a line."""
    before = np.flatnonzero((v[:-1] < SPIKE) & (v[1:] >= SPIKE))
    return dt * (before + (SPIKE - v[before]) / (v[before + 1] - v[before]))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_that_is_recorded_is_that_of_neuron(finished, name):
    expected, found = samples(finished, name), samples(finished, f"{name}_core")
    assert expected.keys() == found.keys()
    assert {signal for _, signal in expected} == set(EXPERIMENTS[name]["record"])
    spikes = 0
    for (point, signal), values in expected.items():
        assert len(found[point, signal]) - len(values) in (0, 1)
        ours = found[point, signal][: len(values)]
        scale = 1.0 if signal.endswith("_v") else np.abs(values).max()
        assert np.ptp(values) > 0, signal
        assert np.abs(ours - values).max() < MOST_MV * scale, signal
        if signal == "soma_v":
            simulation = EXPERIMENTS[name]["simulation"]
            dt = simulation.get("sampling", simulation["dt"])
            times = spike_times(values, dt)
            spikes += len(times)
            assert np.abs(spike_times(ours, dt) - times).max(initial=0) < MOST_SHIFT
    assert spikes > 3


@pytest.mark.slow
def test_bits_do_not_depend_on_which_cells_lie_beside_each_other(new_workspace, copy_of):
    values = [0.08, 0.09, 0.1, 0.105, 0.11, 0.115, 0.12, 0.125, 0.13, 0.135, 0.14, 0.15, 0.16]
    content = EXPERIMENTS["calcium"] | {"engine": "coreneuron"}
    sweeps = {
        "alone": [0.12],
        "two": [0.12, 0.09],
        "three": [0.15, 0.12, 0.1],
        "five": values[4:9],
        "eight": values[::-1][:8],
        "thirteen": values,
        "other_way": values[::-1],
    }
    workspace = new_workspace().project(*sweeps)
    for name, sweep in sweeps.items():
        workspace.experiment(name, content, sweep={"parameters.gnabar": sweep})
    workspace.run("features", cores=2).succeeded()
    own = {key: d for name in sweeps for key, d in workspace.trace_digests(name).items()}
    for name, sweep in sweeps.items():
        digests = workspace.trace_digests(name)
        assert len(digests) == len(sweep) * len(content["record"])
        assert digests.items() <= own.items(), name
    assert len(own) == 13 * len(content["record"])
    again = copy_of(workspace)
    shutil.rmtree(again.results / "thirteen")
    again.run("features", cores=1).succeeded()
    assert again.trace_digests("thirteen") == workspace.trace_digests("thirteen")


def test_the_report_says_which_loops_are_vectors(finished):
    (report,) = finished.results.glob("mechanisms/*/coreneuron/loops.txt")
    lines = report.read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"for {targets_of_machine()[0].march}"
    for mechanism in ("hhn", "cachannel", "kick"):
        (line,) = [one for one in lines if one.startswith(f"{mechanism}: ")]
        assert "states vector" in line
    said = finished.dendroflow("plan", "--config", "config/config.yaml")
    assert said.returncode == 0, said.stdout
    assert "vector_stick: mechanisms for " in said.stdout
    assert any(f"  {line}" in said.stdout for line in lines if line.startswith("hhn: "))
    (log,) = finished.results.glob("logs/compile_mechanisms_for_coreneuron/*.log")
    assert "hhn: " in log.read_text(encoding="utf-8")
