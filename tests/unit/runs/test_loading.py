"""Models that are imported from a copy: whatever is wrong, the user's own folder is named."""

import shutil

import pytest

from dendroflow.errors import ModelError
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.runs.loading import load_model
from dendroflow.runs.pool import run_points
from dendroflow.runs.workload import Workload

SETTINGS = SolverSettings(1.0, 0.1, -65.0, 6.3, "backward_euler", 1e-3, 0.0, None)
MODEL = """
from pathlib import Path
from dendroflow.model import Model

HERE = Path(__file__){}

class Cell(Model):
    signals = {{"v": "mV"}}

    def build(self, p):
        from neuron import h

        self.soma = h.Section("soma", self)
        (HERE.parent / "table.csv").read_text()
        self.record("v", self.soma(0.5)._ref_v)
"""


@pytest.fixture
def load(tmp_path):
    """Load a model from a copy that lies in results, which are a link to somewhere else."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "scratch")

    def load(code, **helpers):
        origin, copy = tmp_path / "config" / "cell", tmp_path / "results" / ("0" * 16)
        origin.mkdir(parents=True)
        for name, text in {"model": code, **helpers}.items():
            (origin / f"{name}.py").write_text(text, encoding="utf-8")
        shutil.copytree(origin, copy)
        return load_model(copy, origin)

    return load


BROKEN = {
    "no model": ("x = 1", "model.py: must define one subclass of Model; it defines none"),
    "two": (
        MODEL.format("") + MODEL.format("").replace("class Cell", "class Other"),
        "model.py: must define one subclass of Model; it defines Cell, Other",
    ),
    "syntax": ("x = 1\ndef f(:\n", "model.py: line 2: SyntaxError: invalid syntax (model.py"),
    "import": ("x = 1\nimport nosuch", "model.py: line 2: ModuleNotFoundError: No module named"),
    "a file": ("open(__file__ + '.csv')", "model.py: line 1: FileNotFoundError: [Errno 2] No such"),
    "settings": (
        "from neuron import h\nh.celsius = 34\n" + MODEL.format(""),
        "model.py: the model sets h.celsius, which belongs to the experiment; remove that, and set "
        "simulation.celsius in the experiment",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_model_that_cannot_be_loaded(case, load, tmp_path):
    from neuron import h

    code, said = BROKEN[case]
    with pytest.raises(ModelError) as refused:
        load(code)
    h.celsius = 6.3
    message = str(refused.value)
    assert message.startswith(f"{tmp_path}/config/cell/{said}")
    assert "0" * 16 not in message
    assert "\n" not in message


def test_sections_that_are_created_on_import(load, tmp_path):
    from neuron import h

    with pytest.raises(ModelError, match=f"^{tmp_path}/config/cell/model.py: creates sections on"):
        load("from neuron import h\nkept = h.Section('kept')\n" + MODEL.format(""))
    for section in list(h.allsec()):
        h.delete_section(sec=section)


def test_a_helper_that_fails_is_named(load, tmp_path):
    with pytest.raises(ModelError) as refused:
        load("import lost_helper\n" + MODEL.format(""), lost_helper="open(__file__ + '.csv')")
    message = str(refused.value)
    assert message.startswith(f"{tmp_path}/config/cell/model.py: line 1: FileNotFoundError: ")
    assert message.endswith(f"'{tmp_path}/config/cell/lost_helper.py.csv'")


@pytest.mark.parametrize("place", ["", ".resolve()"])
def test_a_point_that_fails(place, load, tmp_path):
    model = load(MODEL.format(place))
    points = [Point("a", {}, SETTINGS, 1, None)]
    (result,) = run_points(Workload(model, {}, {}), points, workers=1, timeout_s=60)
    (outcome,) = result.outcomes
    assert outcome.status == "failed"
    assert outcome.error == (
        "FileNotFoundError: [Errno 2] No such file or directory: "
        f"'{tmp_path}/config/cell/table.csv'"
    )


def test_without_an_origin_the_folder_itself_is_named(tmp_path):
    (tmp_path / "model.py").write_text("x = 1", encoding="utf-8")
    with pytest.raises(ModelError, match=f"^{tmp_path}/model.py: must define one subclass"):
        load_model(tmp_path)
