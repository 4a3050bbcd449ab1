"""Every row of the tables of docs/bad-input.md is tried, and has the outcome that it names."""

import codecs
from pathlib import Path

import numpy as np
import pytest
from workflow.workspace import CHECKOUT, Workspace

from dendroflow.errors import ConfigurationError, MorphologyError
from dendroflow.morphology.fetch import fetch
from dendroflow.morphology.files import MAX_LINES, data_sha256, read
from dendroflow.morphology.importing import import_sections
from dendroflow.morphology.sections import lengths_of
from dendroflow.plan.planning import make_plan
from dendroflow.settings.morphologies import LocalFile, NeuroMorpho
from dendroflow.settings.project import load, read_yaml

SOMA = "1 1 0 0 0 5 -1"
CELL = (SOMA, "2 3 5 0 0 1 1", "3 3 15 0 0 1 2", "4 3 25 5 0 1 3", "5 3 25 -5 0 1 3")


def swc(*rows, end="\n"):
    return "".join(row + end for row in rows).encode()


def but(line, row):
    return swc(*CELL[: line - 1], row, *CELL[line:])


FILES = {
    "sound": swc(*CELL),
    "CRLF line ends": swc(*CELL, end="\r\n"),
    "CR line ends": swc(*CELL, end="\r"),
    "tabs and further columns": swc(*(row.replace(" ", "\t") + "\t7 8" for row in CELL)),
    "ids from 0": swc(
        "0 1 0 0 0 5 -1", "1 3 5 0 0 1 0", "2 3 15 0 0 1 1", "3 3 25 5 0 1 2", "4 3 25 -5 0 1 2"
    ),
    "ids written as floats": swc("1.0 1 0 0 0 5 -1.0", *CELL[1:]),
    "sparse ids": swc(*CELL[:3], "40 3 25 5 0 1 3", "500 3 25 -5 0 1 3"),
    "a lone point of soma": swc(SOMA),
    "empty": b"",
    "only comments": b"# nothing\n",
    "HTML": b"<!DOCTYPE html>\n<html></html>\n",
    "binary": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "commas": swc(*CELL).replace(b" ", b","),
    "one line of 5 kB": b"1" * 5000,
    "one line of 60 kB": b"1" * 60_000,
    "bytes as Python prints them": repr(swc(*CELL * 2)).encode(),
    "missing file": None,
    "more than 1,000,000 lines": b"#\n" * (MAX_LINES + 1),
    "a point that is its own parent": but(3, "3 3 15 0 0 1 3"),
    "a cycle of dendrites": but(3, "3 3 15 0 0 1 4"),
    "missing parent": but(4, "4 3 25 5 0 1 77"),
    "repeated id": but(4, "3 3 25 5 0 1 2"),
    "child before parent": but(3, "3 3 15 0 0 1 5"),
    "root in a cycle": but(1, "1 1 0 0 0 5 5"),
    "a word among numbers": but(3, "3 3 15 zero 0 1 2"),
    "too few columns": but(3, "3 3 15 0 0 1"),
    "last line cut off": swc(*CELL)[:-5],
    "byte order mark": codecs.BOM_UTF8 + swc(*CELL),
    "no soma": swc(*CELL).replace(b"1 1 0", b"1 3 0"),
    "two roots": but(4, "4 3 25 5 0 1 -1"),
    "two somata": but(4, "4 1 25 5 0 5 3"),
    "negative radius": but(3, "3 3 15 0 0 -1 2"),
    "one zero radius": but(3, "3 3 15 0 0 0 2"),
    "all radii zero": swc(*(" ".join([*row.split()[:5], "0", row.split()[6]]) for row in CELL)),
    "soma without length": swc(SOMA, "2 1 0 0 0 5 1", "3 1 0 0 0 5 2"),
    "NaN": but(3, "3 3 nan 0 0 1 2"),
    "1e300": but(3, "3 3 1e300 0 0 1 2"),
    "type 10": swc(*CELL, "6 10 0 5 0 1 1", "7 10 0 15 0 1 6"),
    "type 0": swc(*CELL, "6 0 0 5 0 1 1", "7 0 0 15 0 1 6"),
    "type -2": but(4, "4 -2 25 5 0 1 3"),
}

