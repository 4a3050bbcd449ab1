"""A point source in two branches of a reconstruction: one and three dimensions compared."""

import dataclasses
from pathlib import Path

import bluepyopt
import numpy as np
import pytest

from dendroflow.morphology.importing import import_sections
from dendroflow.morphology.sections import lengths_of
from dendroflow.runs.pool import run_points
from dendroflow.runs.workload import Workload

CELL = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"
STRAIGHT, BENT = "apic[50]", "apic[106]"


@pytest.fixture(scope="module")
def geometry():
    return import_sections(CELL)


@pytest.fixture(scope="module")
def source(experiment, load_mechanisms_of):
    found = experiment("dendritic_source")
    load_mechanisms_of(found.configuration.model_folder("dendritic_source"))
    return found


@pytest.fixture(scope="module")
def table(source, geometry):
    # Finer voxels are left to the configuration of the course.
    source.points = [
        p for p in source.points if p.parameters["dimension"] == 1 or p.parameters["dx"] == 0.3
    ]
    table, _ = source.run({"C060114A7": geometry})
    assert (table["status"] == "ok").all()
    return table.set_index(["branch", "dimension"])


def run(source, geometry, **parameters):
    point = source.points[0]
    point = dataclasses.replace(
        point,
        parameters={**point.parameters, **parameters},
        settings=dataclasses.replace(point.settings, duration=1.0),
    )
    workload = Workload(source.model, {"C060114A7": geometry}, {})
    (result,) = run_points(workload, [point], workers=1, timeout_s=120)
    return result.outcomes[0]


def test_the_branches_differ_in_how_far_they_are_bent(geometry):
    def tortuosity(name):
        i = geometry.names.index(name)
        points = geometry.points[geometry.starts[i] : geometry.starts[i + 1], :3].astype(float)
        return lengths_of(geometry)[i] / np.linalg.norm(points[-1] - points[0])

    assert tortuosity(STRAIGHT) == pytest.approx(1.03, abs=0.005)
    assert tortuosity(BENT) == pytest.approx(1.42, abs=0.005)


def test_no_molecule_is_lost(table):
    assert (table["mass_error_final"] < 1e-9).all()


def test_the_volume_is_that_of_the_branch(table):
    """Voxels count overlaps at the joints of a bent branch once, frusta twice."""
    share = table["volume_final"] / table["branch_volume_final"]
    assert share[STRAIGHT, 1] == pytest.approx(1, rel=1e-9)
    assert share[BENT, 1] == pytest.approx(1, rel=1e-9)
    assert share[STRAIGHT, 3] == pytest.approx(1, rel=5e-3)
    assert 0.95 < share[BENT, 3] < 0.99


def test_in_one_dimension_molecules_spread_as_theory_says(table):
    """Variance 2 D t along the path, however it bends, t being the time since the release.

    A fixed step releases weight exp(-k dt / tau) dt at its ends, and moves it in the same step.
    """
    dt, tau, end, onset, diffusion = 0.025, 1.0, 20.0, 1.0, 0.2
    steps = np.arange(1, round((end - onset) / dt) + 1)
    ages = end - onset - steps * dt + dt
    age = np.average(ages, weights=np.exp(-steps * dt / tau))
    expected = np.sqrt(2 * diffusion * age)
    for branch in (STRAIGHT, BENT):
        assert table.loc[(branch, 1), "spread_final"] == pytest.approx(expected, rel=1e-3)


def test_three_dimensions_differ_by_the_bends_alone(table):
    """Molecules cut corners: distances along the path are longer than those they diffuse over."""
    spread = table["spread_final"]
    assert spread[STRAIGHT, 3] == pytest.approx(spread[STRAIGHT, 1], rel=0.02)
    assert spread[BENT, 3] > 1.04 * spread[BENT, 1]


def test_in_three_dimensions_the_membrane_learns_of_the_release_later(table):
    for branch in (STRAIGHT, BENT):
        one, three = table.loc[(branch, 1)], table.loc[(branch, 3)]
        assert one["ca_membrane_maximum"] == pytest.approx(one["ca_source_maximum"], rel=5e-3)
        assert three["ca_membrane_maximum"] < 0.95 * three["ca_source_maximum"]
        assert three["ca_membrane_time_of_maximum"] > one["ca_membrane_time_of_maximum"]
        # After many times R²/D = 2.4 ms the cross-section is well mixed.
        assert three["ca_membrane_final"] == pytest.approx(three["ca_source_final"], rel=0.02)


def test_a_branch_that_is_not_there_is_an_error(source, geometry):
    outcome = run(source, geometry, branch="apic[9999]")
    assert outcome.status == "failed"
    assert "the morphology has no section apic[9999]" in outcome.error


def test_voxels_that_miss_a_segment_are_an_error(source, geometry):
    outcome = run(source, geometry, dimension=3, dx=0.6, segment_length=0.25)
    assert outcome.status == "failed"
    assert "without voxels; choose a smaller dx or longer segments" in outcome.error
