"""Units of columns, for the labels of figures."""

import pytest
from feature_tables import STEP, features

from dendroflow.errors import ConfigurationError
from dendroflow.features.units import units


def test_units_of_efel_and_statistics():
    both = features(
        STEP | {"efel": ["AP_duration", "AP_amplitude", "spike_count"]},
        {
            "signal": "ca",
            "statistics": [
                "maximum",
                "integral",
                "time_of_maximum",
                "half_decay_time",
                "mean",
                "rate",
            ],
        },
        {"signal": "n", "statistics": ["integral"]},
    )
    assert units(both, {"soma_v": "mV", "ca": "mM", "n": "", "unused": "nA"}) == {
        "AP_duration": "ms",
        "AP_amplitude": "mV",
        "spike_count": "",
        "ca_maximum": "mM",
        "ca_integral": "mM·ms",
        "ca_time_of_maximum": "ms",
        "ca_half_decay_time": "ms",
        "ca_mean": "mM",
        "ca_rate": "Hz",
        "n_integral": "ms",
    }


def test_efel_measures_only_membrane_potentials():
    with pytest.raises(ConfigurationError, match="soma_v is in V, but `efel` needs mV"):
        units(features(STEP | {"efel": ["AP_width"]}), {"soma_v": "V"})


def test_times_are_in_the_unit_that_the_model_gives_them():
    statistics = ["maximum", "integral", "time_of_maximum", "period", "rate"]
    found = units(features({"signal": "per", "statistics": statistics}), {"per": "nM"}, "h")
    assert list(found.values()) == ["nM", "nM·h", "h", "h", "1000/h"]
