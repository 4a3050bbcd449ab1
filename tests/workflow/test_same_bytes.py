"""Two runs from scratch, on one core and on two, end in the same bytes."""

import hashlib
import json
import sqlite3
from contextlib import closing
from typing import get_args

import pyarrow as pa
import pytest
from workflow.small_experiments import FITTED, STEPS, TRAINS
from workflow.workspace import Workspace

from dendroflow.morphology.files import data_sha256
from dendroflow.settings.figures import Figure
from dendroflow.tables.tables import read_notes

pytestmark = pytest.mark.slow

SWC = "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 2 -5 0 0 0.5 1\n5 2 -60 0 0 0.5 4\n"
NAMED = {"x": "amplitude", "y": "soma_v_maximum"}
EXPERIMENTS = {
    # The last point is not plausible.
    "steps": STEPS
    | {
        "sweep": {
            "simulation.celsius": [6.3, 16.0],
            "parameters.amplitude": [0.005, 0.01, 0.02, 30.0],
        },
        "figures": [
            {"kind": "line", "name": "line", **NAMED, "hue": "celsius"},
            {"kind": "scatter", "name": "scatter", **NAMED, "hue": "celsius"},
            {"kind": "heatmap", "name": "heat", "x": "amplitude", "y": "celsius"}
            | {"value": "soma_v_maximum"},
            {"kind": "histogram", "name": "counts", "x": "soma_v_maximum"},
            {"kind": "trace", "name": "traces", "signal": "soma_v", "hue": "celsius"},
            {"kind": "table", "name": "table", "columns": ["celsius", "amplitude", "spike_count"]},
        ],
    },
    "tree": {
        "title": "A tree",
        "model": "tree",
        "morphology": "cell",
        "simulation": {"duration": 5.0},
        "sweep": {"parameters.amplitude": [0.1]},
        "features": {"signal": "soma_v", "statistics": ["maximum"]},
        "figures": [
            {"kind": "shape", "name": "cell", "signal": "v", "at": {"peak": "soma_v"}},
            {"kind": "movie", "name": "movie", "signal": "v", "times": [1.0, 4.0]},
        ],
    },
    # Reactions and diffusion: in a cube of voxels, and along a dendrite.
    "cube": {
        "title": "Potassium around a cell that spikes",
        "model": "potassium",
        "simulation": {"duration": 20.0, "sampling": 0.1},
        "parameters": {"field_sampling": 1.0},
        "sweep": {"parameters.volume_fraction": [0.1, 0.2, 0.4]},
        "features": {"signal": "k_source", "statistics": ["maximum"]},
        "figures": [
            {"kind": "field", "name": "map", "signal": "k", "times": [5.0, 15.0]},
            {"kind": "phase", "name": "orbit", "x": "soma_v", "y": "k_source"}
            | {"hue": "volume_fraction"},
        ],
    },
    "wave": {
        "title": "A calcium wave",
        "model": "calcium_wave",
        "simulation": {"duration": 1000.0, "solver": "cvode", "atol": 1e-9, "sampling": 50.0},
        "parameters": {"length": 50.0, "dx": 2.0},
        "sweep": {"parameters.ip3": [0.1, 0.3, 1.0]},
        "features": {"signal": "ca_middle", "statistics": ["maximum"]},
        "figures": [{"kind": "kymograph", "name": "waves", "signal": "ca"}],
    },
    "sampled": STEPS
    | {
        "sweep": {
            "saltelli": {
                "samples": 2,
                "axes": {
                    "parameters.gnabar": {"range": [0.1, 0.14]},
                    "parameters.amplitude": {"range": [0.005, 0.03]},
                },
            }
        }
    },
    "trains": TRAINS | {"execution": {"keep_traces": False, "batch_size": 1}},
    "fitted": FITTED,
}


@pytest.fixture(scope="module")
def runs(new_workspace) -> tuple[Workspace, Workspace]:
    """The same project, on one core and on two."""
    made = []
    for cores in (1, 2):
        workspace = new_workspace().project(*EXPERIMENTS, max_failed_share=0.5)
        for name, content in EXPERIMENTS.items():
            workspace.experiment(name, content)
        pin = data_sha256(SWC.encode(), "swc")
        workspace.write("cell.swc", SWC)
        workspace.write("morphologies.yaml", {"cell": {"file": "cell.swc", "sha256": pin}})
        workspace.run(cores=cores).succeeded()
        made.append(workspace)
    return made[0], made[1]


def digests(workspace: Workspace, folder: str) -> dict[str, str]:
    """Path below a folder of the results -> hash of the bytes."""
    base = workspace.results / folder
    return {
        path.relative_to(base).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in base.rglob("[!.]*.*")
    }


def features(workspace: Workspace, experiment: str) -> bytes:
    """The table of an experiment, but how long each point took and when it was gathered."""
    path = f"{experiment}/features.parquet"
    notes = read_notes(workspace.results / path)
    table = workspace.table(path).drop_columns(["runtime_s"])
    table = table.replace_schema_metadata({"notes": json.dumps(notes | {"date": None})})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


TIMED = ("runtime_s", "date")


def rows(workspace: Workspace) -> dict[str, list[tuple]]:
    """All rows of the database in their order, but runtimes and dates."""
    found = {}
    with closing(sqlite3.connect(workspace.results / "dendroflow.sqlite")) as database:
        tables = database.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        found["schema"] = tables
        for name in [name for name, sql in tables if sql and sql.startswith("CREATE TABLE")]:
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
            chosen = ", ".join(f'"{column}"' for column in columns if column not in TIMED)
            where = "WHERE key <> 'date'" if name == "provenance" else ""
            found[name] = database.execute(f'SELECT {chosen} FROM "{name}" {where}').fetchall()
    return found


def test_the_same_bytes_of_every_figure(runs):
    one, two = (digests(workspace, "figures") for workspace in runs)
    assert one == two
    expected = {f"fitted/optimisation-{name}" for name in ("convergence", "scores", "parameters")}
    kinds = set()
    for name, experiment in EXPERIMENTS.items():
        figures = experiment.get("figures", [])
        expected |= {f"{name}/{figure['name']}" for figure in figures}
        kinds |= {figure["kind"] for figure in figures}
    declared = (kind.model_fields["kind"] for kind in get_args(get_args(Figure)[0]))
    assert kinds == {name for field in declared for name in get_args(field.annotation)}
    assert {name.rpartition(".")[0] for name in one} == expected
    assert {name.rpartition(".")[2] for name in one} == {"svg", "pdf", "png", "html"}
    assert len(set(one.values())) == len(one), "each figure shows something else"


def test_the_same_bytes_of_features(runs):
    for experiment in EXPERIMENTS:
        assert features(runs[0], experiment) == features(runs[1], experiment), experiment
        one, two = (
            (workspace.results / experiment / "feature_values.parquet").read_bytes()
            for workspace in runs
        )
        assert one == two, experiment


def test_the_same_bits_of_traces(runs):
    for experiment in ("steps", "tree", "cube", "wave", "fitted"):
        one, two = (workspace.trace_digests(experiment) for workspace in runs)
        assert one == two, experiment
        assert one


def test_the_same_content_of_the_database(runs):
    one, two = (rows(workspace) for workspace in runs)
    assert one == two
    assert {*EXPERIMENTS, "provenance", "feature_values"} <= one.keys()
    assert all(one[name] for name in one if name != "audits"), "a table is empty"
    statuses = runs[0].query("SELECT status, COUNT(*) FROM steps GROUP BY 1")
    assert dict(statuses) == {"ok": 6, "out_of_range": 2}