# Values that differ from those of a sound point.
POINTS = {
    "length 0": {"parameters.length": 0.0},
    "length -1": {"parameters.length": -1.0},
    "diameter 0": {"parameters.diameter": 0.0},
    "diameter -1": {"parameters.diameter": -1.0},
    "axial resistivity 0": {"parameters.resistivity": 0.0},
    "0 segments": {"parameters.nseg": 0},
    "32768 segments": {"parameters.nseg": 32768},
    "unknown mechanism": {"parameters.mechanism": "no_such_mechanism"},
    "amplitude NaN made by the model": {"parameters.trick": "nan amplitude"},
    "amplitude infinite, made by the model": {"parameters.trick": "inf amplitude"},
    "conductance NaN made by the model": {"parameters.trick": "nan conductance"},
    "conductance NaN under CVODE": {
        "parameters.trick": "nan conductance",
        "simulation.solver": "cvode",
    },
    "amplitude 1e6": {"parameters.amplitude": 1e6},
    "capacitance -1": {"parameters.capacitance": -1.0},
    "capacitance 0": {"parameters.capacitance": 0.0},
    "conductance -0.12": {"parameters.gnabar": -0.12},
    "bad hoc": {"parameters.trick": "bad hoc"},
    "a missing hoc file": {"parameters.trick": "missing hoc file"},
    "h.quit() in the model": {"parameters.trick": "quit"},
}
REFUSED_POINTS = {
    "amplitude .nan in the configuration": {"parameters.amplitude": float("nan")},
    "conductance -0.12 where the model sets a bound": {"parameters.gnabar": -0.12},
    "celsius .nan": {"simulation.celsius": float("nan")},
    "celsius 1000": {"simulation.celsius": 1000},
    "celsius -300": {"simulation.celsius": -300},
    "dt 5": {"simulation.dt": 5},
    "dt 0": {"simulation.dt": 0},
    "dt -0.025": {"simulation.dt": -0.025},
}
SOUND = {
    "parameters.length": 10.0,
    "parameters.diameter": 10.0,
    "parameters.resistivity": 35.4,
    "parameters.capacitance": 1.0,
    "parameters.nseg": 1,
    "parameters.gnabar": 0.12,
    "parameters.amplitude": 0.02,
    "parameters.mechanism": "hh",
    "parameters.trick": "none",
    "simulation.solver": "backward_euler",
}
BOUNDED = "conductance -0.12 where the model sets a bound"
LOOSE = {
    "title": "Numbers without bounds",
    "model": "loose",
    "simulation": {"duration": 15.0},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}


def table(section):
    """Rows of a table of the page: first cell -> outcome and message."""
    text = (CHECKOUT / "docs" / "bad-input.md").read_text(encoding="utf-8")
    part = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert all(len(row) == 4 for row in cells)
    return {row[0]: (row[2], row[3]) for row in cells}


MORPHOLOGIES, PARAMETERS = table("Morphologies"), table("Parameters")


def test_the_page_names_what_is_tried_and_nothing_else():
    assert MORPHOLOGIES.keys() == FILES.keys()
    assert PARAMETERS.keys() == POINTS.keys() | REFUSED_POINTS.keys()
    refused = {name for name, (outcome, _) in PARAMETERS.items() if outcome == "refused"}
    assert refused == REFUSED_POINTS.keys()


# Morphologies -----------------------------------------------------------------------------------


def arrive(folder, data):
    """Fetch a pinned file as the workflow does, without the pin's leave for quality control."""
    if data is not None:
        (folder / "bad.swc").write_bytes(data)
    target = folder / "out" / "bad.swc"
    source = LocalFile(file="bad.swc", sha256=data_sha256(data or b"", "swc"))
    fetch("bad", source, target, folder / "bad.json", neuromorpho=NeuroMorpho(), root=folder)
    return target


