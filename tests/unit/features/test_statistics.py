"""Statistics against functions whose answers are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dendroflow.features.statistics import STATISTICS, cut, rate


def of(name, t, y):
    return STATISTICS[name](np.asarray(t, float), np.asarray(y, float))


def test_every_statistic_is_defined_in_a_line():
    for statistic in STATISTICS.values():
        assert statistic.__doc__.splitlines()[0].endswith(".")


def test_sine():
    t = np.linspace(0, 2 * np.pi, 20001)
    y = 3 + 2 * np.sin(t)
    assert of("maximum", t, y) == pytest.approx(5)
    assert of("minimum", t, y) == pytest.approx(1)
    assert of("peak_to_peak", t, y) == pytest.approx(4)
    assert of("mean", t, y) == pytest.approx(3)
    assert of("standard_deviation", t, y) == pytest.approx(math.sqrt(2))
    assert of("integral", t, y) == pytest.approx(6 * np.pi)
    assert of("time_of_maximum", t, y) == pytest.approx(np.pi / 2)
    assert of("time_of_minimum", t, y) == pytest.approx(3 * np.pi / 2)
    assert of("initial", t, y) == 3
    assert of("final", t, y) == pytest.approx(3)


def test_long_steps_count_for_more():
    t, y = [0, 1, 9, 10], [0, 4, 4, 0]
    assert of("integral", t, y) == 36
    assert of("mean", t, y) == 3.6


def test_half_decay_time_of_an_exponential():
    t = np.linspace(0, 200, 200001)
    rise = t < 10
    y = 1 + 7 * np.where(rise, t / 10, np.exp(-(t - 10) / 20))
    assert of("half_decay_time", t, y) == pytest.approx(20 * math.log(2), abs=1e-6)


def test_half_decay_time_is_undefined_for_what_does_not_decay():
    assert math.isnan(of("half_decay_time", [0, 1, 2], [0, 1, 2]))
    assert math.isnan(of("half_decay_time", [0, 1, 2], [2, 1, 0]))
    assert math.isnan(of("half_decay_time", [0, 1, 2], [0, 4, 3]))


def test_cut_interpolates_its_ends():
    t, y = cut(np.array([0.0, 1, 4]), np.array([0.0, 10, 40]), 0.5, 2)
    assert t.tolist() == [0.5, 1, 2]
    assert y.tolist() == [5, 10, 20]


def test_cut_makes_nothing_up():
    t, y = cut(np.array([0.0, 1, 2]), np.array([5.0, 6, 7]), -1, 3)
    assert t.tolist() == [0, 1, 2]
    assert y.tolist() == [5, 6, 7]


@given(
    y=arrays(float, st.integers(3, 40), elements=st.floats(-100, 100)),
    share=st.floats(0.05, 0.95),
)
def test_two_parts_make_the_whole(y, share):
    t = np.linspace(0, 10, len(y))
    parts = [of("integral", *cut(t, y, 0, 10 * share)), of("integral", *cut(t, y, 10 * share, 10))]
    assert sum(parts) == pytest.approx(of("integral", t, y), abs=1e-9)


def test_the_crossing_of_zero_is_interpolated():
    assert of("zero_crossing_time", [0, 1, 2, 4, 5], [-2, -1, 3, -1, 1]) == pytest.approx(1.25)
    assert of("zero_crossing_time", [0, 1], [-1, 0]) == 1
    assert math.isnan(of("zero_crossing_time", [0, 1, 2], [1, -1, -2]))


def test_the_period_of_a_rhythm_is_interpolated():
    t = np.linspace(0, 30, 301)
    y = 2 + np.sin(2 * np.pi * (t - 0.3) / 7.3)
    assert of("period", t, y) == pytest.approx(7.3, abs=2e-3)
    # A sawtooth is linear where it rises, so that its crossings are exact between samples.
    assert of("period", [0, 1, 2, 4, 5, 7, 8], [0, 2, 0, 2, 0, 2, 0]) == pytest.approx(2.75)


@pytest.mark.parametrize(
    "values",
    [
        lambda t: np.full_like(t, 3.0),
        lambda t: 3 + 1e-9 * np.sin(t),
        lambda t: 3 + np.exp(-0.1 * t) * np.sin(t),
        lambda t: t,
        lambda t: np.sin(0.2 * t),
    ],
    ids=["constant", "rounding", "dying out", "rising", "too few cycles"],
)
def test_what_is_no_rhythm_has_no_period(values):
    t = np.linspace(0, 40, 4001)
    assert math.isnan(of("period", t, values(t)))


def test_the_rate_is_spikes_over_the_length_of_the_trace():
    t = np.arange(0, 500, 0.1)
    spikes = np.where(t % 100 > 98, 30.0, -70.0)
    assert of("rate", t, spikes) == pytest.approx(10, rel=1e-3)
    assert of("rate", t, np.full_like(t, -70.0)) == 0
    assert of("rate", t, np.full_like(t, 10.0)) == 0
    assert rate(np.array([0.0, 10, 20]), np.array([0.0, 2, 0]), threshold=1) == 50
