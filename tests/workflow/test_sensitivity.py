"""A real run whose sensitivity is known: the steady potential of a passive soma."""

import shutil

import numpy as np
import pytest
from workflow.workspace import CHECKOUT, Workspace

SOMA = CHECKOUT / "template" / "config" / "models" / "soma"
AXES = {"parameters.amplitude": {"range": [-0.02, 0.02]}, "parameters.e": {"range": [-70, -60]}}
EXPERIMENT = {
    "title": "A passive soma",
    "model": "soma",
    "simulation": {"duration": 300.0, "dt": 0.1},
    "sweep": {"saltelli": {"samples": 128, "axes": AXES}},
    "features": {"signal": "soma_v", "statistics": ["final", "minimum"]},
    "analysis": {
        "sensitivity": {"features": ["soma_v_final"]},
        "population": {"accept": {"soma_v_final": [-68.0, -62.0], "e": [None, -61.0]}},
    },
}
# Current times input resistance (MOhm), and the reversal potential: v = e + i / (g A).
RESISTANCE = 1e-6 / (1e-4 * np.pi * 20e-4**2)
SPREAD = {"amplitude": 0.04 * RESISTANCE, "e": 10.0}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("passive")
    shutil.copytree(SOMA, workspace.folder / "config" / "models" / "soma")
    workspace.experiment("passive", EXPERIMENT)
    workspace.run(cores=2).succeeded()
    return workspace


def test_indices_are_those_of_the_formula(finished):
    rows = finished.query("SELECT kind, parameter, other, value FROM sensitivity")
    found = {(index, one, other): value for index, one, other, value in rows}
    whole = sum(spread**2 for spread in SPREAD.values())
    for name, spread in SPREAD.items():
        for order in ("S1", "ST"):
            assert found[order, name, None] == pytest.approx(spread**2 / whole, abs=0.02)
    assert found["S2", "amplitude", "e"] == pytest.approx(0.0, abs=0.02)
    assert len(found) == 5


def test_they_are_drawn_and_reported(finished):
    report = (finished.results / "report.html").read_text(encoding="utf-8")
    for name in ("sensitivity", "sensitivity-pairs"):
        for suffix in ("svg", "pdf", "png"):
            path = finished.results / "figures" / "passive" / f"{name}.{suffix}"
            assert path.stat().st_size > 1000
        assert f"figures/passive/{name}.svg" in report


def test_a_population_is_what_meets_all_criteria(finished):
    rows = finished.query("SELECT e, soma_v_final, accepted FROM passive")
    expected = [int(-68 <= v <= -62 and e <= -61) for e, v, _ in rows]
    assert [accepted for *_, accepted in rows] == expected
    assert 0 < sum(expected) < len(rows)
    told = finished.query("SELECT criterion, accepts, refuses, refuses_alone FROM criteria")
    found = {name: list(numbers) for name, *numbers in told}
    wrong = {
        "soma_v_final": [not -68 <= v <= -62 for _, v, _ in rows],
        "e": [e > -61 for e, *_ in rows],
    }
    for name, other in (("soma_v_final", "e"), ("e", "soma_v_final")):
        refused = sum(wrong[name])
        alone = sum(a and not b for a, b in zip(wrong[name], wrong[other], strict=True))
        assert found[name] == [len(rows) - refused, refused, alone]
    for name in ("population", "population-pairs"):
        assert (finished.results / "figures" / "passive" / f"{name}.svg").stat().st_size > 1000


def test_a_population_is_the_sweep_of_another_experiment(finished, copy_of):
    project = copy_of(finished)
    project.run("results/passive/accepted.csv").succeeded()
    table = project.folder / "config" / "experiments" / "accepted.csv"
    shutil.copy(project.results / "passive" / "accepted.csv", table)
    changes = {"sweep": {"table": "accepted.csv"}, "analysis": {}, "simulation": {"duration": 50.0}}
    project.project("passive", "shorter").experiment("shorter", EXPERIMENT, **changes)
    project.run("database").succeeded()
    values = "amplitude, e"
    expected = project.query(f"SELECT {values} FROM passive WHERE accepted ORDER BY {values}")
    assert project.query(f"SELECT {values} FROM shorter ORDER BY {values}") == expected


def test_arrays_for_inference_are_those_of_the_table(finished):
    finished.run("results/passive/sbi.npz").succeeded()
    arrays = np.load(finished.results / "passive" / "sbi.npz")
    points = finished.query("SELECT point_id, amplitude, e, soma_v_final FROM passive")
    assert arrays["point_id"].tolist() == [point for point, *_ in points]
    assert arrays["theta_names"].tolist() == ["amplitude", "e"]
    assert arrays["theta_units"].tolist() == ["nA", "mV"]
    assert arrays["theta"].dtype == arrays["x"].dtype == np.float32
    assert arrays["theta"] == pytest.approx(np.array([p[1:3] for p in points]), rel=1e-6)
    final = arrays["x"][:, arrays["x_names"].tolist().index("soma_v_final")]
    assert final == pytest.approx(np.array([p[3] for p in points]), rel=1e-6)
    assert (arrays["low"].tolist(), arrays["high"].tolist()) == ([-0.02, -70], [0.02, -60])
    assert set(arrays["prior"].tolist()) == {"uniform"}


def test_a_design_that_cannot_give_them_is_refused(finished, copy_of):
    project = copy_of(finished)
    grid = {"grid": {path: axis["range"] for path, axis in AXES.items()}}
    project.experiment("passive", EXPERIMENT, sweep=grid)
    said = "analysis: sensitivity: method sobol needs a sweep that is one `saltelli` design"
    project.run().refused("config/experiments/passive.yaml", said)
    asked = {"population": {"accept": {"soma_v_fin": [0, 1]}}}
    project.experiment("passive", EXPERIMENT, analysis=asked)
    project.run().refused("population: accept: neither swept nor measured: 'soma_v_fin'")
    asked = {"population": {"accept": {"soma_v_final": [1, 0]}}}
    project.experiment("passive", EXPERIMENT, analysis=asked)
    project.run().refused("analysis.population.accept: soma_v_final: 1 lies above 0")
    asked = {"sensitivity": {"features": ["soma_v_finale"]}}
    project.experiment("passive", EXPERIMENT, analysis=asked)
    project.run().refused("analysis: sensitivity: features: not measured: 'soma_v_finale'")
    taken = [{"kind": "line", "name": "sensitivity", "x": "e", "y": "soma_v_final"}]
    project.experiment("passive", EXPERIMENT, figures=taken)
    project.run().refused("'sensitivity' is the name of a figure of `analysis`; choose another")
