import json

import pytest

from dendroflow.errors import ConfigurationError, MorphologyError
from dendroflow.quality.result import CheckResult
from dendroflow.quality.suitability import refuse, suitability_for, unmet
from dendroflow.settings.project import load, validated
from dendroflow.settings.quality import Quality, Requirements, Use

USE = Use(title="cable", requires=("connected", "soma"), recommends=("axon",))
SETTINGS = Quality(checks=("connected", "soma", "axon"), uses={"cable": USE})


def results_of(connected="pass", soma="pass", axon="pass"):
    return [
        CheckResult(connected, "Two components.", 2, "", "none", lines=(7, 9), check="connected"),
        CheckResult(soma, "A soma.", check="soma"),
        CheckResult(axon, "A stub.", 12.5, "µm", "at least 1000 µm", check="axon"),
    ]


@pytest.mark.parametrize(
    ("results", "suitability", "reasons"),
    [
        ({}, "suitable", []),
        ({"soma": "info", "axon": "info"}, "suitable", []),
        ({"soma": "warn"}, "with care", ["soma"]),
        ({"axon": "fail"}, "with care", ["axon"]),
        ({"axon": "unknown", "soma": "warn"}, "with care", ["soma", "axon"]),
        ({"connected": "fail", "axon": "fail"}, "unsuitable", ["connected"]),
        ({"soma": "unknown"}, "unsuitable", ["soma"]),
    ],
)
def test_what_results_mean_for_a_use(results, suitability, reasons):
    found = suitability_for(results_of(**results), "cable", USE)
    assert found.suitability == suitability
    assert [result.check for result in found.reasons] == reasons


@pytest.mark.parametrize(
    ("requirements", "results", "checks"),
    [
        ({"uses": ["cable"]}, {"soma": "warn", "axon": "fail"}, []),
        ({"uses": ["cable"]}, {"soma": "fail"}, ["soma"]),
        ({"checks": ["axon"]}, {"soma": "fail"}, []),
        ({"checks": ["axon"]}, {"axon": "warn"}, []),
        ({"checks": ["axon", "soma"], "uses": ["cable"]}, {"soma": "unknown"}, ["soma"]),
    ],
)
def test_which_results_do_not_meet_the_requirements(requirements, results, checks):
    found = unmet(results_of(**results), Requirements(**requirements), SETTINGS)
    assert [result.check for result in found] == checks


def test_the_refusal_is_one_line_with_check_value_threshold_and_file():
    bad = results_of(connected="fail")[0]
    stub = results_of(axon="fail")[2]
    with pytest.raises(MorphologyError) as caught:
        refuse("mine", {"a": ("cells/a.swc", []), "b": ("cells/b.swc", [bad]), "c": ("c", [stub])})
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("mine: morphology 'b' (cells/b.swc) fails connected (value 2; ")
    assert "threshold: none), line 7: Two components; also axon (c); use another" in message
    refuse("mine", {"a": ("cells/a.swc", [])})


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"checks": ["connected", "sooma"]}, "there is no check 'sooma'"),
        ({"checks": ["connected"]}, "uses.passive_cable names 'readable', which `checks` leaves"),
        ({"uses": {"mine": {"title": "x", "requires": ["sooma"]}}}, "there is no check 'sooma'"),
        ({"size": {"soma_area_um2": [500, 50]}}, "size.soma_area_um2: 500 must lie below 50"),
        ({"size": {"soma_area": [50, 500]}}, "size.soma_area: unknown key"),
        ({"depth": {"path_ratio": 0.5}}, "depth.path_ratio"),
    ],
)
def test_wrong_settings_are_named(content, part):
    with pytest.raises(ConfigurationError) as caught:
        validated(Quality, content, "quality.yaml")
    assert part in str(caught.value)
    assert str(caught.value).startswith("quality.yaml: ")


def test_requirements_that_require_nothing():
    with pytest.raises(ConfigurationError, match="names neither `uses` nor `checks`"):
        validated(Requirements, {}, "e.yaml")


@pytest.mark.parametrize(
    ("required", "part"),
    [
        ({"uses": ["cables"]}, "morphology_requires.uses: 'cables' is not among the uses of"),
        ({"checks": ["axon"]}, "morphology_requires.checks: 'axon' is not among the checks of"),
        ({"checks": ["sooma"]}, "morphology_requires.checks.0: there is no check 'sooma'"),
    ],
)
def test_requirements_that_quality_control_does_not_know(tmp_path, required, part):
    quality = {"checks": ["soma"], "uses": {"cable": {"title": "cable", "requires": ["soma"]}}}
    experiment = {
        "title": "x",
        "model": "m",
        "simulation": {"duration": 1},
        "sweep": {"parameters.a": [1]},
        "features": {"signal": "v", "statistics": ["maximum"]},
        "morphology_requires": required,
    }
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "e.yaml").write_text(json.dumps(experiment))
    (tmp_path / "quality.yaml").write_text(json.dumps(quality))
    with pytest.raises(ConfigurationError) as caught:
        load({"experiments": ["e"]}, tmp_path / "config.yaml")
    assert str(caught.value).startswith(f"{tmp_path / 'experiments' / 'e.yaml'}: {part}")
