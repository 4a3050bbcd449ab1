"""Each planted defect makes its check fire, and none fires on the sound cell."""

import numpy as np
import pytest
from synthetic_cell import APICAL, AXON, BASAL, SOMA, changed, sound_cell

from dendroflow.quality import checks
from dendroflow.quality.checks import CHECKS, check_all, run_check
from dendroflow.quality.names import CHECKS as WHY
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult
from dendroflow.quality.suitability import suitabilities
from dendroflow.settings.quality import Quality

SETTINGS = Quality()
CONTROL = {
    "experiment_condition": ["Control"],
    "physical_Integrity": "Dendrites Complete, Axon Complete",
    "attributes": "Diameter, 3D, Angles",
    "shrinkage_corrected": "Not Corrected",
}


def cell_of(rows, header=(), record=CONTROL):
    return Reconstruction("planted", rows.swc(header), "swc", record=record)


def is_neurite(rows):
    return rows.types != SOMA


def orphan(rows):
    parents = rows.parents.copy()
    parents[rows.middle(BASAL)] = -1
    return changed(rows, parents=parents)


def missing_parent(rows):
    parents = rows.parents.copy()
    parents[rows.middle(BASAL)] = 99_999
    return changed(rows, parents=parents)


def cycle(rows):
    k = rows.middle(BASAL)
    parents = rows.parents.copy()
    parents[k] = rows.ids[np.flatnonzero(rows.below(k))[3]]
    return changed(rows, parents=parents)


def repeated_id(rows):
    k = rows.middle(BASAL)
    ids = rows.ids.copy()
    ids[k] = ids[k - 1]
    return changed(rows, ids=ids)


def repeated_points(rows):
    xyz = rows.xyz.copy()
    for k in np.flatnonzero(is_neurite(rows))[5::30]:
        xyz[k] = xyz[rows.row(int(k))]
    return changed(rows, xyz=xyz)


def fiducial_lines(rows):
    for k in range(4):
        rows = rows.add(10, [300, 40 * k, 0], 0.5, 1 if k == 0 else int(rows.ids[-1]))
    return rows


def long_step(rows):
    k = rows.middle(APICAL)
    xyz = rows.xyz.copy()
    xyz[rows.below(k)] += [60, 0, 0]
    return changed(rows, xyz=xyz)


def no_soma(rows):
    return changed(rows, types=np.where(rows.types == SOMA, BASAL, rows.types))


def second_soma(rows):
    return rows.add(SOMA, rows.xyz[-1] + [10, 0, 0], 8.0, int(rows.ids[-1]))


def doubled_radii(rows):
    return changed(rows, radii=2 * rows.radii)


def nanometres(rows):
    return changed(rows, xyz=1000 * rows.xyz, radii=1000 * rows.radii)


def one_diameter(rows):
    return changed(rows, radii=np.where(is_neurite(rows), 0.5, rows.radii))


def one_diameter_a_branch(rows):
    counts = {int(k): int((rows.parents == k).sum()) for k in rows.ids}
    radii = rows.radii.copy()
    for k in np.flatnonzero(is_neurite(rows)):
        up = rows.row(int(k))
        if rows.types[up] == rows.types[k] and counts[int(rows.ids[up])] == 1:
            radii[k] = radii[up]
    return changed(rows, radii=radii)


def tracing_floor(rows):
    radii = np.where(is_neurite(rows) & (rows.radii < 0.6), 0.15, rows.radii)
    return changed(rows, radii=radii)


def sudden_step(rows):
    inside = rows.below(rows.middle(APICAL))
    return changed(rows, radii=np.where(inside, rows.radii / 4, rows.radii))


def pinched_point(rows):
    radii = rows.radii.copy()
    radii[rows.middle(APICAL)] = 0.02
    return changed(rows, radii=radii)


def nearly_cut(rows):
    radii = rows.radii.copy()
    radii[rows.middle(APICAL)] = 0.005
    return changed(rows, radii=radii)


