"""Real runs: morphologies are reported on, and those that fail a requirement are not simulated."""

import pyarrow.parquet as pq
import pytest
import yaml
from neuromorpho_server import NeuroMorphoServer
from running import CHECKOUT
from synthetic_cell import BASAL, SOMA, changed, sound_cell

from dendroflow.morphology.files import data_sha256

TREE = {
    "title": "Input resistance",
    "model": "tree",
    "morphology": "sound",
    "simulation": {"duration": 2.0, "v_init": -70.0},
    "sweep": {"parameters.amplitude": [0.01]},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}


def noisy(rows):
    """A cell with noise in z: no fault of the file, and NEURON takes it as it is."""
    xyz = rows.xyz.copy()
    neurite = rows.types != SOMA
    xyz[neurite, 2] += 6 * (-1.0) ** rows.ids[neurite]
    return changed(rows, xyz=xyz)


def orphaned(rows):
    parents = rows.parents.copy()
    parents[rows.middle(BASAL)] = -1
    return changed(rows, parents=parents)


@pytest.fixture(scope="module")
def project(new_workspace):
    workspace = new_workspace()
    sound = sound_cell()
    entries = {}
    for name, rows in {"sound": sound, "noisy": noisy(sound), "orphaned": orphaned(sound)}.items():
        data = rows.swc()
        workspace.write(f"cells/{name}.swc", data.decode())
        entries[name] = {"file": f"cells/{name}.swc", "sha256": data_sha256(data, "swc")}
    return workspace.write("morphologies.yaml", entries).project("tree").experiment("tree", TREE)


@pytest.fixture(scope="module")
def reported(project):
    project.run("catalogue_report", cores=2).succeeded()
    return project


def test_the_report_covers_the_catalogue_broken_files_included(reported):
    folder = reported.results / "quality"
    uses = pq.read_table(folder / "catalogue.uses.parquet").to_pandas()
    cable = uses[uses["use"] == "passive_cable"].set_index("morphology")
    assert cable["suitability"].to_dict() == {
        "sound": "suitable",
        "noisy": "unsuitable",
        "orphaned": "unsuitable",
    }
    assert cable["reasons"]["noisy"].tolist()[0] == "z_noise"
    assert {"readable", "connected"} <= set(cable["reasons"]["orphaned"])
    checks = pq.read_table(folder / "catalogue.checks.parquet").to_pandas()
    orphan = checks.query("morphology == 'orphaned' and check == 'connected'").iloc[0]
    assert (orphan["result"], orphan["value"]) == ("fail", 70)
    page = (folder / "catalogue.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert "http" not in page.replace("http-equiv", "")
    assert reported.unfinished_files() == []


def test_what_meets_the_requirements_is_simulated(reported, copy_of):
    required = {"uses": ["passive_cable"], "checks": ["axon", "experiment_condition"]}
    project = copy_of(reported).experiment("tree", TREE, morphology_requires=required)
    run = project.run("simulate").succeeded()
    assert run.points == 1
    assert run.jobs["check_requirements"] == 1
    assert run.jobs["check_morphology"] == 0
    assert project.run("simulate", "-n").succeeded().announced == {}


def test_what_fails_a_requirement_does_not_start(reported, copy_of):
    project = copy_of(reported)
    required = {"checks": ["z_noise"]}
    project.experiment("tree", TREE, morphology="noisy", morphology_requires=required)
    run = project.run("simulate")
    run.refused(
        "tree: morphology 'noisy'", "noisy.swc", "z_noise", "value", "threshold: at most 1.4"
    )
    assert run.points == 0


def test_a_pinned_file_that_is_refused_is_checked_and_not_simulated(reported, copy_of):
    project = copy_of(reported).experiment("tree", TREE, morphology="orphaned")
    run = project.run("simulate")
    run.refused("orphaned.swc, line", "a second root")
    assert run.points == 0


def test_requirements_of_an_experiment_without_morphology_end_before_any_job(project, copy_of):
    changes = {"model": "squid_soma", "morphology": None}
    required = {"checks": ["soma"]}
    run = copy_of(project).experiment("tree", TREE, **changes, morphology_requires=required).run()
    run.refused("config/experiments/tree.yaml", "morphology_requires: none of its points has")
    assert run.jobs == {}


def test_exercise_2_on_the_cells_that_it_names(workspace):
    """The archive's metadata and files, from a loopback server."""
    shared = CHECKOUT.parent / "shared" / "morphologies"
    cells = {"c91662": "Amaral", "n123": "Turner"}
    files = {name: shared / f"{name}.CNG.swc" for name in cells}
    if not all(file.exists() for file in files.values()):
        pytest.skip("c91662.CNG.swc and n123.CNG.swc are not in ../shared/morphologies")
    catalogue = yaml.safe_load((CHECKOUT / "config" / "morphologies.yaml").read_text())
    workspace.write("morphologies.yaml", {name: catalogue[name] for name in cells})
    served = {name: (archive, files[name].read_bytes()) for name, archive in cells.items()}
    with NeuroMorphoServer(served) as server:
        service = {"address": server.address, "retries": 0, "timeout_s": 5}
        workspace.project("tree", neuromorpho=service)
        workspace.experiment("tree", TREE, morphology="c91662")
        workspace.run("catalogue_report", cores=2).succeeded()
    folder = workspace.results / "quality"
    uses = pq.read_table(folder / "catalogue.uses.parquet").to_pandas()
    suitability = uses.pivot(index="morphology", columns="use", values="suitability")
    assert suitability.loc["c91662"].to_dict() == {
        "passive_cable": "with care",
        "active_dendrites": "with care",
        "axon": "unsuitable",
        "rxd_3d": "with care",
    }
    assert set(suitability.loc["n123"]) == {"unsuitable"}
    checks = pq.read_table(folder / "catalogue.checks.parquet").to_pandas()
    condition = checks[checks["check"] == "experiment_condition"]
    assert condition["result"].tolist() == ["pass", "pass"]
