"""The f-I curve of the Hodgkin-Huxley soma, whose onset and block bisection finds by hand."""

import pytest

# nA: a spike from the first on; 100 Hz from the second to the third, and not above.
RHEOBASE, LOW, HIGH = 0.02812, 0.3791, 1.248


@pytest.fixture(scope="module")
def curve(experiment):
    table, _ = experiment("fi_curve").run()
    assert (table["status"] == "ok").all()
    return table.set_index("step_amplitude")


def test_a_spike_from_the_rheobase_on(curve):
    spikes = curve["spike_count"]
    assert (spikes[spikes.index < RHEOBASE] == 0).all()
    assert (spikes[spikes.index > RHEOBASE] >= 1).all()


def test_100_hz_from_onset_to_block(curve):
    fast = curve["soma_v_rate"] >= 100
    assert fast[(fast.index > LOW) & (fast.index < HIGH)].all()
    assert not fast[(fast.index < LOW) | (fast.index > HIGH)].any()


def test_the_rate_is_spikes_over_the_window(curve):
    # A spike that begins within the window may have its peak after it.
    assert ((curve["soma_v_rate"] - curve["spike_count"] / 0.5).abs() <= 1 / 0.5).all()
