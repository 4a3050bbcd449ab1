"""Morphologies in real runs: pinned by content, swept as an axis, refused where they do not fit."""

import re

import pytest
from workflow.workspace import Workspace

SOMA = ["1 1 0 0 0 5 -1", "2 1 0 -5 0 5 1", "3 1 0 5 0 5 1"]
AXON = ["4 2 -5 0 0 0.5 1", "5 2 -60 0 0 0.5 4"]
DENDRITE = ["6 3 5 0 0 1 1", "7 3 80 0 0 1 6"]

CELLS = {
    "cells/short.swc": [*SOMA, *AXON, *DENDRITE],
    "cells/long.swc": [*SOMA, *AXON, *DENDRITE, "8 3 300 0 0 1 7"],
    "cells/bald.swc": [*SOMA, "4 3 5 0 0 1 1", "5 3 80 0 0 1 4"],
    "cells/headless.swc": ["1 3 0 0 0 1 -1", "2 3 80 0 0 1 1"],
}
WRONG = "0" * 64
TREE = {
    "title": "Input resistance",
    "model": "tree",
    "simulation": {"duration": 10.0, "v_init": -70.0},
    "sweep": {"morphology": ["short"], "parameters.amplitude": [0.01, 0.02]},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}


def catalogue(workspace: Workspace, **pins: str | None) -> Workspace:
    entries = {
        name: {"file": f"cells/{name}.swc"} | ({"sha256": pin} if pin else {})
        for name, pin in pins.items()
    }
    return workspace.write("morphologies.yaml", entries)


def sweeping(*names):
    return {"sweep": TREE["sweep"] | {"morphology": list(names)}}


@pytest.fixture(scope="module")
def project_of_cells(new_workspace):
    def make() -> Workspace:
        workspace = new_workspace()
        for name, lines in CELLS.items():
            workspace.write(name, "\n".join(["# a cell", *lines, ""]))
        return workspace.project("tree").experiment("tree", TREE)

    return make


@pytest.fixture(scope="module")
def pins(project_of_cells) -> dict[str, str]:
    """The pins of all cells, as the errors of a run without pins print them."""
    workspace = catalogue(project_of_cells(), short=None, long=None, bald=None)
    workspace.experiment("tree", TREE, **sweeping("short", "long", "bald"))
    run = workspace.run("morphologies")
    run.refused("morphology 'short'", "cells/short.swc", "is not pinned", "sha256: ")
    assert not list(workspace.results.glob("morphologies/**/*.swc"))
    found = dict(re.findall(r"morphology '(\w+)'.* sha256: ([0-9a-f]{64})", run.output))
    assert found.keys() == {"short", "long", "bald"}
    return found


@pytest.fixture(scope="module")
def finished(project_of_cells, pins) -> Workspace:
    workspace = catalogue(project_of_cells(), **pins)
    run = workspace.run("database").succeeded()
    assert (run.points, run.jobs["fetch_morphology"], run.jobs["import_morphology"]) == (2, 1, 1)
    return workspace


def test_the_database_says_where_morphologies_come_from(finished, pins):
    assert finished.query("SELECT morphology, sha256, address FROM morphologies") == [
        ("short", pins["short"], "cells/short.swc")
    ]


def test_a_second_morphology_runs_its_points_alone(finished, copy_of):
    asked = {"morphometrics": ["dendrites_total_length", "apical_tips"]}
    figure = {
        "kind": "line",
        "name": "length",
        "x": "dendrites_total_length",
        "y": "soma_v_maximum",
    }
    asked["figures"] = [figure | {"hue": "amplitude"}]
    project = copy_of(finished).experiment("tree", TREE, **sweeping("short", "long"), **asked)
    foreseen = project.run("database", "-n").succeeded()
    run = project.run("database").succeeded()
    assert run.points == 2
    assert run.jobs["fetch_morphology"] == run.jobs["import_morphology"] == 1
    assert foreseen.announced == run.jobs
    peaks = dict(
        project.query("SELECT morphology, soma_v_maximum FROM tree WHERE amplitude = 0.02")
    )
    assert peaks["short"] > peaks["long"] > -70
    columns = "morphology, dendrites_total_length, apical_tips"
    found = project.query(f"SELECT {columns} FROM tree GROUP BY morphology")
    assert found == [("long", 295.0, None), ("short", 75.0, None)]
    (told,) = project.query("SELECT kind, unit FROM columns WHERE name = 'dendrites_total_length'")
    assert told == ("morphometric", "µm")
    project.run("results/figures/tree").succeeded()
    assert (project.results / "figures" / "tree" / "length.svg").exists()
    project.experiment("tree", TREE, **sweeping("short"), morphometrics=["dendrite_tips"])
    project.run("database", "-n").refused("morphometrics.0: there is no morphometric")


