"""Others' workflows that use this one as a module, with all that it can do, below a prefix."""

import pytest
from outer_workflow import with_outer
from small_experiments import FITTED
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


def test_every_stage_runs_below_a_prefix(workspace, new_workspace):
    workspace = whole_project(workspace).experiment("fitted", FITTED, optimise=QUICK)
    workspace.project("steps", "leak", "tree", "fitted")
    with_outer(workspace, "config: config", prefix="sweeps")
    assert (workspace.folder / "sweeps").exists() is False
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
    with_outer(workspace, "config: config", own=SECOND)
    elsewhere = Workspace(workspace.folder / "second")
    shutil.move(elsewhere.config, workspace.folder / "elsewhere")
