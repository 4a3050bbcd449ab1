"""The page about hoc files, followed: its files are run as they stand there."""

import re
import shutil
import textwrap
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.hoc import at_top_level, exported, simulated

import dendroflow
from dendroflow.errors import DendroflowError

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "models-from-elsewhere.md"
SWC = CHECKOUT / "tests" / "data" / "morphologies" / "branched.swc"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```$', TEXT, re.M | re.S))
EXPERIMENT = {
    "title": "From hoc",
    "simulation": {"duration": 40, "v_init": -65, "celsius": 6.3},
    "record": {"v": {"at": "soma"}},
    "features": {"signal": "v", "statistics": ["maximum", "rate"]},
}
STEP = {"kind": "step", "at": "soma", "amplitude": 0.3, "delay": 5, "duration": 20}


@pytest.fixture(scope="module")
def hoc(new_workspace):
    workspace = new_workspace().project("stellates", "exporteds", "releaseds", "publisheds")
    for name, text in BLOCKS.items():
        workspace.write(name, text)
    models = workspace.config / "models"
    shutil.copy(SWC, models / "exported" / "cell.swc")
    shutil.copytree(models / "exported", models / "released")
    template = exported(SWC)
    # As the page says.
    released = template.replace("CellRef, segCounts", "CellRef, segCounts, nil")
    released = released.replace("  re_init_rng()\n}", "  re_init_rng()\n  CellRef = nil\n}")
    for name, text in {"exported": template, "released": released}.items():
        (models / name / "template.hoc").write_text(text, encoding="utf-8")
        (models / name / "cell.hoc").write_text('load_file("template.hoc")\n', encoding="utf-8")
    for name, values in {
        "stellate": [0.06, 0.09, 0.12, 0.15],
        "exported": [0.1, 0.15, 0.2, 0.25],
        "released": [0.1, 0.15, 0.2, 0.25],
    }.items():
        own = {"parameters.gnabar": values}
        workspace.experiment(f"{name}s", EXPERIMENT, model=name, stimuli={"step": STEP}, sweep=own)
    own = {"parameters.amplitude": [0.0, 0.1, 0.2, 0.3]}
    workspace.experiment("publisheds", EXPERIMENT, model="published", sweep=own)
    workspace.run(cores=2).succeeded()
    return workspace


def test_cells_of_a_template_share_a_process_and_those_of_the_top_level_do_not(hoc):
    rows = hoc.query("SELECT experiment, process FROM experiments ORDER BY 1")
    assert rows == [
        ("exporteds", "alone"),
        ("publisheds", "alone"),
        ("releaseds", "shared"),
        ("stellates", "shared"),
    ]


def test_a_template_that_refers_to_itself_is_named(hoc):
    ((why,),) = hoc.query("SELECT process_why FROM experiments WHERE experiment = 'exporteds'")
    assert why.startswith("sections Pyramid[0].soma[0], ")
    assert "outlive their cell" in why


def test_every_cell_has_its_own_values(hoc):
    for experiment in ("stellates", "exporteds", "releaseds"):
        rows = hoc.query(f"SELECT v_maximum FROM {experiment} ORDER BY gnabar")
        assert all(np.diff([row[0] for row in rows]) > 1)
    rates = [row[0] for row in hoc.query("SELECT v_rate FROM publisheds ORDER BY amplitude")]
    assert rates[0] == 0
    assert min(rates[1:]) > 0


@pytest.fixture
def changed(hoc, tmp_path):
    """A function that changes the cell of the top level, and writes an experiment with it."""

    def written(hoc_file=("", ""), model=("", ""), **settings):
        config = tmp_path / "config"
        folder = config / "models" / "published"
        shutil.copytree(hoc.config / "models" / "published", folder)
        for path, (old, new) in {"cell.hoc": hoc_file, "model.py": model}.items():
            text = (folder / path).read_text(encoding="utf-8")
            (folder / path).write_text(text.replace(old, new), encoding="utf-8")
        experiment = EXPERIMENT | {"model": "published"} | settings
        (config / "experiments").mkdir()
        path = config / "experiments" / "one.yaml"
        path.write_text(yaml.safe_dump(experiment), encoding="utf-8")
        return path

    return written


@pytest.mark.parametrize("name", ["stellate", "exported", "released"])
def test_a_cell_is_to_the_last_bit_that_of_the_same_hoc_without_dendroflow(hoc, name):
    folder = hoc.config / "models" / name
    if name == "stellate":
        expected = simulated(folder / "cell.hoc", "Stellate", 0.12)
    else:
        expected = simulated(folder / "template.hoc", "Pyramid", str(folder), "cell.swc")
    found = dendroflow.simulate(
        hoc.config / "experiments" / f"{name}s.yaml",
        {"parameters.gnabar": 0.12 if name == "stellate" else 0.2},
        results=hoc.results,
    )
    _, potential = found.trace("v")
    assert max(potential) > 0
    np.testing.assert_array_equal(potential, expected)


WITHOUT_RUN = ("run()", "")


@pytest.mark.parametrize(
    ("hoc_file", "dt", "setting"),
    [
        (("create soma", "celsius = 34\ncreate soma"), 0.025, "celsius"),
        (("run()", "dt = 0.1"), 0.025, "dt"),
        # NEURON's own `run()` sets it to what `steps_per_ms` says.
        (("", ""), 0.05, "dt"),
        (("run()", "cvode_active(1)"), 0.025, "CVode().active"),
    ],
)
def test_what_belongs_to_the_experiment_is_refused(changed, tmp_path, hoc_file, dt, setting):
    path = changed(hoc_file, simulation=EXPERIMENT["simulation"] | {"dt": dt})
    with pytest.raises(DendroflowError, match=re.escape(f"the model sets h.{setting}, which")):
        dendroflow.simulate(path, results=tmp_path / "results")


@pytest.mark.parametrize(
    "hoc_file", [WITHOUT_RUN, ("create soma", "v_init = -80\ntstop = 5\ncreate soma")]
)
def test_a_run_within_the_file_its_v_init_and_its_tstop_change_nothing(
    hoc, changed, tmp_path, hoc_file
):
    path = changed(hoc_file)
    _, potential = dendroflow.simulate(path, results=tmp_path / "results").trace("v")
    expected = at_top_level(hoc.config / "models" / "published" / "cell.hoc")
    assert max(potential) > 0
    np.testing.assert_array_equal(potential, expected)


def test_without_a_word_about_processes_the_numbers_are_the_same(hoc, changed, tmp_path):
    values = [0.0, 0.1, 0.2, 0.3]
    path = changed(model=('    process = "fresh"\n', ""), sweep={"parameters.amplitude": values})
    table = dendroflow.run(path, results=tmp_path / "results").sort_values("amplitude")
    assert list(table["status"]) == ["ok"] * 4
    expected = [row[0] for row in hoc.query("SELECT v_maximum FROM publisheds ORDER BY amplitude")]
    # The database holds twelve digits.
    assert list(table["v_maximum"]) == pytest.approx(expected, rel=1e-11)


def test_a_cell_written_by_hand_runs(tmp_path):
    (build,) = re.findall(r"^### By hand\n.*?^```python\n(.*?)^```$", TEXT, re.M | re.S)
    config = tmp_path / "config"
    (config / "models" / "hand").mkdir(parents=True)
    (config / "experiments").mkdir()
    shutil.copy(CHECKOUT / "config" / "morphologies.yaml", config)
    (config / "models" / "hand" / "model.py").write_text(
        "from dendroflow.model import *\n\n\n"
        "class Hand(Model):\n"
        "    class Parameters(Model.Parameters):\n"
        "        gnabar: float = quantity(0.2)\n\n"
        "    places = {'soma': 'its middle', 'tuft': '660 µm from it'}\n"
        "    needs_morphology = True\n\n"
        "    def build(self, p):\n" + textwrap.indent(build, " " * 8),
        encoding="utf-8",
    )
    experiment = EXPERIMENT | {
        "model": "hand",
        "simulation": EXPERIMENT["simulation"] | {"v_init": -75},
        "morphology": "C060114A7",
        "stimuli": {"step": STEP | {"amplitude": 3.0}},
        "record": {"v": {"at": "soma"}, "tuft": {"at": "tuft"}},
    }
    path = config / "experiments" / "hand.yaml"
    path.write_text(yaml.safe_dump(experiment), encoding="utf-8")
    found = dendroflow.simulate(path, results=tmp_path / "results")
    assert found.status == "ok", found.error
    soma, tuft = (max(found.trace(name)[1]) for name in ("v", "tuft"))
    assert soma > 0
    assert soma > tuft > -70
