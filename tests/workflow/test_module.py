"""Others' workflows that use this one as a module: all that it can do, and twice in one run."""

import shutil

import pytest
from outer_workflow import with_outer
from small_experiments import FITTED, STEPS
from test_reruns import WAYS, nothing
from whole_project import content, whole_project
from workflow.workspace import CHECKOUT, Workspace

QUICK = FITTED["optimise"] | {"generations": 1}
SECOND = f"""
module second:
    snakefile: {str(CHECKOUT / "Snakefile")!r}
    config: {{"experiments": ["steps"], "folder": "elsewhere"}}
    prefix: "second"


use rule * from second as second_*


rule both:
    default_target: True
    input:
        "results/dendroflow.sqlite",
        "second/results/dendroflow.sqlite",
"""


@pytest.mark.slow
def test_every_stage_runs_below_a_prefix(workspace):
    workspace = whole_project(workspace).experiment("fitted", FITTED, optimise=QUICK)
    workspace.project("steps", "leak", "tree", "fitted")
    with_outer(workspace, "config: config", prefix="sweeps")
    workspace.run("all", "audit", "paper", cores=2).succeeded()
    assert not workspace.results.exists()
    for way in WAYS:
        nothing(workspace, *way)
        nothing(workspace, "all", *way)
    below = Workspace(workspace.folder / "sweeps")
    rows = {name: len(found) for name, found in content(below).items()}
    assert (rows["steps"], rows["leak"], rows["tree"]) == (2, 2, 2)
    assert len(below.query("SELECT * FROM fitted")) == 2
    assert below.query("SELECT DISTINCT verdict FROM audits") == [("same",)]


def test_two_modules_in_one_workflow(workspace):
    workspace.project("steps").experiment("steps", STEPS)
    shutil.copytree(workspace.config, workspace.folder / "elsewhere")
    other = {"parameters.amplitude": [0.02, 0.03, 0.04]}
    workspace.experiment("steps", STEPS, sweep=other)
    with_outer(workspace, "config: config", own=SECOND)
    run = workspace.run(cores=2).succeeded()
    assert run.points == 3
    first, second = workspace, Workspace(workspace.folder / "second")
    for project, amplitudes in ((first, [0.02, 0.03, 0.04]), (second, [0.01, 0.02])):
        found = project.query("SELECT amplitude FROM steps ORDER BY 1")
        assert [amplitude for (amplitude,) in found] == amplitudes
    for way in WAYS:
        nothing(workspace, *way)
