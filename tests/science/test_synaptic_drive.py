"""The course's eFEL example: spikes evoked by a train of random synaptic events."""

import dataclasses

import numpy as np
import pytest

# Times (ms) at which the course's NetStim fired, in NEURON 8.2.
EVENTS = (10.0145, 10.3613, 21.6421, 25.7509, 30.5403, 31.5762, 38.8717, 65.3873, 80.7750, 81.4185)


@pytest.fixture(scope="module")
def drive(experiment):
    return experiment("synaptic_drive")


def test_the_events_of_the_course_give_its_intervals(drive):
    from neuron import h

    class Replay(drive.model):
        """The same cell, driven by events at given times."""

        def build(self, p):
            super().build(p)
            self.connection = h.NetCon(None, self.synapse)
            self.connection.weight[0] = p.weight
            self.events = h.FInitializeHandler(
                lambda: [self.connection.event(time + p.delay) for time in EVENTS]
            )

    first = drive.points[0]
    point = dataclasses.replace(
        first,
        parameters={**first.parameters, "weight": 0.001},
        settings=dataclasses.replace(first.settings, duration=150.0),
    )
    table, _ = drive.run_one(Replay, point)
    row = table.iloc[0]
    assert row["spike_count"] == 5
    assert row["all_ISI_values.values"] == pytest.approx([12.7, 17.5, 25.5, 15.2], abs=1e-9)
    assert row["AP_begin_time.values"] == pytest.approx([11.1, 24.1, 41.6, 66.4, 81.8], abs=1e-6)
    assert row["AP_amplitude.values"] == pytest.approx(
        [103.29412261, 89.84172038, 86.20720776, 103.58659989, 105.59554847], abs=1e-6
    )


@pytest.fixture(scope="module")
def swept(drive):
    return drive.run()


def test_every_point_runs(swept):
    table, _ = swept
    assert len(table) == 120
    assert (table["status"] == "ok").all()


def test_stronger_synapses_evoke_more_spikes(swept):
    table, _ = swept
    means = table.groupby("weight")["spike_count"].mean()
    assert means.is_monotonic_increasing
    assert means.iloc[-1] > means.iloc[0] + 1


def test_the_conductance_is_that_of_the_events(swept):
    """Each event adds its weight, which decays with tau: the area is weight * tau * events."""
    table, _ = swept
    for _, row in table[table["seed"] <= 5].iterrows():
        events = row["g_syn_integral"] / (row["weight"] * 2.0)
        assert events == pytest.approx(round(events), rel=0.01)
        assert 5 <= round(events) <= 10


def test_a_train_is_the_same_for_all_weights(swept):
    table, traces = swept
    rows = traces.to_pandas().query("signal == 'g_syn'").merge(table, on="point_id")
    one = rows[rows["seed"] == 7].sort_values("weight")
    scaled = [np.array(row["values"]) / row["weight"] for _, row in one.iterrows()]
    for other in scaled[1:]:
        assert other == pytest.approx(scaled[0], rel=1e-9, abs=1e-12)
    trains = {tuple(np.round(row["values"], 12)) for _, row in rows.iterrows()}
    assert len(trains) == 120
