"""Quality control against cable theory, and on the cells of NEURON's course."""

from pathlib import Path

import bluepyopt
import numpy as np
import pytest
from running import CHECKOUT

from dendroflow.quality.checks import check_all, run_check
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.suitability import suitabilities
from dendroflow.settings.quality import Quality

SHARED = CHECKOUT.parent / "shared" / "morphologies"
L5PC = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"
SETTINGS = Quality()


def real(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the reconstruction {name} is not in ../shared/morphologies")
    return appraised(path)


def appraised(path):
    results = check_all(Reconstruction.from_file(path), SETTINGS)
    return {f.check: f for f in results}, {
        j.use: (j.suitability, {f.check for f in j.reasons})
        for j in suitabilities(results, SETTINGS)
    }


@pytest.fixture(scope="module")
def c91662():
    return real("c91662.CNG.swc")


@pytest.fixture(scope="module")
def n123():
    return real("n123.CNG.swc")


def ball_and_stick(length, radius, soma=10.0, step=5.0):
    """A sphere, and a cylinder whose first point lies on its surface."""
    rows = [f"1 1 0 0 0 {soma} -1", f"2 1 0 -{soma} 0 {soma} 1", f"3 1 0 {soma} 0 {soma} 1"]
    for k, x in enumerate(np.arange(0, length + step / 2, step)):
        rows.append(f"{k + 4} 3 {x + soma} 0 0 {radius} {1 if k == 0 else k + 3}")
    return "\n".join(rows).encode()


def test_input_resistance_and_attenuation_of_ball_and_stick():
    """Rall 1959; Koch 1999, Biophysics of Computation, eqs. 2.16 and 2.21: a sealed cable."""
    length, radius, soma = 600.0, 1.0, 10.0
    limits = SETTINGS.electrical
    cell = Reconstruction("ball", ball_and_stick(length, radius, soma), "swc")
    result = run_check("input_resistance", cell, SETTINGS)
    membrane, axial = limits.membrane_ohm_cm2, limits.axial_ohm_cm
    # cm, Ω
    lam = np.sqrt(membrane / axial * radius * 1e-4 / 2)
    infinite = np.sqrt(membrane * axial) * 2 / (np.pi * (2 * radius * 1e-4) ** 1.5)
    conductance = np.tanh(length * 1e-4 / lam) / infinite
    conductance += 4 * np.pi * (soma * 1e-4) ** 2 / membrane
    assert result.value == pytest.approx(1e-6 / conductance, rel=1e-4)
    tip = 1 / np.cosh(length * 1e-4 / lam)
    assert result.values["soma_to_tip_least"] == pytest.approx(tip, rel=1e-4)
    area = 2 * np.pi * radius * length + 4 * np.pi * soma**2
    assert result.values["capacitance_pf"] == pytest.approx(0.01 * area, rel=1e-4)


def test_the_electrical_test_depends_on_the_product_alone():
    """With a tenfold conductance and a tenth of the resistivity, the potential is the same."""
    cell = Reconstruction("ball", ball_and_stick(600.0, 0.3), "swc")
    other = SETTINGS.electrical.model_copy(update={"ra_ohm_cm": 10.0, "g_s_per_cm2": 1e-4})
    falls = [
        run_check(
            "electrical_bottleneck", cell, SETTINGS.model_copy(update={"electrical": limits})
        ).value
        for limits in (SETTINGS.electrical, other)
    ]
    assert falls[0] == pytest.approx(falls[1], rel=1e-6)


def test_c91662_is_sound_in_its_graph_its_depth_and_its_cable(c91662):
    results, _ = c91662
    for check in ("connected", "duplicate_points", "bottlenecks", "abrupt_diameters"):
        assert (results[check].result, results[check].value) == ("pass", 0)
    assert results["soma"].values["points"] == 3
    assert results["soma_area"].value == pytest.approx(988, abs=1)
    assert results["neuron_import"].values["sections"] == 194
    assert results["z_noise"].value == pytest.approx(1.10, abs=0.005)
    assert results["z_noise"].values["excess_share"] == pytest.approx(0.025, abs=0.001)
    assert (results["z_backlash"].result, results["z_backlash"].value) == ("pass", 4)
    assert results["z_backlash"].values["reversals_per_1000"] == 0
    assert results["z_drift"].value == pytest.approx(-0.11, abs=0.005)
    assert results["electrical_bottleneck"].result == "pass"
    assert results["electrical_bottleneck"].values["least_share"] == pytest.approx(0.803, abs=1e-3)
    assert results["dendritic_length"].value == pytest.approx(14_811, abs=2)
    rin = results["input_resistance"]
    assert rin.value == pytest.approx(184, abs=0.5)
    assert rin.values["capacitance_pf"] == pytest.approx(195, abs=0.5)
    assert rin.values["soma_to_tip_mean"] == pytest.approx(0.74, abs=0.005)
    assert rin.values["soma_to_tip_least"] == pytest.approx(0.37, abs=0.005)


def test_c91662_was_traced_at_the_limit_and_has_a_stub_for_an_axon(c91662):
    results, uses = c91662
    floor = results["tracing_limit"]
    assert (floor.result, floor.value) == ("warn", 0.3)
    assert floor.values["neurite_points"] == 1323
    shares = results["constant_diameters"].values
    assert shares["basal_share"] == pytest.approx(0.930, abs=1e-3)
    assert shares["apical_share"] == pytest.approx(0.848, abs=1e-3)
    assert (shares["basal_levels"], shares["apical_levels"]) == (10, 13)
    assert shares["constant_stretches"] == pytest.approx(0.967, abs=1e-3)
    axon = results["axon"]
    assert axon.result == "fail"
    assert axon.value == pytest.approx(566, abs=0.5)
    assert [axon.values[key] for key in ("tips", "branch_points", "diameters")] == [1, 0, 1]
    assert {use: suitability for use, (suitability, _) in uses.items()} == {
        "passive_cable": "with care",
        "active_dendrites": "with care",
        "axon": "unsuitable",
        "rxd_3d": "with care",
    }
    assert "tracing_limit" in uses["passive_cable"][1]


def test_n123_is_unsuitable_for_its_depth(n123):
    results, uses = n123
    for check in ("connected", "duplicate_points"):
        assert results[check].result == "pass"
    assert results["z_noise"].result == "fail"
    assert results["z_noise"].value == pytest.approx(2.07, abs=0.005)
    assert results["z_noise"].values["excess_share"] == pytest.approx(0.46, abs=0.005)
    assert results["z_noise"].values["z_to_xy_step"] == pytest.approx(2.28, abs=0.005)
    backlash = results["z_backlash"]
    assert (backlash.result, backlash.value) == ("fail", 312)
    assert backlash.values["reversals_per_1000"] == pytest.approx(15.3, abs=0.05)
    assert backlash.values["largest_step_um"] == pytest.approx(95.8, abs=0.05)
    assert results["z_drift"].result == "warn"
    assert results["z_drift"].value == pytest.approx(-0.57, abs=0.005)
    assert results["z_drift"].values["r2"] == pytest.approx(0.66, abs=0.006)
    assert results["shrinkage"].value == 4.0
    assert "branching outline of 20 points" in results["soma"].sentence
    assert results["soma_area"].value == pytest.approx(774, abs=1)
    constant = results["constant_diameters"].values["constant_stretches"]
    assert constant == pytest.approx(0.80, abs=0.005)
    assert results["axon"].sentence.startswith("There is no axon")
    assert results["electrical_bottleneck"].values["least_share"] == pytest.approx(0.644, abs=1e-3)
    assert results["input_resistance"].value == pytest.approx(92, abs=0.5)
    assert results["input_resistance"].values["capacitance_pf"] == pytest.approx(549, abs=0.5)
    assert {suitability for suitability, _ in uses.values()} == {"unsuitable"}
    assert uses["passive_cable"][1] == {"z_noise", "z_backlash"}


def test_good_reconstructions_are_fit_for_cables_and_active_dendrites():
    """A cell of the Blue Brain Project, and one that lacks nothing but its axon."""
    bare = real("BS0284.swc") if (SHARED / "BS0284.swc").exists() else None
    for results, uses in filter(None, (bare, appraised(L5PC))):
        assert uses["passive_cable"] == uses["active_dendrites"] == ("suitable", set())
        against = {f.check for f in results.values() if f.result in ("warn", "fail", "unknown")}
        assert against <= {"axon", "thin_dendrites"}
