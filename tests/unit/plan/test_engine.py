"""Which engine an experiment gets where it leaves it open, and why."""

from pathlib import Path

import pytest

from dendroflow.plan.engine import engine_of
from dendroflow.plan.models import names_of
from dendroflow.settings.experiment import Experiment

CHECKOUT = Path(__file__).parents[3]
MODEL = """
from neuron import h

from dendroflow.model import Model


class Cell(Model):
    def build(self, p):
        self.load_morphology()
        self.clamp = h.IClamp(self.soma[0](0.5))
"""
MOD = """
NEURON { SUFFIX leak NONSPECIFIC_CURRENT i RANGE g }
PARAMETER { g = 0.001 }
ASSIGNED { v i }
BREAKPOINT { i = g * (v + 65) }
"""
SETTINGS = {
    "title": "t",
    "model": "cell",
    "morphology": "C060114A7",
    "simulation": {"duration": 10},
    "features": {"signal": "v", "statistics": ["mean"]},
}


def engine(folder, model=MODEL, mod=MOD, files=(), **changes):
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(model, encoding="utf-8")
    for name, text in {"leak.mod": mod, **dict(files)}.items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return engine_of(Experiment.model_validate(SETTINGS | changes), names_of(folder))


def test_a_cell_of_own_mechanisms_along_a_morphology_gains(tmp_path):
    found = engine(tmp_path / "cell")
    assert found == ("coreneuron", "it has mechanisms of its own along a morphology")


def test_who_names_an_engine_gets_it(tmp_path):
    for name in ("neuron", "coreneuron"):
        assert engine(tmp_path / "cell", engine=name) == (name, "")


def test_what_does_not_gain_is_not_talked_about(tmp_path):
    assert engine(tmp_path / "a", mod=None) == ("neuron", "")
    assert engine(tmp_path / "b", morphology=None) == ("neuron", "")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("        self.count = h.APCount(self.soma[0](0.5))", "model.py has h.APCount"),
        ("        self.vector = h.Vector()", "model.py has h.Vector"),
        ("        self.con = h.NetCon(None, None)", "model.py has h.NetCon"),
        ("        self.sample('v', lambda: 1.0, 1.0)", "model.py has sample"),
        ("        h('forall insert pas')", "model.py has hoc in a text"),
        ("        getattr(h, 'VClamp')", "model.py has h as an argument"),
        ("        from neuron import rxd", "model.py has neuron.rxd"),
        ("        import neuron", "model.py has neuron"),
        ("        from dendroflow.model import play", "model.py has play"),
        ("        from neuron import h as hoc", "model.py has h by another name"),
        ("        import helper", "model.py has helper"),
        ("    process = 'fresh'", "model.py has a process of its own"),
        ("    def build_rxd(cls, cells): ...", "model.py has build_rxd"),
    ],
)
def test_what_is_not_known_of_a_model_goes_to_neuron(tmp_path, line, why):
    assert engine(tmp_path / "cell", model=f"{MODEL}{line}\n") == ("neuron", why)


@pytest.mark.parametrize("word", ["POINTER p", "GLOBAL g", "TABLE m", "VERBATIM", "WATCH"])
def test_what_is_not_known_of_a_mechanism_goes_to_neuron(tmp_path, word):
    found = engine(tmp_path / "cell", mod=f"{MOD}\n{word}\n")
    assert found == ("neuron", f"leak.mod has {word.split()[0]}")
    assert engine(tmp_path / "cell", mod=f"{MOD}\n: {word}\n").name == "coreneuron"
    commented = f"{MOD}\nCOMMENT\n{word}\nENDCOMMENT\n"
    assert engine(tmp_path / "cell", mod=commented).name == "coreneuron"


def test_hoc_goes_to_neuron(tmp_path):
    assert engine(tmp_path / "cell", files={"cell.hoc": ""}.items()).why == "cell.hoc is hoc"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"simulation": {"duration": 10, "solver": "cvode"}}, "it has no cvode"),
        ({"sweep": {"simulation.solver": ["cvode", "backward_euler"]}}, "it has no cvode"),
        ({"simulation": {"duration": 10, "sampling": 0.06}}, "it records at its steps"),
        (
            {"record": {"i": {"at": "soma", "variable": "i_membrane_"}}},
            "it has no membrane currents",
        ),
    ],
)
def test_what_coreneuron_cannot_do_goes_to_neuron(tmp_path, changes, why):
    assert engine(tmp_path / "cell", **changes) == ("neuron", why)


@pytest.mark.parametrize("sampling", [0.1, 0.025, 0.05, 1.0])
def test_whole_steps_of_sampling_are_no_hindrance(tmp_path, sampling):
    simulation = {"duration": 10, "dt": 0.025, "sampling": sampling}
    assert engine(tmp_path / "cell", simulation=simulation).name == "coreneuron"


def test_a_sweep_that_grows_has_the_same_engine(tmp_path):
    values = [1.0, 2.0, 3.0]
    found = {engine(tmp_path / "cell", sweep={"simulation.celsius": values[:n]}) for n in (1, 2, 3)}
    assert len(found) == 1


def test_the_layer_5_cell_gains():
    from dendroflow.settings.project import read_yaml

    settings = read_yaml(CHECKOUT / "config" / "experiments" / "layer5.yaml")
    model = names_of(CHECKOUT / "config" / "models" / "layer5_pyramidal")
    assert engine_of(Experiment.model_validate(settings), model).name == "coreneuron"
