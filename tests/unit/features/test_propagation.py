"""Delay and speed between two signals."""

import numpy as np
import pytest
from feature_tables import features, outcomes, trace, traces
from pydantic import ValidationError

from dendroflow.errors import ConfigurationError
from dendroflow.features.extract import extract
from dendroflow.features.statistics import first_crossing, speed
from dendroflow.features.units import units

ASKED = {"since": "near", "threshold": 0.0, "distance": "apart"}
BLOCK = {"signal": "far", "propagation": ASKED}
UNITS = {"near": "mV", "far": "mV", "apart": "µm"}


def measured(near, far, **changed):
    rows = traces(
        trace("a", near, signal="near", **changed),
        trace("a", far, signal="far", **changed),
        trace("a", [500.0], signal="apart", unit="µm"),
    )
    return extract(rows, outcomes("a"), {"": features(BLOCK)}).to_pylist()[0]


def test_a_crossing_lies_between_samples():
    t = np.array([0.0, 1.0, 3.0, 4.0])
    assert first_crossing(t, np.array([-3.0, -1.0, 3.0, -5.0]), 0.0) == pytest.approx(1.5)
    # Reached exactly; and the first of two crossings.
    assert first_crossing(t, np.array([-1.0, 0.0, -1.0, 1.0]), 0.0) == 1.0
    for never in ([1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0], [4.0, 3.0, -2.0, -3.0]):
        assert np.isnan(first_crossing(t, np.array(never), 0.0))


def test_micrometres_per_millisecond_are_thousandths_of_metres_per_second():
    assert speed(500.0, 0.25) == pytest.approx(2.0)
    assert speed(500.0, -0.25) == pytest.approx(-2.0)
    assert np.isnan(speed(500.0, 0.0))


def test_delay_and_speed_of_a_point():
    row = measured([-1, 1, 1, 1], [-1, -1, -1, 1], dt=0.1)
    assert row["far_delay"] == pytest.approx(0.2)
    assert row["far_speed"] == pytest.approx(2.5)


def test_steps_may_vary():
    row = measured([-1, 1, 1], [-1, -1, 1], dt=None, t=[0.0, 1.0, 4.0])
    assert row["far_delay"] == pytest.approx(2.0)


def test_a_wave_that_does_not_arrive_has_no_speed():
    row = measured([-1, 1, 1, 1], [-1, -1, -1, -1])
    assert row["status"] == "ok"
    assert row["far_delay"] is None
    assert row["far_speed"] is None


def test_a_signal_that_is_not_finite():
    row = measured([-1, float("nan"), 1, 1], [-1, -1, -1, 1])
    assert row["status"] == "nonfinite"
    assert row["error"] == "features: near is not finite at 0.025 ms"


def test_columns_units_and_signals():
    both = features(BLOCK, {"signal": "far", "prefix": "wave", "propagation": ASKED})
    assert both.signals == ("far", "near", "apart")
    assert units(both, UNITS) == {
        "far_delay": "ms",
        "far_speed": "m/s",
        "wave_delay": "ms",
        "wave_speed": "m/s",
    }
    alone = features({"signal": "far", "propagation": {"since": "near", "threshold": 0}})
    assert alone.columns == ("far_delay",)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"near": "mM"}, "far is in mV and near in mM: a propagation needs signals of one unit"),
        ({"apart": "mm"}, "the distance apart is in mm; it must be in µm"),
        ({"apart": ""}, "the distance apart is in no unit"),
    ],
)
def test_units_that_do_not_go_together(changed, message):
    with pytest.raises(ConfigurationError, match=message):
        units(features(BLOCK), UNITS | changed)


def test_signals_must_differ():
    with pytest.raises(ValidationError, match="needs another signal than near itself"):
        features({"signal": "near", "propagation": ASKED})
    with pytest.raises(ValidationError, match="threshold"):
        features({"signal": "far", "propagation": {"since": "near"}})
