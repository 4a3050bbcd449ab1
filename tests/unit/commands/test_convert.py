"""BluePyOpt's files to a model and an experiment; what has no counterpart is named."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from dendroflow.commands.bluepyopt import Remarks
from dendroflow.commands.cli import main
from dendroflow.commands.convert import ASSUMED, convert
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
    """Remarks, the experiment, and the model."""
    source = folder / "l5pc"
    source.mkdir(exist_ok=True)
    for name, content in (FILES | changes).items():
        text = content if isinstance(content, str) else json.dumps(content)
        (source / f"{name}.json").write_text(text, encoding="utf-8")
    remarks = Remarks()
    convert(source, folder / "config", "C060114A7", remarks)
    experiment = folder / "config" / "experiments" / "l5pc.yaml"
    model = folder / "config" / "models" / "l5pc" / "model.py"
    return remarks, read_yaml(experiment), model.read_text(encoding="utf-8")


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
    _, found, model = converted(tmp_path)
    assert "g_pas_all: float = quantity(3e-05" in model
    assert "gSKv3_1bar_SKv3_1_axonal: float = quantity(..." in model
    assert "ge=0.0, le=2.0)" in model
    assert "lambda distance: (-0.8696 + 2.087 * math.exp(distance * 0.0031)) * p.gIhbar" in model
    assert 'self.place("dend1", place_at(soma, self.apic, 660.0))' in model
    compile(model, "model.py", "exec")
    assert found["optimise"]["parameters"] == {
        "parameters.gSKv3_1bar_SKv3_1_axonal": {"range": [0.0, 2.0]}
    }


def test_what_no_file_says_is_said_and_heads_the_experiment(tmp_path):
    remarks, found, model = converted(tmp_path)
    assert remarks == [
        *ASSUMED,
        "protocols.json: bAP: its window lasts to its end, which BluePyOpt guesses from bAP in its "
        "name",
        "features.json: bAP: dend1: a spike crosses -55 mV, as in BluePyOpt's example",
        "features.json: bAP: dend2: a spike crosses -55 mV, as in BluePyOpt's example",
        "optimise: 10 individuals and 10 generations are placeholders; BluePyOpt's are written in "
        "its scripts",
    ]
    assert found["protocols"]["bap"]["window"] == [295.0, 600.0]
    assert found["simulation"] == {"dt": 0.025, "celsius": 34, "v_init": -65}
    assert "replace_axon(self)" in model
    assert "section.nseg = 1 + 2 * int(section.L / 40)" in model
    text = (tmp_path / "config" / "experiments" / "l5pc.yaml").read_text(encoding="utf-8")
    head = [line for line in text.splitlines() if line.startswith("# - ")]
    assert head == [f"# - {remark}" for remark in remarks]


def one(file, *keys, **entry):
    """The files, with other entries at one place of one of them."""
    content = copy.deepcopy(FILES[file])
    place = content
    for key in keys:
        place = place[key]
    place |= entry
    return {file: content}


def parameter(k, **entry):
    return one("parameters", k, **entry)


def step(**entry):
    return one("protocols", "Step1", "stimuli", 0, **entry)


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        (parameter(2, weight=3), "parameters.json: g_pas of all: weight has no counterpart"),
        (parameter(2, sectionlist="spines"), "g_pas of spines: there is no such list"),
        (
            parameter(2, sectionlist="myelinated"),
            "g_pas of myelinated: there is no such list",
        ),
        (parameter(2, type="pprocess"), "g_pas of all: its type pprocess has no counterpart"),
        (parameter(2, dist_type="exp"), "g_pas of all: its distribution exp is for the type range"),
        (parameter(2, bounds=[0, 1]), "g_pas of all: has no value and no bounds, or both"),
        (parameter(2, param_name="g pas"), "g pas of all: is no name of a variable"),
        (
            parameter(3, param_name="g_pas", sectionlist="all"),
            "g_pas of all: has another value before this one",
        ),
        (parameter(3, dist="open('x')"), "gIhbar_Ih of apical: the distribution \"open('x')\" has"),
        (parameter(3, dist="().__class__"), "the distribution '().__class__' has"),
        (parameter(3, dist="{value} +"), "the distribution '{value} +' is no expression"),
        (parameter(3, dist="{value}*{constant}"), "*{constant}' has '{constant}'"),
        (parameter(0, param_name="q10_x"), "q10_x: is global: set it in the experiment"),
        (one("mechanisms", spines=["pas"]), "mechanisms.json: spines: there is no such list"),
        (one("mechanisms", apical=['pas"); exit("']), 'pas"); exit(" is no name'),
        ({"mechanisms": {}}, "mechanisms.json: is not there, or empty: the model inserts none"),
        (one("protocols", "bAP", cvode=True), "protocols.json: bAP: cvode has no counterpart"),
        (one("protocols", "bAP", **{"a\nb": 1}), "protocols.json: bAP: a\nb has no counterpart"),
        (
            step(thresh_perc=150),
            "Step1: stimulus 0: has amp 0.458 nA, which is taken, and thresh_perc 150, which",
        ),
        (
            one("protocols", "Step1", stimuli=[STEP | {"amp": None, "thresh_perc": 150}]),
            "stimulus 0: is relative to a threshold (thresh_perc 150): write a search; protocol",
        ),
        (
            one("protocols", "Step1", stimuli=[STEP]),
            "Step1: stimulus 0: is no step of current: amp is missing; protocol left out",
        ),
        (one("protocols", "Step1", stimuli=[]), "protocols.json: Step1: has no stimuli; left out"),
        (
            one("protocols", "Step1", stimuli=[HOLDING]),
            "Step1: has no stimulus besides holding; its window is all of it",
        ),
        (
            one("protocols", "Step1", stimuli=[HOLDING, STEP | {"amp": 0.458}]),
            "Step1: has several stimuli; its window is that of stimulus 1",
        ),
        (
            one("protocols", step1={"stimuli": [STEP | {"amp": 1}]}),
            "protocols.json: step1: another protocol is step1 here; left out",
        ),
        (
            one("protocols", Quiet={"stimuli": [STEP | {"amp": 1}]}),
            "protocols.json: Quiet: nothing is measured under it; left out",
        ),
        (
            one("protocols", "bAP", extra_recordings=[*PLACES, PLACES[0] | {"var": "cai"}]),
            "extra_recordings: dend1: only v at a distance from the soma is known",
        ),
        (
            one("protocols", "Step1", extra_recordings=[PLACES[0] | {"somadistance": 100}]),
            "Step1: extra_recordings: dend1: is another place of this name; left out",
        ),
        (
            one("protocols", "Step1", extra_recordings=[PLACES[0] | {"name": "soma"}]),
            "Step1: extra_recordings: soma: is another place of this name; left out",
        ),
        (one("features", Step9={"soma": {}}), "features.json: Step9 is no protocol"),
        (one("features", "Step1", "soma", height=[1, 1]), "height: is no feature of eFEL"),
        (one("features", "Step1", "soma", AP_width=[1, 0]), "AP_width: is no mean and SD above 0"),
        (one("features", "Step1", "soma", AP_width=["1", 2]), "AP_width: is no mean and SD"),
        (one("features", "Step1", axon={"AP_width": [1, 1]}), "axon: nothing is recorded there"),
    ],
)
def test_what_has_no_counterpart_is_named(tmp_path, changes, remark):
    remarks, found, model = converted(tmp_path, **changes)
    assert len([line for line in remarks if remark in line]) == 1
    assert found["targets"]
    compile(model, "model.py", "exec")


def test_every_protocol_with_bap_in_its_name_gets_the_window_that_bluepyopt_guesses(tmp_path):
    changes = copy.deepcopy(FILES)
    for file in ("protocols", "features"):
        changes[file]["L5bAP_2"] = changes[file].pop("bAP")
    remarks, found, _ = converted(tmp_path, **changes)
    assert found["protocols"]["l5bap_2"]["window"] == [295.0, 600.0]
    assert any("L5bAP_2: its window lasts to its end" in remark for remark in remarks)


def test_a_feature_that_needs_the_current_gets_that_of_the_step(tmp_path):
    wanted = {"ohmic_input_resistance_vb_ssse": [50, 10], "AP_width": [1, 1]}
    _, found, _ = converted(tmp_path, **one("features", "Step1", soma=wanted))
    with_current, without = found["protocols"]["step1"]["features"]
    assert with_current["settings"] == {"interp_step": 0.1, "stimulus_current": 0.458}
    assert without["efel"] == ["AP_width"]
    assert without["settings"] == {"interp_step": 0.1}


# As BluePyOpt's example of a thalamic cell and BluePyEModel write them.
GROUPED = {
    "mechanisms": "{}",
    "parameters": {
        "mechanisms": {"all": {"mech": ["pas"]}, "somadend": {"mech": ["hh"]}},
        "distributions": {
            "decay": {"fun": "math.exp({distance}*-0.02)*{value}"},
            "fitted": {
                "fun": "math.exp({distance}*{constant})*{value}",
                "parameters": ["constant"],
            },
        },
        "parameters": {
            "__comment": "values, and bounds of what is fitted",
            "global": [{"name": "v_init", "val": -79}, {"name": "celsius", "val": 34}],
            "distribution_fitted": [{"name": "constant", "val": [-0.1, 0]}],
            "all": [{"name": "Ra", "val": 100}, {"name": "g_pas", "val": [1e-5, 1e-4]}],
            "somadend": [
                {"name": "gnabar_hh", "val": [0, 0.2], "dist": "decay"},
                {"name": "gkbar_hh", "val": [0, 0.1], "dist": "fitted"},
            ],
        },
    },
    "protocols": {
        "Step_150": {
            "type": "StepProtocol",
            "stimuli": {
                "step": STEP | {"amp": 0.09, "thresh_perc": 150.03, "holding_current": None},
                "holding": HOLDING,
            },
        },
        "Step_250": {
            "type": "StepThresholdProtocol",
            "stimuli": STEP | {"amp": None, "thresh_perc": 250},
        },
    },
    "features": {
        "Step_150": {
            "soma.v": [
                {"feature": "AP_amplitude", "val": [58, 4.3, -0.9, 0.1], "n": 11, "fid": 3},
                {"feature": "Spikecount", "val": [8, 3], "strict_stim": False, "threshold": -30},
                {"feature": "AHP_depth", "val": [10, 3], "strict_stim": True, "weight": 2},
                {"feature": "bpo_threshold_current", "val": [0.3, 0.1]},
            ]
        }
    },
}


def test_files_by_list_of_sections_and_by_name_are_read_too(tmp_path):
    remarks, found, model = converted(tmp_path, **GROUPED)
    assert 'insert([*self.soma, *self.dend, *self.apic], "hh")' in model
    assert "gnabar_hh=lambda distance: math.exp(distance * -0.02) * p.gnabar_hh_somadend" in model
    assert found["simulation"] == {"dt": 0.025, "v_init": -79, "celsius": 34}
    assert found["optimise"]["parameters"] == {
        "parameters.g_pas_all": {"range": [1e-5, 1e-4]},
        "parameters.gnabar_hh_somadend": {"range": [0.0, 0.2]},
    }
    (protocol,) = found["protocols"].values()
    assert protocol["window"] == [700.0, 2700.0]
    assert {name: one["amplitude"] for name, one in protocol["stimuli"].items()} == {
        "step1": 0.09,
        "holding": -0.126,
    }
    assert [(block["efel"], block["settings"]) for block in protocol["features"]] == [
        (["AP_amplitude", "AHP_depth"], {"interp_step": 0.1, "strict_stiminterval": True}),
        (["Spikecount"], {"interp_step": 0.1, "Threshold": -30.0}),
    ]
    assert found["targets"]["step_150.AP_amplitude"] == {"mean": 58.0, "sd": 4.3}
    left = [remark for remark in remarks if remark not in ASSUMED][:-1]
    assert left == [
        "parameters.json: constant of distribution_fitted: there is no such list of sections in a "
        "cell; left out",
        "parameters.json: gkbar_hh of somadend: the distribution "
        "'math.exp({distance}*{constant})*{value}' has '{constant}'; left out",
        "protocols.json: Step_150: stimulus 0: has amp 0.09 nA, which is taken, and thresh_perc "
        "150.03, which BluePyEModel takes once it knows a threshold: write what is meant",
        "features.json: Step_150: soma.v: AHP_depth: weight has no counterpart; left out",
        "features.json: Step_150: soma.v: bpo_threshold_current: is no feature of eFEL; left out",
        "protocols.json: Step_250: type has no counterpart; left out",
        "protocols.json: Step_250: stimulus 0: is relative to a threshold (thresh_perc 250): write "
        "a search; protocol left out",
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"parameters": "{"}, "l5pc/parameters.json: is not JSON"),
        ({"parameters": "3"}, "l5pc/parameters.json: is 3; write a list"),
        ({"parameters": [3]}, "l5pc/parameters.json: entry 0: is 3; write a mapping"),
        ({"parameters": [{}]}, "l5pc/parameters.json: entry 0: its name: is null; write a text"),
        (parameter(2, value="3e-5"), 'parameters.json: entry 2: g_pas: value: is "3e-5"; write a'),
        (parameter(2, value=float("nan")), "entry 2: g_pas: value: is NaN; write a number"),
        (parameter(2, value=True), "entry 2: g_pas: value: is true; write a number"),
        (parameter(2, value=10**400), "g_pas: value: is 1000000000"),
        (
            parameter(2, sectionlist=["all"]),
            'entry 2: g_pas: sectionlist: is ["all"]; write a text',
        ),
        (parameter(4, bounds=[1]), "entry 4: gSKv3_1bar_SKv3_1: bounds: write two numbers"),
        (parameter(4, bounds=[0, "1"]), 'gSKv3_1bar_SKv3_1: bounds: is "1"; write a number'),
        ({"mechanisms": "[]"}, "l5pc/mechanisms.json: is []; write a mapping"),
        (one("mechanisms", all="pas"), 'mechanisms.json: all: is "pas"; write a list'),
        ({"features": "[1]"}, "l5pc/features.json: is [1]; write a mapping"),
        ({"features": {}}, "l5pc/protocols.json: none of its protocols can be converted"),
        ({"features": {"Step1": {"soma": 3}}}, "features.json: Step1: soma: is 3; write a mapping"),
        ({"protocols": {"a": {"stimuli": [3]}}}, "a: stimuli: entry 0: is 3; write a mapping"),
        ({"protocols": {"a\nb": {"stimuli": [3]}}}, "json: a b: stimuli: entry 0: is 3; write a"),
        (step(amp="1"), 'Step1: stimuli: entry 0: amp: is "1"; write a number'),
        (one("protocols", "bAP", extra_recordings=3), "bAP: extra_recordings: is 3; write a list"),
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
    with pytest.raises(
        ConfigurationError, match="is there already; remove it, or name an --output"
    ):
        converted(tmp_path)


def test_the_command_says_what_it_has_written_and_apart_from_it_what_to_look_at(tmp_path, capsys):
    converted(tmp_path, **one("protocols", "bAP", **{"a\nb": 1}))
    config = tmp_path / "elsewhere" / "config.yaml"
    words = ["convert", "bluepyopt", str(tmp_path / "l5pc"), "--config", str(config)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{config.parent / 'experiments' / 'l5pc.yaml'}: written",
        f"{config.parent / 'models' / 'l5pc' / 'model.py'}: written",
        f"copy the .mod files of Ih, SKv3_1 into {config.parent / 'models' / 'l5pc'}",
        f"cell must be an entry of {config.parent / 'morphologies.yaml'}",
    ]
    lines = said.err.splitlines()
    assert all(line.startswith("look at: ") for line in lines)
    assert "look at: protocols.json: bAP: a b has no counterpart; left out" in lines
    text = (config.parent / "experiments" / "l5pc.yaml").read_text(encoding="utf-8")
    assert "# - protocols.json: bAP: a b has no counterpart; left out\n" in text
    assert yaml.safe_load(text)["targets"]

    output = tmp_path / "elsewhere" / "experiments" / "again.yaml"
    assert main([*words, "--output", str(output)]) == 0
    assert yaml.safe_load(output.read_text(encoding="utf-8"))["model"] == "again"
    assert (config.parent / "models" / "again" / "model.py").exists()


def test_what_cannot_be_converted_is_said_before_the_error(tmp_path, capsys):
    source = tmp_path / "cell"
    source.mkdir()
    relative = {"a": {"stimuli": [STEP | {"thresh_perc": 150}]}}
    for name, content in (FILES | {"protocols": relative}).items():
        (source / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    words = ["convert", "bluepyopt", str(source), "--config", str(tmp_path / "config.yaml")]
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    *before, last = said.err.splitlines()
    assert any("a: stimulus 0: is relative to a threshold" in line for line in before)
    assert last == (
        f"dendroflow: {source}/protocols.json: none of its protocols can be converted, as the "
        "lines above say"
    )
    assert main(["convert", "bluepyopt", str(tmp_path / "none")]) == 1
    assert "none/parameters.json: there is no such file" in capsys.readouterr().err
