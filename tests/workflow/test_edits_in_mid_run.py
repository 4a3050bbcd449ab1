"""What is edited in mid run never meets what was planned: one version under each name."""

import shutil
import subprocess
from pathlib import Path

import pytest
from whole_project import TREE, finished_batches, go_on, paused, paused_at
from workflow.workspace import Workspace, copy_of_checkout, wait_until

from dendroflow.morphology.files import data_sha256

# Each file of the model's folder adds to the potential at which its soma settles (mV).
MODEL = """
from pathlib import Path

import helper
from neuron import h

from dendroflow.model import Model, quantity

BASE = 1.0


class Summing(Model):
    class Parameters(Model.Parameters):
        g: float = quantity(0.001, "S/cm²", "conductance of the leak", gt=0)

    signals = {"soma_v": "mV"}

    def build(self, p):
        self.soma = h.Section("soma", self)
        self.soma.insert("leak")
        self.soma(0.5).leak.g = p.g
        data = Path(__file__).with_name("data.txt").read_text()
        self.soma(0.5).leak.e += BASE + helper.MORE + float(data)
        self.record("soma_v", self.soma(0.5)._ref_v)
"""
EDITS = {
    "model.py": ("BASE = 1.0", "BASE = 2.0"),
    "helper.py": ("0.1", "0.2"),
    "data.txt": ("0.01", "0.02"),
    "leak.mod": ("e = -70", "e = -60"),
}
BEFORE, AFTER = -68.89, -57.78
SUMS = {
    "title": "A sum of what lies in a folder",
    "model": "summing",
    "simulation": {"duration": 30.0},
    "sweep": {"parameters.g": [0.001, 0.002]},
    "features": {"signal": "soma_v", "statistics": ["final"]},
    "execution": {"batch_size": 1},
}
OUTCOMES = "sums/*/outcomes/*.parquet"
CHANGED = "changed since the run began; run snakemake again"


@pytest.fixture
def project(workspace):
    workspace.model("leak_one")
    source = workspace.config / "models"
    (source / "leak_one").rename(source / "summing")
    workspace.write("models/summing/model.py", MODEL).write(
        "models/summing/helper.py", "MORE = 0.1\n"
    )
    workspace.write("models/summing/data.txt", "0.01\n")
    workspace.project("sums").experiment("sums", SUMS)
    yield workspace
    workspace.kill()


def edit(project: Workspace, *, undo: bool = False) -> None:
    for name, (old, new) in EDITS.items():
        project.replace(f"models/summing/{name}", *((new, old) if undo else (old, new)))


def settled(project: Workspace) -> list[float]:
    """The potential of each point."""
    table = project.table("sums/features.parquet")
    return [round(value, 6) for value in table.column("soma_v_final").to_pylist()]


def stopped(project: Workspace, process, *parts: str) -> None:
    """What is paused goes on, and the run ends; what failed says lines with `parts`, each once."""
    go_on(project)
    assert process.wait(120) != 0, project.said
    assert "Traceback" not in project.said, project.said
    told = [line for line in project.said.splitlines() if all(part in line for part in parts)]
    details = project.results.glob("logs/*/*.traceback")
    assert sorted(told) == sorted({path.read_text().splitlines()[-1] for path in details})


@pytest.mark.parametrize(
    "undone",
    [False, pytest.param(True, marks=pytest.mark.slow)],
    ids=["edited", "edited and undone"],
)
def test_a_model_and_all_that_lies_beside_it(project, undone):
    process, _, _ = paused(project, OUTCOMES, "features")
    edit(project)
    go_on(project)
    # The second batch has been simulated since.
    paused_at(project, process)
    if undone:
        edit(project, undo=True)
    go_on(project)
    assert process.wait(120) == 0, project.said
    assert settled(project) == [BEFORE, BEFORE]
    run = project.run("features").succeeded()
    if undone:
        assert "Nothing to be done" in run.output
    else:
        assert run.points == 2
        assert settled(project) == [AFTER, AFTER]


@pytest.mark.slow
def test_a_model_before_it_is_copied(project):
    process, _, _ = paused(project, "models/*/data.txt", "features")
    edit(project)
    stopped(project, process, "config/", "run snakemake again")
    assert "config/models/summing: changed after planning" in project.said
    assert not finished_batches(project)
    assert project.run("features").succeeded().points == 2
    assert settled(project) == [AFTER, AFTER]


def test_the_sweep_of_an_experiment(project):
    process, _, _ = paused(project, OUTCOMES, "features")
    project.experiment("sums", SUMS, sweep={"parameters.g": [0.002, 0.003]})
    go_on(project)
    paused_at(project, process)
    go_on(project)
    assert process.wait(120) == 0, project.said
    assert project.table("sums/features.parquet").column("g").to_pylist() == [0.001, 0.002]
    assert project.run("features").succeeded().points == 1
    assert project.table("sums/features.parquet").column("g").to_pylist() == [0.002, 0.003]


@pytest.mark.slow
def test_features_and_figures_of_an_experiment(project):
    project.experiment("sums", SUMS, execution={"batch_size": 2})
    process, _, _ = paused(project, OUTCOMES)
    features = {"signal": "soma_v", "statistics": ["maximum"]}
    figure = {"kind": "line", "x": "g", "y": "soma_v_maximum"}
    project.experiment(
        "sums", SUMS, execution={"batch_size": 2}, features=features, figures=[figure]
    )
    stopped(project, process, "sums", CHANGED)
    assert len(finished_batches(project)) == 1
    run = project.run().succeeded()
    assert (run.points, run.jobs["extract_features"], run.jobs["render_figures"]) == (0, 1, 1)


