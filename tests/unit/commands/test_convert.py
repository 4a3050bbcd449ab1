"""BluePyOpt's files to a model and an experiment; what has no counterpart is named."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from dendroflow.commands.cli import main
from dendroflow.commands.convert import convert
from dendroflow.errors import ConfigurationError
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import read_yaml

CHECKOUT = Path(__file__).parents[3]
LAYER5 = read_yaml(CHECKOUT / "config" / "experiments" / "layer5.yaml")
STEP = {"delay": 700, "duration": 2000, "totduration": 3000}
HOLDING = {"delay": 0, "amp": -0.126, "duration": 3000, "totduration": 3000}
PLACES = [
    {"var": "v", "seclist_name": "apical", "name": name, "type": "somadistance"}
    | {"somadistance": distance}
    for name, distance in (("dend1", 660), ("dend2", 800))
]


def features():
    """The targets of the layer 5 cell, as BluePyOpt writes them."""
    found = {}
    for column, target in LAYER5["targets"].items():
        protocol, _, feature = column.partition(".")
        place = "soma"
        if feature.startswith("dend"):
            place, _, feature = feature.partition("_")
        name = {"bap": "bAP"}.get(protocol, protocol.title())
        feature = {"spike_count": "Spikecount"}.get(feature, feature)
        own = found.setdefault(name, {}).setdefault(place, {})
        own[feature] = [target["mean"], target["sd"]]
    return found


FILES = {
    "parameters": [
        {"param_name": "celsius", "type": "global", "value": 34},
        {"param_name": "v_init", "type": "global", "value": -65},
        {"param_name": "g_pas", "sectionlist": "all", "type": "section", "value": 3e-5},
        {"param_name": "gIhbar_Ih", "sectionlist": "apical", "type": "range", "value": 8e-5}
        | {"dist_type": "exp", "dist": "(-0.8696 + 2.087*math.exp(({distance})*0.0031))*{value}"},
        {"param_name": "gSKv3_1bar_SKv3_1", "sectionlist": "axonal", "bounds": [0, 2]}
        | {"type": "section", "mech": "SKv3_1", "mech_param": "gSKv3_1bar"},
    ],
    "mechanisms": {"all": ["pas"], "apical": ["Ih"], "axonal": ["SKv3_1"]},
    "protocols": {
        "bAP": {
            "stimuli": [{"delay": 295, "amp": 1.9, "duration": 5, "totduration": 600}],
            "extra_recordings": PLACES,
        },
        **{
            f"Step{n}": {"stimuli": [STEP | {"amp": amplitude}, HOLDING]}
            for n, amplitude in ((1, 0.458), (2, 0.562), (3, 0.95))
        },
    },
    "features": features(),
}


def converted(folder, **changes):
    """What is said, the experiment, and the model."""
    source = folder / "l5pc"
    source.mkdir(exist_ok=True)
    for name, content in (FILES | changes).items():
        text = content if isinstance(content, str) else json.dumps(content)
        (source / f"{name}.json").write_text(text, encoding="utf-8")
    said = convert(source, folder / "config", "C060114A7")
    experiment = folder / "config" / "experiments" / "l5pc.yaml"
    model = folder / "config" / "models" / "l5pc" / "model.py"
    return said, read_yaml(experiment), model.read_text(encoding="utf-8")


def test_protocols_and_targets_are_those_of_the_layer_5_experiment(tmp_path):
    _, found, _ = converted(tmp_path)
    ours = Experiment.model_validate(LAYER5)
    theirs = Experiment.model_validate(found)
    assert list(theirs.protocols) == ["bap", "step1", "step2", "step3"]
    assert len(theirs.targets) == 35
    for name in theirs.protocols:
        under, like = theirs.under(name), ours.under(name)
        assert under.simulation == like.simulation
        steps = [
            sorted((s.amplitude, s.delay, s.duration) for s in one.stimuli.values())
            for one in (under, like)
        ]
        assert steps[0] == steps[1]
        blocks = [
            {
                (block.signal, name, block.stimulus, block.settings.Threshold)
                for block in one.features.blocks
                for name in block.efel
            }
            for one in (under, like)
        ]
        renamed = {(s, "Spikecount" if n == "spike_count" else n, w, t) for s, n, w, t in blocks[1]}
        assert blocks[0] == renamed
    for column, target in ours.targets.items():
        same = column.replace("spike_count", "Spikecount")
        assert theirs.targets[same] == target


def test_the_model_has_parameters_distributions_and_places(tmp_path):
    said, found, model = converted(tmp_path)
    assert "g_pas_all: float = quantity(3e-05" in model
    assert "gSKv3_1bar_SKv3_1_axonal: float = quantity(..." in model
    assert "ge=0.0, le=2.0)" in model
    assert "lambda distance: (-0.8696 + 2.087 * math.exp(distance * 0.0031)) * p.gIhbar" in model
    assert 'self.place("dend1", place_at(soma, self.apic, 660.0))' in model
    compile(model, "model.py", "exec")
    assert found["optimise"]["parameters"] == {
        "parameters.gSKv3_1bar_SKv3_1_axonal": {"range": [0.0, 2.0]}
    }
    assert "copy the .mod files of Ih, SKv3_1 into" in said


def test_what_was_taken_from_the_example_is_said(tmp_path):
    said, found, _ = converted(tmp_path)
    assert "protocols.json: bAP: its window lasts to its end" in said
    assert "features.json: bAP: dend1: a spike crosses -55 mV" in said
    assert found["protocols"]["bap"]["window"] == [295.0, 600.0]
    text = (tmp_path / "config" / "experiments" / "l5pc.yaml").read_text(encoding="utf-8")
    remarks = [line.removeprefix("look at: ") for line in said.splitlines() if "look at: " in line]
    assert remarks
    for remark in remarks:
        assert f"# - {remark}\n" in text


def one(file, *keys, **entry):
    """The files, with other entries at one place of one of them."""
    content = copy.deepcopy(FILES[file])
    place = content
    for key in keys:
        place = place[key]
    place |= entry
    return {file: content}


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        (one("parameters", 2, weight=3), "parameters.json: g_pas: weight has no counterpart"),
        (one("parameters", 2, sectionlist="spines"), "g_pas: spines is no list of sections"),
        (one("parameters", 3, dist="open('x')"), "gIhbar_Ih: the distribution \"open('x')\" has"),
        (one("parameters", 3, dist="().__class__"), "the distribution '().__class__' has"),
        (one("parameters", 3, dist="{value} +"), "the distribution '{value} +' is no expression"),
        (one("parameters", 0, param_name="q10_x"), "q10_x: is global: set it in the experiment"),
        (one("mechanisms", spines=["pas"]), "mechanisms.json: spines is no list of sections"),
        (one("protocols", "bAP", cvode=True), "protocols.json: bAP: cvode has no counterpart"),
        (
            one("protocols", "Step1", "stimuli", 0, thresh_perc=150),
            "Step1: stimulus 0: has an absolute amplitude, and thresh_perc",
        ),
        (
            one("protocols", "Step1", stimuli=[STEP | {"thresh_perc": 150}]),
            "Step1: stimulus 0: is no step of current: amp is missing; protocol left out",
        ),
        (
            one("protocols", "bAP", extra_recordings=[PLACES[0] | {"var": "cai"}]),
            "extra_recordings: dend1: only v at a distance from the soma is known",
        ),
        (one("features", Step9={"soma": {}}), "features.json: Step9 is no protocol"),
        (one("features", "Step1", "soma", height=[1, 1]), "height is no feature of eFEL"),
        (one("features", "Step1", "soma", AP_width=[1, 0]), "AP_width: is no mean and SD above 0"),
        (one("features", "Step1", axon={"AP_width": [1, 1]}), "axon: nothing is recorded there"),
    ],
)
def test_what_has_no_counterpart_is_named(tmp_path, changes, remark):
    said, _, model = converted(tmp_path, **changes)
    (line,) = [line for line in said.splitlines() if remark in line]
    assert line.startswith("look at: ")
    compile(model, "model.py", "exec")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"parameters": "{"}, "parameters.json: is not JSON"),
        ({"parameters": "{}"}, "parameters.json: holds no list"),
        ({"features": "[1]"}, "features.json: holds no dict"),
        ({"features": {}}, "cannot be converted: "),
        ({"parameters": [3]}, "l5pc: is not what BluePyOpt writes: AttributeError"),
        ({"protocols": {"a": {"stimuli": [3]}}}, "l5pc: is not what BluePyOpt writes: "),
        ({"features": {"Step1": {"soma": 3}}}, "l5pc: is not what BluePyOpt writes: "),
    ],
)
def test_what_is_no_such_file_is_refused_and_nothing_written(tmp_path, changes, problem):
    with pytest.raises(ConfigurationError) as error:
        converted(tmp_path, **changes)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "config").exists()


def test_nothing_is_overwritten(tmp_path):
    converted(tmp_path)
    with pytest.raises(ConfigurationError, match="is there already; remove it, or rename"):
        converted(tmp_path)


def test_the_command_says_what_it_has_written(tmp_path, capsys):
    converted(tmp_path)
    config = tmp_path / "elsewhere" / "config.yaml"
    words = ["convert", "bluepyopt", str(tmp_path / "l5pc"), "--config", str(config)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert f"{config.parent / 'experiments' / 'l5pc.yaml'}: written" in said
    assert yaml.safe_load((config.parent / "experiments" / "l5pc.yaml").read_text())["targets"]
    assert main(["convert", "bluepyopt", str(tmp_path / "none")]) == 1
    assert "none/parameters.json: there is no such file" in capsys.readouterr().err