def thin(rows):
    return changed(rows, radii=np.where(is_neurite(rows), rows.radii / 8, rows.radii))


def z_noise(rows):
    xyz = rows.xyz.copy()
    xyz[is_neurite(rows), 2] += 6 * (-1.0) ** rows.ids[is_neurite(rows)]
    return changed(rows, xyz=xyz)


def one_jump(rows):
    xyz = rows.xyz.copy()
    xyz[rows.below(rows.middle(APICAL)), 2] += 25
    return changed(rows, xyz=xyz)


def backlash(rows):
    xyz = rows.xyz.copy()
    xyz[is_neurite(rows), 2] += 18.0 * (rows.ids[is_neurite(rows)] // 7 % 2)
    return changed(rows, xyz=xyz)


def drift(rows):
    xyz = rows.xyz.copy()
    xyz[:, 2] = 0.2 * xyz[:, 2] + 0.5 * np.hypot(xyz[:, 0], xyz[:, 1])
    return changed(rows, xyz=xyz)


def planes(rows):
    xyz = rows.xyz.copy()
    xyz[:, 2] = 20 * np.round(xyz[:, 2] / 20)
    return changed(rows, xyz=xyz)


def flat(rows):
    return changed(rows, xyz=rows.xyz * [1, 1, 0])


def no_axon(rows):
    return rows.keep(rows.types != AXON)


def axon_stub(rows):
    axon = np.flatnonzero(rows.types == AXON)[:30]
    return rows.keep((rows.types != AXON) | np.isin(np.arange(len(rows.ids)), axon))


def lost_dendrites(rows):
    kept = ~np.isin(rows.types, (BASAL, APICAL))
    kept[np.flatnonzero(~kept)[:6]] = True
    return rows.keep(kept)


DEFECTS = [
    (orphan, "connected", "fail"),
    (orphan, "readable", "fail"),
    (missing_parent, "connected", "fail"),
    (cycle, "connected", "fail"),
    (cycle, "neuron_import", "fail"),
    (repeated_id, "connected", "fail"),
    (repeated_points, "duplicate_points", "warn"),
    (fiducial_lines, "custom_types", "warn"),
    (long_step, "long_steps", "warn"),
    (no_soma, "soma", "fail"),
    (second_soma, "soma", "fail"),
    (doubled_radii, "soma_area", "warn"),
    (nanometres, "soma_area", "fail"),
    (nanometres, "dendritic_length", "fail"),
    (one_diameter, "constant_diameters", "fail"),
    (one_diameter_a_branch, "constant_diameters", "warn"),
    (tracing_floor, "tracing_limit", "warn"),
    (sudden_step, "abrupt_diameters", "warn"),
    (pinched_point, "bottlenecks", "warn"),
    (pinched_point, "electrical_bottleneck", "warn"),
    (nearly_cut, "electrical_bottleneck", "fail"),
    (thin, "thin_dendrites", "warn"),
    (thin, "input_resistance", "warn"),
    (z_noise, "z_noise", "fail"),
    (one_jump, "z_backlash", "warn"),
    (backlash, "z_backlash", "fail"),
    (drift, "z_drift", "warn"),
    (planes, "z_quantised", "warn"),
    (flat, "flat", "fail"),
    (no_axon, "axon", "fail"),
    (axon_stub, "axon", "fail"),
    (lost_dendrites, "dendritic_length", "fail"),
]


@pytest.fixture(scope="module")
def sound():
    return sound_cell()


@pytest.fixture(scope="module")
def results_of_the_sound_cell(sound):
    return {result.check: result for result in check_all(cell_of(sound), SETTINGS)}


def test_the_sound_cell_is_sound(results_of_the_sound_cell):
    against = [
        f"{f.check}: {f.sentence}"
        for f in results_of_the_sound_cell.values()
        if f.result not in ("pass", "info")
    ]
    assert not against
    found = results_of_the_sound_cell.values()
    assert [f.check for f in found if f.result == "info"] == ["shrinkage"]
    for use in suitabilities(list(found), SETTINGS):
        assert use.suitability == "suitable", use


@pytest.mark.parametrize(
    ("defect", "check", "result"),
    DEFECTS,
    ids=[f"{defect.__name__}-{check}" for defect, check, _ in DEFECTS],
)
def test_a_defect_fires_its_check(sound, results_of_the_sound_cell, defect, check, result):
    assert results_of_the_sound_cell[check].result == "pass"
    found = run_check(check, cell_of(defect(sound)), SETTINGS)
    assert found.result == result, found.sentence


def test_every_check_of_the_file_has_a_defect():
    """Checks of metadata have tests of their own."""
    planted = {check for _, check, _ in DEFECTS}
    assert set(WHY) - planted == {"experiment_condition", "completeness", "shrinkage"}
    assert len(WHY) <= 25


def with_jitter(rows):
    """What programs write: branches that start at a copy of the point they leave, rounded z."""
    random = np.random.default_rng(1)
    neurite = is_neurite(rows)
    radii = np.where(neurite, rows.radii * random.uniform(0.7, 1.4, len(rows.radii)), rows.radii)
    xyz = rows.xyz.copy()
    xyz[neurite] += random.normal(0, 0.2, (int(neurite.sum()), 3))
    counts = np.array([(rows.parents == k).sum() for k in rows.ids])
    for k in np.flatnonzero(neurite)[::40]:
        up = rows.row(int(k))
        if counts[up] > 1 and neurite[up]:
            xyz[k], radii[k] = xyz[up], radii[up]
    return changed(rows, xyz=xyz.round(2), radii=radii.round(2))


def test_what_programs_write_and_jitter_fire_no_check(sound):
    found = check_all(cell_of(with_jitter(sound)), SETTINGS)
    assert not [f"{f.check}: {f.sentence}" for f in found if f.result not in ("pass", "info")]


def test_results_name_the_line(sound):
    k = sound.middle(BASAL)
    result = run_check("connected", cell_of(missing_parent(sound), header=["one line"]), SETTINGS)
    # Rows are counted from 0, lines from 1, and the header is one of them.
    assert result.lines[0] == k + 2
    result = run_check("bottlenecks", cell_of(pinched_point(sound)), SETTINGS)
    assert result.lines == (sound.middle(APICAL) + 1,)


def test_neuron_ties_an_orphan_on_so_only_the_graph_shows_it(sound):
    cell = cell_of(orphan(sound))
    assert run_check("neuron_import", cell, SETTINGS).result == "pass"
    assert run_check("electrical_bottleneck", cell, SETTINGS).result == "pass"
    result = run_check("connected", cell, SETTINGS)
    assert result.values["components"] == 1
    assert result.value == sound.below(sound.middle(BASAL)).sum()


def test_what_neuron_cannot_simulate_is_unknown_and_nothing_else_is(sound):
    results = {f.check: f for f in check_all(cell_of(no_soma(sound)), SETTINGS)}
    assert results["input_resistance"].result == "unknown"
    assert results["soma_area"].result == "unknown"
    assert results["neuron_import"].result == "fail"
    assert results["z_noise"].result == "pass"


@pytest.mark.parametrize(
    ("change", "check", "result"),
    [
        ({"experiment_condition": ["Calsyntenin knockout"]}, "experiment_condition", "warn"),
        ({"experiment_condition": None}, "experiment_condition", "info"),
        ({"physical_Integrity": "Dendrites Moderate"}, "completeness", "warn"),
        (
            {"physical_Integrity": "Dendrites Complete, Axon Incomplete"},
            "completeness",
            "pass",
        ),
        ({"physical_Integrity": "Dendrites Incomplete"}, "completeness", "warn"),
        ({"physical_Integrity": "Axon Complete"}, "completeness", "warn"),
        ({"attributes": "No Diameter, 3D, Angles"}, "completeness", "warn"),
        ({"attributes": "Diameter, 2D, Angles"}, "completeness", "warn"),
        (
            {"shrinkage_corrected": "Corrected", "corrected_xy": "1.1", "corrected_z": "3.2"},
            "shrinkage",
            "warn",
        ),
        (
            {"shrinkage_corrected": "Corrected", "corrected_xy": "1.1", "corrected_z": "1.3"},
            "shrinkage",
            "pass",
        ),
    ],
)
def test_what_the_metadata_say(sound, change, check, result):
    cell = cell_of(sound, record=CONTROL | change)
    assert run_check(check, cell, SETTINGS).result == result


def test_the_header_tells_of_shrinkage(sound):
    cell = cell_of(sound, header=["SHRINKAGE_CORRECTION 1.13 1.13 4.0"], record=None)
    result = run_check("shrinkage", cell, SETTINGS)
    assert (result.result, result.value) == ("warn", 4.0)


@pytest.mark.parametrize(
    "data",
    [b"", b"# only a header\n", b"\x00\x01", b"<html></html>", b"1 1 0 0 0 nan -1\n", b"1 1 2\n"],
)
def test_what_is_no_morphology_is_told_and_stops_no_other_check(data):
    results = {f.check: f for f in check_all(Reconstruction("none", data, "swc"), SETTINGS)}
    assert results["readable"].result == "fail"
    assert results["connected"].result == "unknown"
    assert set(results) == set(CHECKS)


TWO_CELLS = b"""
("CellBody" (CellBody) (0 0 0 0) (9 0 0 0) (9 9 0 0) (0 9 0 0))
((Dendrite) (0 5 0 1) (-50 5 0 1) (-90 9 0 1))
("CellBody" (CellBody) (500 0 0 0) (509 0 0 0) (509 9 0 0) (500 9 0 0))
((Dendrite) (509 5 0 1) (559 5 0 1) (600 9 0 1))
"""


def test_two_cells_in_a_neurolucida_file_are_orphans_to_neuron():
    cell = Reconstruction("two", TWO_CELLS, "asc")
    result = run_check("readable", cell, SETTINGS)
    assert result.result == "fail"
    assert "second soma" in result.sentence
    # What can be read of a file that is refused is looked at all the same.
    assert run_check("dendritic_length", cell, SETTINGS).value > 150
    result = run_check("neuron_import", cell, SETTINGS)
    assert (result.result, result.value) == ("fail", 2)
    assert result.values["orphans"] == 2


def test_every_check_says_what_it_tells():
    assert all(CHECKS[name].__doc__ for name in CHECKS)


def test_a_number_that_is_none_is_unknown(sound, monkeypatch):
    nothing = CheckResult("pass", "It is.", value=float("nan"))
    monkeypatch.setitem(checks.CHECKS, "flat", lambda cell, settings: nothing)
    assert run_check("flat", cell_of(sound), SETTINGS).result == "unknown"


CUT_OFF = b"""
("CellBody" (CellBody) (0 0 0 0) (9 0 0 0) (9 9 0 0) (0 9 0 0))
((Dendrite) (0 5 0 1) (-50 5 0 1) (-90 9 0 1)
 ( (-100 9 1 1) (-140 9 2 1) | (-90 40 3 1 7) (-90 80 4 1)
"""


def test_a_neurolucida_file_that_is_cut_off_is_appraised():
    cell = Reconstruction("cut", CUT_OFF, "asc")
    results = {f.check: f for f in check_all(cell, SETTINGS)}
    assert results["readable"].result == "fail"
    assert "never closed" in results["readable"].sentence
    assert results["connected"].result == "pass"
    expected = 5 + 50 + np.hypot(40, 4) + np.hypot(10, 1) + np.hypot(40, 1)
    assert results["dendritic_length"].value == pytest.approx(expected + np.hypot(71, 4), abs=40)
