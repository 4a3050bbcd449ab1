"""A small project that goes through every stage, to be harmed, and what it gives unharmed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from workflow.small_experiments import STEPS
from workflow.workspace import Workspace, wait_until

from dendroflow.morphology.files import data_sha256

PAUSING = Path(__file__).parents[1] / "faults" / "pausing"
CELL = b"1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 2 -5 0 0 0.5 1\n5 2 -60 0 0 0.5 4\n"
FEATURES = {"signal": "soma_v", "statistics": ["maximum"]}
TREE = {
    "title": "A cell from the network",
    "model": "tree",
    "morphology": "cell",
    "simulation": {"duration": 5.0},
    "sweep": {"parameters.amplitude": [0.1, 0.2]},
    "features": FEATURES,
}
LEAK = {
    "title": "A mechanism",
    "model": "leak_one",
    "simulation": {"duration": 5.0},
    "sweep": {"parameters.g": [0.001, 0.002]},
    "features": FEATURES,
}
FIGURES = [{"kind": "line", "name": "peaks", "x": "amplitude", "y": "soma_v_maximum"}]


def whole_project(workspace: Workspace, address: str | None = None) -> Workspace:
    """Three experiments: with figures, with mechanisms, with a morphology.

    The morphology is a file, or is downloaded from the address of a `NeuroMorphoServer`.
    """
    service = {"retries": 0, "address": address} if address else {}
    workspace.project("steps", "leak", "tree", **({"neuromorpho": service} if service else {}))
    workspace.experiment("steps", STEPS, figures=FIGURES).experiment("leak", LEAK)
    workspace.experiment("tree", TREE).write("cell.swc", CELL.decode())
    source = {"neuromorpho": {"archive": "Archive", "name": "cell"}} if address else {}
    cell = (source or {"file": "cell.swc"}) | {"sha256": data_sha256(CELL, "swc")}
    return workspace.write("morphologies.yaml", {"cell": cell})


def content(workspace: Workspace) -> dict[str, list[tuple]]:
    """All numbers of the database, without run times and dates.

    And without the names of batches: points that are simulated again are in one of another name.
    """
    statements = {
        "steps": "SELECT point_id, amplitude, soma_v_maximum, spike_count, status FROM steps",
        "leak": "SELECT point_id, g, soma_v_maximum, status FROM leak",
        "tree": "SELECT point_id, amplitude, soma_v_maximum, status FROM tree",
        "feature_values": "SELECT * FROM feature_values",
        "batches": "SELECT experiment, simulation_code, points FROM batches",
    }
    with closing(sqlite3.connect(workspace.results / "dendroflow.sqlite")) as database:
        return {name: sorted(database.execute(text)) for name, text in statements.items()}


def finished_batches(workspace: Workspace) -> dict[Path, int]:
    """The batches that are there, and when they were written."""
    return {path: path.stat().st_mtime_ns for path in workspace.results.glob("*/*/outcomes/[!.]*")}


def paused(workspace: Workspace, pattern: str, *targets: str):
    """Start a run that stops before such a file is there; returns it, its job's id, the file."""
    flag = workspace.folder / "paused"
    flag.unlink(missing_ok=True)
    workspace.environment |= {
        "PYTHONPATH": str(PAUSING),
        "PAUSE_BEFORE": pattern,
        "PAUSED": str(flag),
    }
    process = workspace.start(*targets)
    workspace.environment["PAUSE_BEFORE"] = None
    pid, target = paused_at(workspace, process)
    return process, pid, target


def paused_at(workspace: Workspace, process) -> tuple[int, Path]:
    """Wait until a process stands still; returns its id and the file that is not there yet."""
    flag = workspace.folder / "paused"
    wait_until(lambda: flag.exists() or process.poll() is not None, "a process stands still")
    assert flag.exists(), workspace.said
    pid, _, target = flag.read_text().partition(" ")
    return int(pid), workspace.folder / target


def go_on(workspace: Workspace) -> None:
    """Let what stands still go on."""
    (workspace.folder / "paused").unlink()


def no_process_is_left(workspace: Workspace) -> None:
    wait_until(lambda: not workspace.processes(), "no process is left", 20)
