"""The rheobase map: a searched answer against bisection by hand, and what must grow with what."""

from pathlib import Path

import numpy as np
import pytest
from neuron import h
from scipy.optimize import bisect

import dendroflow

EXPERIMENT = Path(__file__).parents[2] / "config" / "experiments" / "rheobase_map.yaml"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    return dendroflow.run(EXPERIMENT, cores=2, results=results).set_index(["gnabar", "gkbar"])


def potential(gnabar, gkbar, duration, *steps):
    """The soma's potential under steps of delay, duration and amplitude."""
    soma = h.Section("soma")
    soma.L = soma.diam = 20
    soma.insert("hh")
    soma(0.5).hh.gnabar, soma(0.5).hh.gkbar = gnabar, gkbar
    clamps = [h.IClamp(soma(0.5)) for _ in steps]
    for clamp, step in zip(clamps, steps, strict=True):
        clamp.delay, clamp.dur, clamp.amp = step
    v, h.celsius, h.dt = h.Vector().record(soma(0.5)._ref_v), 6.3, 0.025
    h.finitialize(-65)
    while h.t < duration - 0.01:
        h.fadvance()
    return np.array(v)


def test_every_point_has_its_answers(table):
    assert len(table) == 49
    assert (table["status"] == "ok").all()
    assert (table["holding_end"] == "found").all()
    assert (table["rheobase_end"] == "found").all()
    assert table["holding_soma_v_final"].to_numpy() == pytest.approx(-75, abs=1e-3)
    assert (table["rheobase_high"] - table["rheobase_low"] <= 0.0005 + 1e-12).all()
    assert (table["above_Spikecount"] >= 1).all()


def test_answers_are_those_of_bisection_by_hand(table):
    for gnabar, gkbar in ((0.09, 0.05), (0.12, 0.035), (0.18, 0.02)):
        row = table.loc[(gnabar, gkbar)]
        held = bisect(
            lambda x, g=(gnabar, gkbar): potential(*g, 300, (0, 1000, x))[-1] + 75,
            -0.2,
            0.0,
            xtol=1e-7,
        )
        assert row["holding_amplitude"] == pytest.approx(held, abs=1e-5)

        def margin(x, g=(gnabar, gkbar), held=row["holding_amplitude"]):
            v = potential(*g, 260, (0, 1000, held), (100, 150, x))
            return (v[4000:10000].max() > -20) - 0.5

        assert (
            row["rheobase_low"] < bisect(margin, 0, 0.2, xtol=1e-6) <= row["rheobase_high"] + 1e-6
        )
        assert row["rheobase_total"] == pytest.approx(
            row["rheobase_amplitude"] + row["holding_amplitude"]
        )


def test_sodium_lowers_the_rheobase_and_potassium_raises_it(table):
    rheobase = table["rheobase_amplitude"].unstack()
    step = 0.0005
    assert (np.diff(rheobase.to_numpy(), axis=0) <= step).all()
    assert (np.diff(rheobase.to_numpy(), axis=1) >= -step).all()
    assert rheobase.to_numpy().max() > 1.5 * rheobase.to_numpy().min()
