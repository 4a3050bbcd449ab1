"""The `features` key of an experiment: what it gives, and what it refuses."""

import dataclasses
import json

import efel
import pytest
from feature_tables import STEP, features
from pydantic import ValidationError

from dendroflow.features.names import EFEL_UNITS, STATISTIC_UNITS
from dendroflow.settings.features import UNUSABLE, EfelSettings, Features

AP = STEP | {"efel": ["AP_duration"]}
CA = {"signal": "ca", "statistics": ["maximum", "time_of_maximum"]}


def error(*blocks):
    with pytest.raises(ValidationError) as caught:
        features(*blocks)
    return str(caught.value)


def test_names_are_those_of_the_installed_efel():
    assert set(EFEL_UNITS) == set(efel.get_feature_names())
    assert set(UNUSABLE) <= set(EFEL_UNITS)


def test_settings_and_defaults_are_those_of_the_installed_efel():
    theirs = dataclasses.asdict(efel.Settings())
    del theirs["dependencyfile_path"]
    ours = EfelSettings().model_dump()
    assert ours.pop("interp_step") is None
    assert theirs.pop("interp_step") == 0.1
    # No feature that can be asked for looks at a current.
    for name in (
        "impedance_max_freq",
        *(f"current_base_{k}" for k in ("start_perc", "end_perc", "mode")),
    ):
        del theirs[name]
    of_single_features = {"decay_start_after_stim", "decay_end_after_stim", "stimulus_current"}
    assert {name: ours[name] for name in ours if name not in of_single_features} == theirs


def test_one_block_is_a_list_of_one():
    assert Features.model_validate(AP) == features(AP)


def test_columns_signals_and_end():
    both = features(AP | {"prefix": "soma"}, CA | {"window": [0, 100]})
    assert both.columns == ("soma_AP_duration", "ca_maximum", "ca_time_of_maximum")
    assert both.signals == ("soma_v", "ca")
    assert both.end == 100
    assert features(CA).end is None
    assert features(CA | {"prefix": "calcium"}).columns[0] == "calcium_maximum"


def test_what_is_written_is_read_again():
    both = features(AP | {"settings": {"Threshold": 0}}, CA)
    assert Features.model_validate_json(json.dumps(both.model_dump(mode="json"))) == both


def test_deprecated_names_of_efel_are_accepted():
    assert (
        features(STEP | {"efel": ["Spikecount", "ISI_values", "ISIs"]}).columns[0] == "Spikecount"
    )


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (
            [STEP | {"efel": ["AP_durations"]}],
            "no eFEL feature 'AP_durations'; did you mean 'AP_dura",
        ),
        ([STEP | {"efel": ["spike_Count"]}], "did you mean 'spike_count'"),
        ([STEP | {"efel": ["impedance"]}], "impedance needs a recorded current"),
        ([STEP | {"efel": ["voltage"]}], "voltage is the trace itself"),
        ([STEP | {"efel": ["time_constant"]}], "stimulus of more than 140 ms"),
        ([STEP | {"efel": ["ohmic_input_resistance"]}], "stimulus_current"),
        ([STEP | {"efel": ["AP_width", "AP_width"]}], "'AP_width' is listed twice"),
        (
            [AP | {"settings": {"threshold": 0}}],
            "unknown key; did you mean 'Thresh",
        ),
        (
            [AP | {"settings": {"dependencyfile_path": "/x"}}],
            "unknown key; see docs",
        ),
        ([AP | {"settings": {"interp_step": 0}}], "interp_step"),
        ([AP | {"settings": {"Threshold": float("nan")}}], "Threshold"),
        ([AP | {"settings": {"rise_start_perc": 1}}], "rise_start_perc must be less than"),
        ([AP | {"stimulus": [10, 5]}], "10 must lie below 5"),
        ([AP | {"stimulus": [5, 5]}], "5 must lie below 5"),
        ([AP | {"stimulus": [5, float("inf")]}], "stimulus"),
        ([CA | {"stimulus": [5, 10]}], "`stimulus` is for `efel`"),
        ([CA | {"keep_values": False}], "`keep_values` is for `efel`"),
        ([AP | {"window": [5, 10]}], "`window` is for `statistics`"),
        ([CA | {"threshold": 1}], "`threshold` is for `rate`"),
        ([{"signal": "v"}], "nothing is asked of v"),
        (
            [{"signal": "ca", "statistics": ["maximun"]}],
            "no statistic 'maximun'; did you mean 'maximum'",
        ),
        ([AP | {"signals": "v"}], "signals"),
        ([AP, AP | {"stimulus": [20, 25]}], "two blocks give the column AP_duration: set `prefix`"),
        ([CA, CA | {"prefix": "CA"}], "differ by case only"),
        ([AP | {"prefix": "1st"}], "prefix"),
    ],
)
def test_refused(blocks, said):
    assert said in error(*blocks)


def test_schema_has_the_names_and_both_forms():
    schema = Features.model_json_schema()
    assert {form.get("type", "block") for form in schema["anyOf"]} == {"block", "array"}
    block = schema["$defs"]["FeatureBlock"]["properties"]
    assert "AP_duration" in block["efel"]["items"]["enum"]
    assert block["statistics"]["items"]["enum"] == list(STATISTIC_UNITS)
