"""Mechanisms in real runs: compiled once for each content, side by side, or refused."""

import pytest
from workflow.workspace import Workspace

LEAK = {
    "title": "Resting potential",
    "model": "leak_one",
    "simulation": {"duration": 30.0},
    "sweep": {"parameters.g": [0.001, 0.002]},
    "features": {"signal": "soma_v", "statistics": ["final"]},
}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("one", "two")
    workspace.experiment("one", LEAK).experiment("two", LEAK, model="leak_two")
    run = workspace.run("features", cores=2).succeeded()
    assert run.jobs["compile_mechanisms"] == 2
    return workspace


def test_mechanisms_of_one_name_do_not_meet(finished):
    for name, reversal in (("one", -70.0), ("two", -50.0)):
        rest = finished.table(f"{name}/features.parquet").to_pandas()["soma_v_final"]
        assert rest.tolist() == pytest.approx([reversal] * 2, abs=1e-6)
    assert len(list(finished.results.glob("mechanisms/*/libnrnmech.so"))) == 2


def test_nothing_compiles_again_without_need(finished, copy_of):
    project = copy_of(finished)
    project.replace("models/leak_one/model.py", "gt=0", "ge=1e-9")
    run = project.run("features", "-n").succeeded()
    assert run.announced == {
        "keep_model": 1,
        "plan_points": 1,
        "simulate_batch": 1,
        "extract_features": 1,
        "gather_features": 1,
    }


def test_a_changed_mechanism_reruns_its_model_alone(finished, copy_of):
    project = copy_of(finished)
    project.replace("models/leak_two/leak.mod", "e = -50", "e = -55")
    foreseen = project.run("features", "-n").succeeded()
    run = project.run("features").succeeded()
    assert run.jobs["compile_mechanisms"] == 1
    assert (run.points_of("one"), run.points_of("two")) == (0, 2)
    assert foreseen.announced == run.jobs
    rest = project.table("two/features.parquet").to_pandas()["soma_v_final"]
    assert rest.tolist() == pytest.approx([-55.0] * 2, abs=1e-6)


def test_a_broken_mechanism_shows_what_the_compiler_says(finished, copy_of):
    project = copy_of(finished)
    project.replace("models/leak_one/leak.mod", "BREAKPOINT {", "BREAKPOINT {{")
    run = project.run("features")
    assert run.code != 0
    assert "Traceback" not in run.output
    assert "nrnivmodl refused config/models/leak_one" in run.output
    assert "syntax error" in run.output.lower()
    assert "leak.mod" in run.output
    assert run.points == 0
    assert len(list(project.results.glob("mechanisms/*/libnrnmech.so"))) == 2

    project.replace("models/leak_one/leak.mod", "BREAKPOINT {{", "BREAKPOINT {")
    assert "0 to run" in project.run("features", "-n").succeeded().output


def test_a_mechanism_that_neuron_has_already_is_refused(workspace):
    workspace.project("one").experiment("one", LEAK)
    workspace.replace("models/leak_one/leak.mod", "SUFFIX leak", "SUFFIX hh")
    run = workspace.run("mechanisms")
    assert run.code != 0
    assert "config/models/leak_one compile but do not load" in run.output
    assert "Traceback" not in run.output
    assert not list(workspace.results.glob("mechanisms/*/libnrnmech.so"))
