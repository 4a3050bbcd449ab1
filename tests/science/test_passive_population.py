"""A sample of the population of passive cells against cable theory (Rall 1959)."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def sample(experiment):
    found = experiment("passive_population")
    assert len(found.points) == 20_000
    found.points = found.points[::500]
    table, _ = found.run()
    assert (table["status"] == "ok").all()
    return [(p.parameters, table.set_index("point_id").loc[p.point_id]) for p in found.points]


def input_resistance(p):
    """Of a soma with a sealed dendrite (MΩ)."""
    dendrite = np.pi / 2 * (1e-4 * p["diameter"]) ** 1.5
    dendrite /= np.sqrt(p["membrane_resistance"] * p["axial_resistivity"])
    soma = np.pi * (1e-4 * p["soma_diameter"]) ** 2 / p["membrane_resistance"]
    return 1e-6 / (soma + dendrite * np.tanh(p["electrotonic_length"]))


def settled(sample):
    """The cells that are in their steady state after the 180 ms of the step."""
    found = [
        (p, row) for p, row in sample if 1e-3 * p["membrane_resistance"] * p["capacitance"] < 35
    ]
    assert len(found) > 20
    return found


def test_deflections_are_those_of_the_input_resistance(sample):
    for parameters, row in settled(sample):
        expected = parameters["amplitude"] * input_resistance(parameters)
        assert row["voltage_deflection_vb_ssse"] == pytest.approx(expected, rel=0.01)


def test_attenuation_is_that_of_a_sealed_cable(sample):
    for parameters, row in settled(sample):
        expected = 1 / np.cosh(parameters["electrotonic_length"])
        assert row["attenuation_final"] == pytest.approx(expected, rel=0.01)
