"""Each model gives what a plain script gives for each of its points, or says why not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import CASES, MECHANISMS

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("DENDROFLOW_SHARED", HERE.parents[2] / "shared")) / "cases" / "lanes"
XS = (0.5, 0.8, 1.0, 1.2, 1.5, 2.0)
# Cells that differ by less (mV) may share a process, and say that they differ.
CLOSE = 1e-9

# What becomes of the cases of others.
OTHERS = {
    "allsec_measure": "failed",
    "allsec_set": "alone",
    "cas_iclamp": "alone",
    "celsius_build": "refused",
    "class_attr": "alone",
    "cvode_build": "refused",
    "dt_build": "refused",
    "extracellular": "close",
    "fih_module": "alone",
    "forall_hoc": "alone",
    "gid_cells": "alone",
    "hoc_toplevel": "alone",
    "mod_global": "alone",
    "mod_param_norange": "alone",
    "module_rng": "alone",
    "nai0_global_simple": "alone",
    "netstim_noise": "alone",
    "ok_baseline": "shared",
    "own_hoc": "alone",
    "presim": "refused",
    "py_counter": "alone",
    "scop_random": "alone",
    "secondorder_build": "refused",
    "table_no_depend": "shared",
    "usetable": "alone",
}
VALUES = {
    "secondorder_build": [{"x": x} for x in (0, 2, 0, 2, 0, 2)],
    "cvode_build": [{"x": x} for x in (0, 1, 0, 1, 0, 1)],
    "usetable": [{"x": x} for x in (0, 1, 0, 1, 0, 1)],
    "table_no_depend": [
        {"celsius": celsius, "y": y} for celsius in (6.3, 10, 15, 20, 25, 30) for y in (0, 1)
    ],
}


def compiled(folder, files):
    """One library of all mechanisms."""
    sources = folder / "mod"
    sources.mkdir()
    for name, text in files.items():
        (sources / f"{name}.mod").write_text(text)
    command = [str(Path(sys.executable).with_name("nrnivmodl")), "mod"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return next(folder.rglob("libnrnmech.so"))


def results(scratch, mechanisms, cases):
    """What becomes of each case: {name: (folder, points)}."""
    library = compiled(scratch, mechanisms)
    (scratch / "cases.json").write_text(json.dumps(cases))
    # NEURON would load what lies where it starts.
    elsewhere = scratch / "elsewhere"
    elsewhere.mkdir()
    ran = subprocess.run(
        [sys.executable, HERE / "run_cases.py", library, "../cases.json", "../answers.json"],
        check=False,
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1] / "scripts"), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads((scratch / "answers.json").read_text())


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    scratch, cases = tmp_path_factory.mktemp("own"), {}
    for name, case in CASES.items():
        folder = scratch / "models" / name
        folder.mkdir(parents=True)
        (folder / "model.py").write_text(case.text())
        for mechanism, text in MECHANISMS.items():
            (folder / f"{mechanism}.mod").write_text(text)
        cases[name] = (str(folder), [{"x": x} for x in XS])
    return results(scratch, MECHANISMS, cases)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    mechanisms = {path.stem: path.read_text() for path in SHARED.rglob("*.mod")}
    points = [{"x": x} for x in XS]
    cases = {name: (str(SHARED / name), VALUES.get(name, points)) for name in OTHERS}
    return results(tmp_path_factory.mktemp("others"), mechanisms, cases)


def check(found, process):
    assert found["process"] == process, found
    if process != "refused":
        assert not found["errors"]
        assert found["compared"] >= len(XS)
        assert found["difference"] <= (CLOSE if process == "close" else 0.0), found


@pytest.mark.parametrize("name", CASES)
def test_a_model_gives_what_a_plain_script_gives(name, own):
    check(own[name], CASES[name].process)
    assert CASES[name].why in own[name]["why"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the cases of others are not there")
@pytest.mark.parametrize("name", OTHERS)
def test_cases_of_others(name, others):
    if OTHERS[name] == "failed":
        # It calls what models do not have.
        assert len(others[name]["errors"]) == len(XS)
    else:
        check(others[name], OTHERS[name])
