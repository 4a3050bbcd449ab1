"""A job on a cluster parses the Snakefile by itself, perhaps before any plan is in place."""

from workflow.small_experiments import STEPS, fit_on_a_sound_cell
from workflow.workspace import Workspace


def as_on_a_node(workspace: Workspace, rule: str, **wildcards: str):
    """Run one job as an executor has it run elsewhere: it must not plan, nor lock anything."""
    values = ",".join(f"{name}={value}" for name, value in wildcards.items())
    options = ("--mode", "remote", "--force", "--nolock", "--allowed-rules", rule)
    return workspace.run(*options, "--target-jobs", f"{rule}:{values}")


def test_the_first_jobs_of_an_optimisation_need_no_plan_in_place(workspace):
    project = fit_on_a_sound_cell(workspace)
    project.run("morphologies").succeeded()
    (pin,) = (path.parent.name for path in project.results.glob("morphologies/sound/*/sound.swc"))
    as_on_a_node(project, "check_morphology", morphology="sound", pin=pin).succeeded()
    as_on_a_node(project, "check_requirements", experiment="fit").succeeded()
    assert not (project.results / "fit/plan.parquet").exists()
    run = project.run("database").succeeded()
    assert (run.points, run.jobs["optimise"], run.jobs["check_morphology"]) == (1, 1, 0)


def test_a_job_takes_the_plan_of_its_run(workspace):
    """Planning by itself it would come to another: the file that it makes is not there yet."""
    project = workspace.project("steps").experiment("steps", STEPS)
    project.run("features").succeeded()
    (features,) = project.results.glob("steps/*/features/*/*.parquet")
    expected = features.read_bytes()
    features.unlink()
    names = dict(zip(("simulation_code", "feature_code"), features.parts[-4:-1:2], strict=True))
    as_on_a_node(
        project, "extract_features", experiment="steps", batch=features.stem, **names
    ).succeeded()
    assert features.read_bytes() == expected
