"""The page about hoc files, followed: its files are run as they stand there."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "models-from-elsewhere.md"
BLOCKS = dict(
    re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```$', PAGE.read_text(encoding="utf-8"), re.M | re.S)
)
EXPERIMENT = {
    "title": "From hoc",
    "simulation": {"duration": 40, "v_init": -65, "celsius": 6.3},
    "record": {"v": {"at": "soma"}},
    "features": {"signal": "v", "statistics": ["maximum", "rate"]},
}
STEP = {"kind": "step", "at": "soma", "amplitude": 0.3, "delay": 5, "duration": 20}


@pytest.fixture(scope="module")
def hoc(new_workspace):
    workspace = new_workspace().project("stellates", "publisheds")
    for name, text in BLOCKS.items():
        workspace.write(name, text)
    own = {"parameters.gnabar": [0.06, 0.09, 0.12, 0.15]}
    workspace.experiment(
        "stellates", EXPERIMENT, model="stellate", stimuli={"step": STEP}, sweep=own
    )
    own = {"parameters.amplitude": [0.0, 0.1, 0.2, 0.3]}
    workspace.experiment("publisheds", EXPERIMENT, model="published", sweep=own)
    workspace.run(cores=2).succeeded()
    return workspace


def test_cells_of_a_template_share_a_process_and_those_of_the_top_level_do_not(hoc):
    rows = hoc.query("SELECT experiment, process, process_why FROM experiments ORDER BY 1")
    assert rows == [("publisheds", "alone", None), ("stellates", "shared", None)]


def test_every_cell_has_its_own_values(hoc):
    peaks = [row[0] for row in hoc.query("SELECT v_maximum FROM stellates ORDER BY gnabar")]
    assert all(np.diff(peaks) > 1)
    rates = [row[0] for row in hoc.query("SELECT v_rate FROM publisheds ORDER BY amplitude")]
    assert rates[0] == 0
    assert min(rates[1:]) > 0


def test_a_cell_is_that_of_the_same_hoc_without_dendroflow(hoc, tmp_path):
    from support.hoc import simulated

    expected = simulated(BLOCKS["models/stellate/cell.hoc"], tmp_path, gnabar=0.12)
    ((peak,),) = hoc.query("SELECT v_maximum FROM stellates WHERE gnabar = 0.12")
    assert peak == pytest.approx(expected, abs=1e-9)


def test_settings_in_hoc_are_refused_with_what_to_do(hoc, copy_of):
    workspace = copy_of(hoc)
    workspace.replace("models/published/cell.hoc", "create soma", "celsius = 34\ncreate soma")
    run = workspace.run()
    assert run.code != 0
    assert "the model sets h.celsius, which belongs to the experiment" in run.output