@pytest.mark.parametrize("name", [n for n, (what, _) in MORPHOLOGIES.items() if what == "refused"])
def test_a_bad_file_is_refused_with_the_message_of_the_page(tmp_path, name):
    with pytest.raises(MorphologyError) as caught:
        read(arrive(tmp_path, FILES[name]))
    assert MORPHOLOGIES[name][1] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [n for n, (what, _) in MORPHOLOGIES.items() if what != "refused"])
def test_an_accepted_file_is_the_cell_that_it_describes(tmp_path, caplog, name):
    outcome, message = MORPHOLOGIES[name]
    path = arrive(tmp_path, FILES[name])
    sections = import_sections(path)
    assert (message in caplog.text) == (outcome == "accepted with a warning" or not message)
    assert bool(caplog.text) == (outcome == "accepted with a warning")
    rows = [line.split()[:7] for line in FILES[name].decode().splitlines()]
    written = np.array([[float(cell) for cell in row] for row in rows])
    neurites = written[written[:, 1] != 1]
    steps = [
        np.linalg.norm(row[2:5] - written[written[:, 0] == row[6]][0, 2:5])
        for row in neurites
        if written[written[:, 0] == row[6]][0, 1] != 1
    ]
    lengths = [x for k, x in zip(sections.kinds, lengths_of(sections), strict=True) if k != "soma"]
    assert sum(lengths) == pytest.approx(sum(steps), rel=1e-6)


# Parameters -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(new_workspace) -> dict:
    """A row for each point of the page, and one for a sound point among them."""
    workspace = new_workspace().project("loose", max_failed_share=1.0)
    points = [SOUND | values for values in ({}, *POINTS.values())]
    workspace.experiment("loose", LOOSE, sweep={"list": points})
    workspace.run(cores=2).succeeded()
    columns = ", ".join(path.rpartition(".")[2] for path in SOUND)
    found = workspace.query(f"SELECT status, error, soma_v_maximum, {columns} FROM loose")
    assert len(found) == len(points)
    by_values = {row[3:]: row[:3] for row in found}
    names = ("sound", *POINTS)
    return {
        name: by_values[tuple(point.values())] for name, point in zip(names, points, strict=True)
    }


def test_a_sound_point_is_unharmed(rows):
    status, error, maximum = rows["sound"]
    assert (status, error) == ("ok", None)
    assert 30 < maximum < 50


@pytest.mark.parametrize("name", POINTS)
def test_a_bad_point_has_the_status_and_the_message_of_the_page(rows, name):
    outcome, message = PARAMETERS[name]
    status, error, maximum = rows[name]
    assert status == outcome, error
    assert message in (error or "")
    assert (maximum is None) == (outcome != "ok")
    assert (error is None) == (outcome == "ok")


@pytest.fixture(scope="module")
def known(new_workspace) -> Workspace:
    """Both models, described once."""
    workspace = new_workspace().project("loose")
    workspace.model("squid_soma")
    return workspace.experiment("loose", LOOSE, sweep={"parameters.amplitude": [0.02]})


@pytest.mark.parametrize("name", REFUSED_POINTS)
def test_a_bad_value_is_refused_with_the_message_of_the_page(known, monkeypatch, name):
    monkeypatch.chdir(known.folder)
    sweep = {path: [value] for path, value in REFUSED_POINTS[name].items()}
    model = "squid_soma" if name == BOUNDED else "loose"
    known.experiment("loose", LOOSE, model=model, sweep=sweep)
    source = Path("config/config.yaml")
    with pytest.raises(ConfigurationError) as caught:
        make_plan(load(read_yaml(source), source), "loose", Path("results"), 1)
    message = str(caught.value)
    assert "config/experiments/loose.yaml" in message
    assert next(iter(REFUSED_POINTS[name])) in message
    assert PARAMETERS[name][1] in message
    assert "\n" not in message
