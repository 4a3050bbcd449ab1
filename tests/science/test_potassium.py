"""Potassium outside of cells: every ion is counted, and it spreads as the theory says."""

import dataclasses

import numpy as np
import pyarrow.compute as pc
import pytest
from scipy.special import erfc

from dendroflow.runs.pool import run_points
from dendroflow.runs.workload import Workload

FARADAY_MM_UM3 = 1e-12 / 1.602176634e-19 / (6.02214076e23 * 1e-18)  # mM µm³/ms in 1 nA


def changed(point, name, duration=None, **parameters):
    settings = dataclasses.replace(point.settings, duration=duration or point.settings.duration)
    return dataclasses.replace(
        point, point_id=name, settings=settings, parameters={**point.parameters, **parameters}
    )


def continuous_point_source(point, distance):
    """Excess (mM) in an infinite medium; Nicholson and Phillips 1981, J. Physiol. 321, eq. 9."""
    p, t = point.parameters, point.settings.duration
    effective = p["diffusion"] / p["tortuosity"] ** 2
    strength = p["release"] * FARADAY_MM_UM3 / p["volume_fraction"]
    return (
        strength / (4 * np.pi * effective * distance) * erfc(distance / np.sqrt(4 * effective * t))
    )


def run(source, points):
    workload = Workload(source.model, {}, source.settings.plausible)
    results = list(run_points(workload, points, workers=2, timeout_s=300.0))
    assert [o.error for r in results for o in r.outcomes] == [None] * len(points)
    return {r.outcomes[0].point_id: r.traces for r in results}


def last(traces, signal):
    return traces["values"][traces["signal"].index(signal).as_py()][-1].as_py()


@pytest.fixture(scope="module")
def source(experiment):
    return experiment("potassium_source")


@pytest.fixture(scope="module")
def spread(source):
    wanted = {"tortuosity": 1.6, "volume_fraction": 0.2}
    (fine,) = [p for p in source.points if wanted.items() <= p.parameters.items()]
    coarse = changed(fine, "coarse", dx=10, side=210)
    straight = changed(fine, "straight", dx=10, side=210, tortuosity=1.0)
    wide = changed(fine, "wide", dx=10, side=210, volume_fraction=0.4)
    points = {"fine": fine, "coarse": coarse, "straight": straight, "wide": wide}
    traces = run(source, list(points.values()))
    return {name: (point, traces[point.point_id]) for name, point in points.items()}


def excess(spread, name, distance):
    point, traces = spread[name]
    return last(traces, f"k_{distance}") - point.parameters["resting"]


@pytest.mark.parametrize(("distance", "tolerance"), [(20, 0.04), (40, 0.02), (60, 0.04)])
def test_a_point_source_spreads_as_in_an_infinite_medium(spread, distance, tolerance):
    point, _ = spread["fine"]
    theory = continuous_point_source(point, distance)
    assert excess(spread, "fine", distance) == pytest.approx(theory, rel=tolerance)


def test_voxels_of_half_the_edge_have_a_quarter_of_the_error(spread):
    theory = continuous_point_source(spread["fine"][0], 40)
    errors = {name: excess(spread, name, 40) / theory - 1 for name in ("coarse", "fine")}
    assert 3 < errors["coarse"] / errors["fine"] < 6
    extrapolated = (4 * excess(spread, "fine", 40) - excess(spread, "coarse", 40)) / 3
    assert extrapolated == pytest.approx(theory, rel=0.01)


def test_half_the_space_holds_twice_the_excess(spread):
    assert excess(spread, "coarse", 20) == pytest.approx(2 * excess(spread, "wide", 20), rel=1e-6)


def test_tortuosity_keeps_potassium_near(spread):
    assert excess(spread, "coarse", 20) > 1.3 * excess(spread, "straight", 20)


def test_no_potassium_of_a_point_source_is_lost(spread):
    for _, traces in spread.values():
        assert last(traces, "mass_error") < 1e-8


def test_the_map_is_the_layer_of_the_source(spread):
    point, traces = spread["fine"]
    layer = pc.equal(traces["signal"], "k")
    places = [tuple(o[:3]) for o in traces["outline"].filter(layer).to_pylist()]
    values = traces["values"].filter(layer).to_pylist()
    assert len(places) == len(set(places)) == 41**2
    assert {z for _, _, z in places} == {0.0}
    final = {place: samples[-1] for place, samples in zip(places, values, strict=True)}
    for distance in (20.0, 40.0, 60.0):
        probe = last(traces, f"k_{distance:.0f}")
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            assert final[x * distance, y * distance, 0.0] == pytest.approx(probe, rel=1e-9)
    assert {len(samples) for samples in values} == {41}  # 400 ms every 10 ms
    assert {samples[0] for samples in values} == {point.parameters["resting"]}


@pytest.fixture(scope="module")
def spiking(experiment):
    found = experiment("potassium_spikes")
    found.points = [p for p in found.points if p.parameters["volume_fraction"] != 0.2]
    table, _ = found.run()
    return table[table["point_id"].isin([p.point_id for p in found.points])].set_index(
        "volume_fraction"
    )


def test_no_potassium_of_a_spiking_cell_is_lost(spiking):
    assert (spiking["status"] == "ok").all()
    assert (spiking["spike_count"] >= 15).all()
    assert (spiking["mass_error_final"] < 1e-8).all()


def test_a_narrow_space_costs_the_cell_its_amplitude(spiking):
    by_space = spiking.sort_index()
    assert by_space["k_source_maximum"].is_monotonic_decreasing
    assert by_space["AP_amplitude"].is_monotonic_increasing
    assert by_space["AP_amplitude"].iloc[-1] > by_space["AP_amplitude"].iloc[0] + 10


def test_a_space_that_the_voxels_do_not_fill_is_an_error(source):
    point = changed(source.points[0], "odd", side=200)
    workload = Workload(source.model, {}, {})
    (result,) = run_points(workload, [point], workers=1, timeout_s=60)
    (outcome,) = result.outcomes
    assert outcome.status == "failed"
    assert "side 200 µm must be an odd multiple of dx 5 µm, such as" in outcome.error
