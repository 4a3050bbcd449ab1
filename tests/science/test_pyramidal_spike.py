"""Exercise 3 of the course: a reconstructed cell in mid action potential."""

from pathlib import Path

import bluepyopt
import numpy as np
import pyarrow.compute as pc
import pytest

from dendroflow.morphology.importing import import_sections

CELL = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"
C91662 = Path(__file__).parents[3] / "shared" / "morphologies" / "c91662.CNG.swc"


@pytest.fixture(scope="module")
def run(experiment):
    found = experiment("pyramidal_spike")
    return found.run({"C060114A7": import_sections(CELL)})


def voltages(traces, point_id, signal):
    rows = traces.filter(
        pc.and_(pc.equal(traces["point_id"], point_id), pc.equal(traces["signal"], signal))
    )
    return rows["location"].to_pylist(), np.array(rows["values"].to_pylist())


def test_a_step_of_2_nA_for_1_ms_evokes_a_spike_and_1_5_nA_does_not(run):  # noqa: N802
    table, _ = run
    spikes = table.set_index("amplitude")["spike_count"]
    assert spikes[1.5] == 0
    assert spikes[2.0] == 1
    assert (table["status"] == "ok").all()


def test_the_spike_fades_towards_the_tips_of_passive_dendrites(run):
    table, traces = run
    point_id = table.set_index("amplitude")["point_id"][2.0]
    locations, v = voltages(traces, point_id, "v")
    assert len(locations) == len(set(locations)) > 1000
    peaks = dict(zip(locations, v.max(axis=1), strict=True))
    soma = max(peak for place, peak in peaks.items() if place.startswith("soma"))
    apical = [peak for place, peak in peaks.items() if place.startswith("apic")]
    axon = [peak for place, peak in peaks.items() if place.startswith("axon")]
    assert soma > 0
    assert min(apical) < -55 < max(apical)
    assert max(axon) > soma - 5


def test_locations_are_recorded_at_the_declared_interval(run):
    table, traces = run
    _, v = voltages(traces, table["point_id"].iloc[0], "v")
    _, soma = voltages(traces, table["point_id"].iloc[0], "soma_v")
    assert soma.shape == (1, 801)
    assert v.shape[1] in (200, 201)
    assert v[:, 0] == pytest.approx(-65.0)


@pytest.mark.skipif(not C91662.exists(), reason=f"{C91662.name} is not beside the checkout")
def test_c91662_spikes_as_measured_by_hand(experiment):
    """Ra 100, cm 1, d_lambda 0.1: 1108 segments, and a peak of 26.87 mV after 2.25 ms."""
    from neuron import h

    from dendroflow.kernel.lanes import run_together
    from dendroflow.kernel.points import Point

    found = experiment("pyramidal_spike")
    (first, *_) = found.points
    parameters = {**first.parameters, "amplitude": 2.0}
    point = Point("c91662", parameters, first.settings, 1, "c91662")
    geometry = import_sections(C91662)
    result = run_together(found.model, [point], {"c91662": geometry}, {})
    assert result.outcomes[0].compartments == 1108
    values = np.array(result.traces["values"][0].as_py())
    assert values.max() == pytest.approx(26.87, abs=0.2)
    assert not list(h.allsec())
