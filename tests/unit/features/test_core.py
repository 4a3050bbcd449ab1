"""eFEL's core, each function once: the same values in any company, and no trace left in eFEL."""

import efel
import numpy as np
import pytest
from efel import cppcore
from efel.pyfeatures import all_pyfeatures
from feature_tables import DT, STEP, features

from dendroflow.features import core, spikes
from dendroflow.features.names import EFEL_UNITS
from dendroflow.features.recordings import Recording
from dendroflow.features.spikes import Efel
from dendroflow.settings.features import UNUSABLE

# One fits a curve, which on a trace that has none ends anywhere; one needs a long stimulus.
NAMES = sorted(set(EFEL_UNITS) - {*UNUSABLE, "deactivation_time_constant", "time_constant"})
SETTINGS = {"stimulus_current": 0.1, "interp_step": DT}


def block_of(*names):
    content = STEP | {"stimulus": [10, 50], "efel": list(names), "settings": SETTINGS}
    return features(content).blocks[0]


def measured(block, values):
    t = DT * np.arange(len(values))
    with Efel.for_block(block) as measure:
        return measure(Recording(t, np.asarray(values, dtype=float), DT))


def by_efel_itself(name, values):
    """What eFEL's own functions give for one feature."""
    for key, value in SETTINGS.items():
        efel.set_setting(key, value)
    trace = {"T": DT * np.arange(len(values)), "V": values, "stim_start": [10], "stim_end": [50]}
    try:
        (found,) = efel.get_feature_values([trace], [name], raise_warnings=False)
    finally:
        efel.reset()
    return found[name]


def draw(random):
    """A trace with any number of bumps, anywhere, on noise or none."""
    t = DT * np.arange(int(random.integers(2100, 2500)))
    v = -70 + random.normal(0, random.choice([0, 0.1, 3]), len(t)) + 5 * ((t > 10) & (t < 50))
    for _ in range(int(random.choice([0, 1, 2, 8]))):
        centre, width = random.uniform(-2, t[-1] + 2), random.uniform(0.3, 2)
        v += random.uniform(20, 120) * np.exp(-(((t - centre) / width) ** 2))
        v -= 10 * np.exp(-(((t - centre - 3 * width) / (3 * width)) ** 2))
    return v


@pytest.mark.parametrize("seed", range(40))
def test_a_feature_is_the_same_in_any_company(seed):
    random = np.random.default_rng(seed)
    names = [str(name) for name in random.permutation(NAMES)[: int(random.integers(2, 25))]]
    values = draw(random)
    try:
        found = measured(block_of(*names), values)
    except spikes.TraceError as error:
        # A feature in Python that raises does so alone as well.
        (culprit,) = [name for name in names if f"eFEL's {name}:" in str(error)]
        with pytest.raises(Exception):  # noqa: B017
            by_efel_itself(culprit, values)
        return
    for name in names:
        expected = by_efel_itself(name, values)
        if expected is None or not len(expected):
            assert found[name] is None or not len(found[name]), name
        else:
            np.testing.assert_array_equal(found[name], np.asarray(expected, dtype=float), name)


def test_each_function_of_the_core_runs_once():
    asked = ["AP_duration", "AP_duration_half_width", "AP_amplitude", "voltage_base"]
    lines = core.dependency_table(asked, ()).splitlines()
    functions = [part for line in lines for part in line.split(" #")]
    assert len(functions) == len(set(functions))
    assert [line.split(" #")[0].partition(":")[2] for line in lines] == [core.FIRST, *asked]
    assert lines[0] == "SpikeEvent:peak_indices #BasicFeatures:interpolate"


def test_what_runs_after_a_function_that_may_fail_runs_again():
    """Where AP_rise_indices fails, AP_fall_time has to run AP_end_indices itself."""
    lines = core.dependency_table(["AP_duration_half_width", "AP_fall_time", "AP_rise_time"], ())
    half, fall, rise = lines.splitlines()[1:]
    assert "SpikeShape:AP_end_indices" in half
    assert "SpikeShape:AP_end_indices" in fall
    assert "SpikeShape:AP_begin_indices" not in rise


def test_features_in_python_find_all_that_they_ask_for():
    asked = core._asked_by_python()
    assert {"peak_indices", "peak_time", "voltage", "time", "voltage_base"} <= set(asked)
    flat = np.full(2400, -70.0)
    for name in (name for name in NAMES if name in all_pyfeatures):
        try:
            measured(block_of(name), flat)
        except spikes.TraceError as error:
            assert "missing" not in str(error)


def test_efel_is_left_as_it_was(squid):
    values = squid(6.3)
    before = by_efel_itself("AP_begin_voltage", values)
    cppcore.setFeatureDouble("T", [1.0, 2.0])
    block = block_of("AP_amplitude", "spike_count")
    for _ in range(2):
        found = measured(block, values)
        assert found["AP_amplitude"] == by_efel_itself("AP_amplitude", values)
        assert found["spike_count"] == 1
    np.testing.assert_array_equal(by_efel_itself("AP_begin_voltage", values), before)
    cppcore.setFeatureDouble("T", [1.0, 2.0])
    measured(block, values)
    assert cppcore.getMapDoubleData("T") == [1.0, 2.0]
