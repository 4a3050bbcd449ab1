"""An optimisation whose best individual is a point like any other."""

import json

import pytest
from workflow.small_experiments import FITTED
from workflow.workspace import Workspace

POINT = ["soma_v_maximum", "AP_amplitude", "gnabar", "point_id", "status"]


def optimise(**changes):
    return {"optimise": FITTED["optimise"] | changes}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("fitted").experiment("fitted", FITTED)
    foreseen = workspace.run("-n").succeeded()
    run = workspace.run(cores=2).succeeded()
    assert foreseen.announced == run.announced
    names = (
        "optimise",
        "plan_points",
        "simulate_batch",
        "extract_features",
        "render_figures",
    )
    assert all(run.jobs[name] == 1 for name in names)
    assert run.points == 2
    return workspace


@pytest.fixture
def project(finished, copy_of) -> Workspace:
    return copy_of(finished)


def history(workspace, generations=4):
    (path,) = workspace.results.glob(f"fitted/*/optimisation/*/history-{generations}.parquet")
    return path


def rows(workspace, path):
    return workspace.table(path.relative_to(workspace.results)).to_pandas()


def stored(workspace, individual):
    """Of the Parquet file, since the database rounds features."""
    points = workspace.table("fitted/features.parquet").to_pandas().set_index("individual")
    return tuple(points.loc[individual, POINT])


def test_the_best_individual_is_stored_with_the_features_that_it_was_chosen_for(finished):
    table = rows(finished, history(finished))
    best = table.loc[table["score"].idxmin()]
    columns = ["parameters.gnabar" if name == "gnabar" else name for name in POINT]
    # To the last bit: the search simulates and measures as a sweep does.
    assert stored(finished, "best") == tuple(best[columns])
    assert best["status"] == "ok"
    assert best["score"] < 5 < table["score"].max()


def test_the_reference_is_stored_and_is_where_the_targets_are(finished):
    maximum, amplitude, gnabar, _, status = stored(finished, "reference")
    assert (gnabar, status) == (0.12, "ok")
    metadata = finished.table(history(finished).relative_to(finished.results)).schema.metadata
    targets = json.loads(metadata[b"dendroflow"])["targets"]
    assert targets["soma_v_maximum"] == {"mean": maximum, "sd": 1.0}
    assert targets["AP_amplitude"] == {"mean": amplitude, "sd": 1.0}


def test_both_have_traces_and_the_experiment_says_how_they_came_about(finished):
    assert len(finished.trace_digests("fitted")) == 2
    ((sweep, targets),) = finished.query("SELECT sweep, targets FROM experiments")
    assert sweep is None
    assert json.loads(targets)["soma_v_maximum"] == {"sd": 1.0}
    best = finished.query("SELECT point_id, score FROM individuals WHERE rank = 1")
    table = rows(finished, history(finished))
    lowest = table.loc[table["score"].idxmin()]
    assert best == [(lowest["point_id"], lowest["score"])]
    kinds = dict(finished.query("SELECT name, kind FROM columns WHERE experiment = 'fitted'"))
    assert kinds["gnabar"] == kinds["individual"] == "swept"


def test_every_optimisation_draws_its_course(finished):
    figures = {path.name for path in (finished.results / "figures/fitted").iterdir()}
    for name in ("convergence", "scores", "parameters", "front"):
        assert {f"optimisation-{name}.{suffix}" for suffix in ("svg", "pdf", "png")} <= figures


def test_a_second_run_does_nothing_and_what_is_deleted_needs_no_search(project):
    assert "Nothing to be done" in project.run().succeeded().output
    assert "2 cached, 0 to run" in project.said
    (project.results / "fitted/plan.parquet").unlink()
    before = project.query("SELECT * FROM fitted")
    run = project.run("database").succeeded()
    assert (run.points, run.jobs["optimise"]) == (0, 0)
    assert project.query("SELECT * FROM fitted") == before


def test_more_generations_go_on_with_the_search(project):
    first = rows(project, history(project))
    project.experiment("fitted", FITTED, **optimise(generations=5))
    foreseen = project.run("database", "-n").succeeded()
    run = project.run("database").succeeded()
    assert foreseen.announced == run.announced == run.jobs
    assert (run.jobs["optimise"], run.points) == (1, 2)
    longer = rows(project, history(project, 5))
    assert longer[longer["generation"] <= 4].equals(first)
    (log,) = project.results.glob("logs/optimise/*-5.log")
    assert log.read_text().count(": 0 points simulated") == 4


def figures(workspace):
    folder = workspace.results / "figures/fitted"
    return {path.name: path.read_bytes() for path in folder.glob("optimisation-*")}


def test_the_figures_are_those_of_the_search_that_is_asked_for(finished, project):
    project.experiment("fitted", FITTED, **optimise(generations=1))
    project.run("figures").succeeded()
    assert all(figures(project)[name] != drawn for name, drawn in figures(finished).items())
    project.experiment("fitted", FITTED)
    run = project.run("figures").succeeded()
    assert (run.points, run.jobs["optimise"], run.jobs["render_figures"]) == (0, 0, 1)
    assert figures(project) == figures(finished)


def test_without_kept_traces_the_best_is_stored_too(workspace):
    quick = optimise(generations=1)
    workspace.project("fitted").experiment(
        "fitted", FITTED, **quick, execution={"keep_traces": False}
    )
    workspace.run("database").succeeded()
    assert stored(workspace, "best")[-1] == "ok"
