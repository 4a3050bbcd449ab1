"""A disk that is full or read-only, in every stage: said in words, and nothing half-written."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from whole_project import content
from workflow.workspace import Workspace

pytestmark = pytest.mark.slow

MEGABYTES = 24
# What is missing, so that these stages run, none of which waits for another; and who asks for it.
STAGES = {
    "download, compilation, simulation": (
        ["morphologies", "mechanisms", "simulate"],
        ["morphologies/*/*/*", "mechanisms/*/*", "steps/*/traces/*", "steps/*/outcomes/*"],
        ["fetch_morphology", "compile_mechanisms", "simulate_batch"],
    ),
    "import, extraction, gathering": (
        ["morphologies", "features"],
        [
            *("morphologies/*/*/*.npz", "leak/*/features/*/*", "leak/features.parquet"),
            *("steps/features.parquet", "steps/feature_values.parquet"),
        ],
        ["import_morphology", "extract_features", "gather_features"],
    ),
    "database, figures": (
        ["database", "figures"],
        ["dendroflow.sqlite", "figures/steps"],
        ["build_database", "render_figures"],
    ),
}


def mount(*arguments: str) -> bool:
    with suppress(OSError):
        command = ["mount", *arguments]
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    return False


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own, for results."""
    folder = tmp_path / "copy" / "results"
    folder.mkdir(parents=True)
    if not mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)):
        pytest.skip("a file system can be mounted by root alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=20)


def copy_onto(disk: Path, original: Workspace) -> Workspace:
    shutil.copytree(original.folder, disk.parent, symlinks=True, dirs_exist_ok=True)
    return Workspace(disk.parent)


def fill(folder: Path) -> Path:
    """Leave not a byte."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    assert os.statvfs(folder).f_bavail == 0
    return ballast


@pytest.mark.parametrize("stages", STAGES)
def test_a_full_disk(whole, disk, stages):
    project = copy_onto(disk, whole)
    targets, patterns, rules = STAGES[stages]
    for path in [path for pattern in patterns for path in project.results.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    # A job that begins its log anew frees what the old one takes.
    for rule in rules:
        for log in project.results.glob(f"logs/{rule}/*"):
            log.write_bytes(b"")
    ballast = fill(disk)
    run = project.run(*targets, cores=2)
    assert run.code != 0, run.output
    assert "Traceback" not in run.output, run.output
    assert "no space is left on the disk" in run.output
    # Each stage that is asked for, not only the first of them.
    own = max(project.folder.glob(".snakemake/log/*.log")).read_text()
    assert all(f"Error in rule {rule}:" in own for rule in rules), own
    assert project.unfinished_files() == []
    ballast.unlink()
    project.run(cores=2).succeeded()
    assert content(project) == content(whole)
    assert (project.results / "figures/steps/peaks.png").read_bytes() == (
        whole.results / "figures/steps/peaks.png"
    ).read_bytes()
    assert not list(project.results.rglob(".*.part"))


def test_results_that_cannot_be_written(whole, disk):
    project = copy_onto(disk, whole)
    (project.results / "dendroflow.sqlite").unlink()
    assert mount("-o", "remount,ro", str(disk))
    run = project.run()
    run.refused("results cannot be read or written", "Read-only file system")
    assert len(run.lines()) == 1, run.output
    assert mount("-o", "remount,rw", str(disk))
    project.run().succeeded()
    assert content(project) == content(whole)
