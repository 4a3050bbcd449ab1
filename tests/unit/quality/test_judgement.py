import json

import pytest

from dendroflow.errors import ConfigurationError, MorphologyError
from dendroflow.quality.finding import Finding
from dendroflow.quality.judgement import judge, objections, refuse
from dendroflow.settings.appraisal import Appraisal, Requirements, Use
from dendroflow.settings.project import load, validated

USE = Use(title="cable", requires=("components", "soma"), heeds=("axon",))
SETTINGS = Appraisal(checks=("components", "soma", "axon"), uses={"cable": USE})


def findings(components="pass", soma="pass", axon="pass"):
    return [
        Finding("components", components, "Two components.", 2, "", "none", lines=(7, 9)),
        Finding("soma", soma, "A soma."),
        Finding("axon", axon, "A stub.", 12.5, "µm", "at least 1000 µm"),
    ]


@pytest.mark.parametrize(
    ("verdicts", "fitness", "reasons"),
    [
        ({}, "fit", []),
        ({"soma": "info", "axon": "info"}, "fit", []),
        ({"soma": "warn"}, "with care", ["soma"]),
        ({"axon": "fail"}, "with care", ["axon"]),
        ({"axon": "unknown", "soma": "warn"}, "with care", ["soma", "axon"]),
        ({"components": "fail", "axon": "fail"}, "unfit", ["components"]),
        ({"soma": "unknown"}, "unfit", ["soma"]),
    ],
)
def test_what_findings_mean_for_a_use(verdicts, fitness, reasons):
    judgement = judge(findings(**verdicts), "cable", USE)
    assert judgement.fitness == fitness
    assert [finding.check for finding in judgement.reasons] == reasons


@pytest.mark.parametrize(
    ("requirements", "verdicts", "objecting"),
    [
        ({"uses": ["cable"]}, {"soma": "warn", "axon": "fail"}, []),
        ({"uses": ["cable"]}, {"soma": "fail"}, ["soma"]),
        ({"checks": ["axon"]}, {"soma": "fail"}, []),
        ({"checks": ["axon"]}, {"axon": "warn"}, []),
        ({"checks": ["axon", "soma"], "uses": ["cable"]}, {"soma": "unknown"}, ["soma"]),
    ],
)
def test_what_is_held_against_a_morphology(requirements, verdicts, objecting):
    found = objections(findings(**verdicts), Requirements(**requirements), SETTINGS)
    assert [finding.check for finding in found] == objecting


def test_the_refusal_is_one_line_with_check_value_threshold_and_file():
    bad = findings(components="fail")[0]
    stub = findings(axon="fail")[2]
    with pytest.raises(MorphologyError) as caught:
        refuse("mine", {"a": ("cells/a.swc", []), "b": ("cells/b.swc", [bad]), "c": ("c", [stub])})
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("mine: morphology 'b' (cells/b.swc) fails components (value 2; ")
    assert "threshold: none), line 7: Two components; also axon (c); use another" in message
    refuse("mine", {"a": ("cells/a.swc", [])})


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({"checks": ["components", "sooma"]}, "there is no check 'sooma'"),
        ({"checks": ["components"]}, "uses.passive_cable names 'readable', which `checks` leaves"),
        ({"uses": {"mine": {"title": "x", "requires": ["sooma"]}}}, "there is no check 'sooma'"),
        ({"size": {"extent_um": [500, 50]}}, "a range goes from a smaller to a larger"),
        ({"size": {"extend_um": [50, 500]}}, "size.extend_um: unknown key"),
        ({"depth": {"path_ratio": 0.5}}, "depth.path_ratio"),
    ],
)
def test_wrong_settings_are_named(content, part):
    with pytest.raises(ConfigurationError) as caught:
        validated(Appraisal, content, "appraisal.yaml")
    assert part in str(caught.value)
    assert str(caught.value).startswith("appraisal.yaml: ")


def test_requirements_that_require_nothing():
    with pytest.raises(ConfigurationError, match="names neither `uses` nor `checks`"):
        validated(Requirements, {}, "e.yaml")


@pytest.mark.parametrize(
    ("required", "part"),
    [
        ({"uses": ["cables"]}, "morphology_requires.uses: 'cables' is not among the uses of"),
        ({"checks": ["axon"]}, "morphology_requires.checks: 'axon' is not among the checks of"),
        ({"checks": ["sooma"]}, "morphology_requires: there is no check 'sooma'"),
    ],
)
def test_requirements_that_the_appraisal_does_not_know(tmp_path, required, part):
    appraisal = {"checks": ["soma"], "uses": {"cable": {"title": "cable", "requires": ["soma"]}}}
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
    (tmp_path / "appraisal.yaml").write_text(json.dumps(appraisal))
    with pytest.raises(ConfigurationError) as caught:
        load({"experiments": ["e"]}, tmp_path / "config.yaml")
    assert str(caught.value).startswith(f"{tmp_path / 'experiments' / 'e.yaml'}: {part}")