def test_what_does_not_change_the_cell_runs_nothing(finished, copy_of, pins):
    project = copy_of(finished)
    project.replace("cells/short.swc", "# a cell", "# another comment\r\n")
    catalogue(project, **{name: pin.upper() for name, pin in pins.items()})
    run = project.run("database").succeeded()
    assert (run.points, run.jobs) == (0, {})


def test_a_wrong_pin_is_refused(finished, copy_of, pins):
    project = catalogue(copy_of(finished), short=WRONG)
    run = project.run("database")
    run.refused("morphology 'short'", "cells/short.swc", WRONG, pins["short"])
    assert run.points == 0
    assert not list(project.results.glob(f"morphologies/short/{WRONG[:16]}/*.swc"))
    assert "0 to run" in catalogue(project, **pins).run("-n").succeeded().output


def test_a_mended_cell_is_pinned_simulated_and_told(finished, copy_of, pins):
    rows = [line.split() for line in CELLS["cells/short.swc"]]
    numbers = [[n, kind, *(f"{1000 * float(x):g}" for x in xyzr), p] for n, kind, *xyzr, p in rows]
    numbers[-1][5] = "0"
    project = copy_of(finished)
    project.write("cells/em.swc", "\n".join(" ".join(row) for row in reversed(numbers)) + "\n")
    entry = {"file": "cells/em.swc", "length_unit": "nm", "mend": {"floor": 1.0}}
    short = {"file": "cells/short.swc", "sha256": pins["short"]}
    project.write("morphologies.yaml", {"short": short, "em": entry})
    project.experiment("tree", TREE, **sweeping("short", "em"))
    said = project.run("database", "-n")
    said.refused("morphology 'em'", "is not pinned")
    (pin,) = re.findall(r"sha256: ([0-9a-f]{64})", said.output)
    project.write("morphologies.yaml", {"short": short, "em": entry | {"sha256": pin}})
    assert project.run("database").succeeded().points == 2
    found = project.query("SELECT soma_v_maximum FROM tree ORDER BY amplitude, morphology")
    peaks = [peak for (peak,) in found]
    assert peaks[::2] == pytest.approx(peaks[1::2], abs=1e-9)
    (told,) = project.query("SELECT mended FROM morphologies WHERE morphology = 'em'")
    for change in (
        "all lengths times 0.001",
        "line 1: radius 1 instead of 0 µm",
        "rows are sorted",
    ):
        assert change in told[0]
    # Another wish is another cell, so that the pin no longer fits.
    project.write("morphologies.yaml", {"short": short, "em": {**entry, "mend": {}, "sha256": pin}})
    project.run("database", "-n").refused("morphology 'em'", "mended in another way", "delete it")
    (fetched,) = project.results.glob("morphologies/em/*/em.swc")
    fetched.unlink()
    project.run("database", "-n").refused("morphology 'em'", "find out why it changed")


def test_a_section_that_the_model_needs(finished, copy_of):
    project = copy_of(finished).experiment("tree", TREE, **sweeping("bald"))
    run = project.run("database")
    run.refused("bald", "axon")
    assert run.points == 0
    assert project.unfinished_files() == []


def test_a_cell_without_soma(finished, copy_of):
    project = catalogue(copy_of(finished), headless=WRONG)
    project.experiment("tree", TREE, **sweeping("headless"))
    run = project.run("database")
    run.refused("morphology 'headless'", "cells/headless.swc", "soma")
    assert not list(project.results.glob("morphologies/headless/**/*.swc"))


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        (sweeping("shrot"), ["'shrot'", "config/morphologies.yaml", "did you mean 'short'"]),
        (
            {"sweep": {"parameters.amplitude": [0.01]}},
            ["morphology", "model tree needs", "morphologies.yaml"],
        ),
        (sweeping(3), ["morphology", "names are text"]),
    ],
    ids=["unknown name", "none", "number"],
)
def test_a_morphology_that_is_not_there(finished, copy_of, changes, parts):
    run = copy_of(finished).experiment("tree", TREE, **changes).run()
    run.refused("config/experiments/tree.yaml", *parts)
    assert len(run.lines()) == 1, run.output


def test_a_morphology_without_a_source(finished, copy_of):
    project = copy_of(finished).write("morphologies.yaml", {"short": {"sha256": WRONG}})
    run = project.run()
    run.refused("config/morphologies.yaml", "short", "exactly one of")
    assert len(run.lines()) == 1, run.output
