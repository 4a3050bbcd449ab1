"""A point source in one and three dimensions: mass balance, and the well-mixed limit."""

import dataclasses

import numpy as np
import pytest

from dendroflow.runs.pool import run_points
from dendroflow.runs.workload import Workload


@pytest.fixture(scope="module")
def source(experiment, load_mechanisms_of):
    found = experiment("point_source")
    load_mechanisms_of(found.configuration.model_folder("point_source"))
    return found


@pytest.fixture(scope="module")
def table(source):
    # The finest voxels are left to the default configuration.
    source.points = [p for p in source.points if p.parameters["dx"] == 0.5]
    source.points += [
        dataclasses.replace(
            p, point_id=f"{i}", parameters={**p.parameters, "dimension": 1, "dx": 0.25}
        )
        for i, p in enumerate(source.points)
    ]
    rows = [{"point_id": p.point_id, **p.parameters} for p in source.points]
    source.table = type(source.table)(rows)
    table, _ = source.run()
    return table


def test_no_molecule_is_lost(table):
    assert (table["status"] == "ok").all()
    assert set(table["dimension"]) == {1, 3}
    assert (table["mass_error_final"] < 1e-9).all()


def test_the_volume_of_the_cylinder(table):
    cylinder = np.pi * 2**2 * 10
    volumes = table.groupby("dimension")["volume_final"].first()
    assert volumes[1] == pytest.approx(cylinder, rel=1e-9)
    # Voxels of 0.5 µm leave out a tenth at the rim.
    assert volumes[3] == pytest.approx(0.906 * cylinder, rel=1e-3)


def test_concentrations_scale_with_the_release(table):
    wide = table.pivot_table(
        index=["dimension", "tau"], columns="weight", values="ca_source_maximum"
    )
    assert (wide[1000.0] / wide[500.0]).to_numpy() == pytest.approx(2.0, rel=1e-6)


def test_a_brief_release_ends_well_mixed(source):
    """After many diffusion times (L²/D = 100 ms) the concentration is released amount / volume."""
    first = next(p for p in source.points if p.parameters["dimension"] == 1)
    point = dataclasses.replace(
        first,
        parameters={**first.parameters, "tau": 0.5, "weight": 1000.0},
        settings=dataclasses.replace(first.settings, duration=400.0),
    )
    workload = Workload(source.model, {}, {})
    (result,) = run_points(workload, [point], workers=1, timeout_s=120)
    assert result.outcomes[0].status == "ok"
    ends = dict(zip(result.traces["signal"].to_pylist(), result.traces["values"], strict=True))
    # Right-endpoint rule: the step sums weight * exp(-k dt / tau) dt from k = 1 on.
    ratio = np.exp(-0.025 / 0.5)
    molecules = 1000 * 0.025 / (1 - ratio)
    expected = molecules / 602214.076 / (np.pi * 2**2 * 10)
    for signal in ("ca_source", "ca_end", "ca_membrane"):
        assert ends[signal][-1].as_py() == pytest.approx(expected, rel=0.06)


def test_voxels_that_miss_a_segment_are_an_error(source):
    first = source.points[0]
    point = dataclasses.replace(
        first, parameters={**first.parameters, "dimension": 3, "dx": 0.5, "segments": 31}
    )
    workload = Workload(source.model, {}, {})
    (result,) = run_points(workload, [point], workers=1, timeout_s=120)
    (outcome,) = result.outcomes
    assert outcome.status == "failed"
    assert "leaves segment" in outcome.error
    assert "choose a smaller dx" in outcome.error