@pytest.mark.slow
def test_an_experiment_before_its_plan_is_written(project):
    # While models are described, Snakemake has read the configuration, and jobs have not.
    process, _, _ = paused(project, "models/*.json", "features")
    project.experiment("sums", SUMS, sweep={"parameters.g": [0.003]})
    stopped(project, process, "config/experiments/sums.yaml", CHANGED)
    assert project.run("features").succeeded().points == 1


CELL = "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 2 -5 0 0 0.5 1\n5 2 {} 0 0 0.5 4\n"


def of_cell(project: Workspace, end: int) -> Workspace:
    """A cell with an axon that ends there, and its pin."""
    text = CELL.format(end)
    pin = data_sha256(text.encode(), "swc")
    project.write("cell.swc", text)
    return project.write("morphologies.yaml", {"cell": {"file": "cell.swc", "sha256": pin}})


@pytest.mark.parametrize(
    "when",
    [pytest.param("models/*.json", marks=pytest.mark.slow), "sections-*.npz"],
    ids=["before", "after"],
)
def test_a_morphology(workspace, when):
    """Before and after it is fetched."""
    project = of_cell(workspace, -60).project("tree").experiment("tree", TREE)
    if when == "sections-*.npz":
        project.run("plan").succeeded()
    try:
        process, _, _ = paused(project, when, "features")
        of_cell(project, -200)
        if when == "models/*.json":
            stopped(project, process, CHANGED)
            assert "morphologies.cell.sha256" in project.said
            assert not list(project.results.glob("morphologies/**/*.swc"))
            assert project.run("features").succeeded().points == 2
            return
        go_on(project)
        assert process.wait(120) == 0, project.said
    finally:
        project.kill()
    short = project.table("tree/features.parquet").column("soma_v_maximum").to_pylist()
    assert project.run("features").succeeded().points == 2
    long = project.table("tree/features.parquet").column("soma_v_maximum").to_pylist()
    assert all(one > other for one, other in zip(short, long, strict=True))
    assert project.run("features").succeeded().points == 0


def git(checkout: Path, *arguments: str) -> None:
    names = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    command = ["git", "-C", str(checkout), *names, *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@pytest.fixture
def repository(tmp_path):
    """A checkout with two commits, `old` and `new`, of which the kernel differs; `old` is there."""
    checkout = copy_of_checkout(tmp_path / "checkout")
    git(checkout, "init", "--initial-branch=new")
    git(checkout, "add", ".")
    git(checkout, "commit", "-m", "old")
    git(checkout, "branch", "old")
    with (checkout / "scripts/dendroflow/kernel/lanes.py").open("a") as file:
        file.write("\nNEW = True\n")
    git(checkout, "commit", "-am", "new")
    git(checkout, "checkout", "old")
    return checkout


@pytest.mark.slow
def test_another_commit_of_dendroflow(project, repository):
    project.checkout = repository
    process, _, _ = paused(project, OUTCOMES, "features")
    git(repository, "checkout", "new")
    stopped(project, process, "dendroflow's own code", CHANGED)
    (finished,) = finished_batches(project)

    assert project.run("features").succeeded().points == 2
    git(repository, "checkout", "old")
    # The finished batch of the old code counts again.
    assert project.run("features").succeeded().points == 1
    assert finished in finished_batches(project)
    assert settled(project) == [BEFORE, BEFORE]


def test_another_commit_while_points_are_simulated(project, repository):
    project.checkout = repository
    gate, building = (project.folder / name for name in ("gate", "building"))
    waiting = f"""
        import time

        Path({str(building)!r}).touch()
        while not Path({str(gate)!r}).exists():
            time.sleep(0.05)
"""
    build = "    def build(self, p):\n"
    project.replace("models/summing/model.py", build, build + waiting)
    process = project.start("features")
    wait_until(building.exists, "a cell is being built")
    git(repository, "checkout", "new")
    gate.touch()
    assert process.wait(120) != 0
    assert "dendroflow's own code changed since the run began" in project.said
    assert not finished_batches(project)
    assert not list(project.results.glob("sums/*/traces/*"))


# What Python imports at its start: puts a folder first, but in jobs alone.
FIRST = """
import os, sys

if "DENDROFLOW_LIBRARY" in os.environ:
    sys.path.insert(0, {library!r})
"""


def test_an_installed_library_beside_the_checkout(project, tmp_path):
    """Jobs take that of the workflow; one that finds another stops."""
    installed = tmp_path / "installed"
    library = copy_of_checkout(tmp_path / "other") / "scripts" / "dendroflow"
    shutil.copytree(library, installed / "dendroflow")
    with (installed / "dendroflow" / "jobs" / "job.py").open("a") as file:
        file.write("\nraise RuntimeError('the installed one')\n")
    project.environment["PYTHONPATH"] = str(installed)
    project.run("plan").succeeded()

    (installed / "sitecustomize.py").write_text(FIRST.format(library=str(library.parent)))
    run = project.run("features")
    run.refused(f"this job imports dendroflow from {library}", "remove one of them")
    assert not finished_batches(project)
