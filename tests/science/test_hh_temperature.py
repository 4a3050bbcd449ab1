"""Exercise 1 of the course: duration of the squid's action potential against temperature."""

import dataclasses

import pytest

# gnabar 0.12 S/cm², 0.02 nA for 5 ms, dt 0.025 ms, eFEL at the same step; °C: ms.
DURATIONS = {0.0: 6.200, 10.0: 2.700, 14.0: 2.025, 18.0: 1.600, 20.0: 1.425}


@pytest.fixture(scope="module")
def table(experiment):
    table, _ = experiment("hh_temperature").run()
    return table


def test_the_sweep_is_that_of_the_exercise(table):
    assert len(table) == 61 * 3
    assert set(table["gnabar"]) == {0.10, 0.12, 0.14}
    assert (table["status"] == "ok").all()


def test_published_durations(table):
    line = table[table["gnabar"] == 0.12].set_index("celsius")["AP_duration"]
    for celsius, duration in DURATIONS.items():
        assert line[celsius] == pytest.approx(duration, abs=1e-6)


def test_no_spike_from_22_degrees(table):
    warm = table[(table["gnabar"] == 0.12) & (table["celsius"] >= 22)]
    assert (warm["spike_count"] == 0).all()
    assert warm["AP_duration"].isna().all()
    # Blocked between 20.15 °C, where the peak no longer passes -20 mV, and the next half degree.
    line = table[table["gnabar"] == 0.12].set_index("celsius")["spike_count"]
    assert (line[20.0], line[20.5]) == (1, 0)


def test_more_sodium_channels_hold_out_longer(table):
    spikes = table[table["spike_count"] > 0].groupby("gnabar")["celsius"].max()
    assert spikes.is_monotonic_increasing
    assert spikes.nunique() == 3


def test_the_squid_at_6_3_degrees(experiment):
    exercise = experiment("hh_temperature")
    point = next(p for p in exercise.points if p.parameters["gnabar"] == 0.12)
    point = dataclasses.replace(point, settings=dataclasses.replace(point.settings, celsius=6.3))
    table, _ = exercise.run_one(exercise.model, point)
    assert table["AP_duration"].item() == pytest.approx(3.625, abs=1e-6)


def test_the_duration_follows_the_rate_constants(table):
    # All rates of hh share a Q10 of 3; far from block the spike scales nearly as fast.
    line = table[table["gnabar"] == 0.12].set_index("celsius")["AP_duration"]
    q10 = line[0.0] / line[10.0]
    assert 2.0 < q10 < 3.0
