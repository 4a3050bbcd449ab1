"""Reading exported traces, and playing them into a reference of NEURON."""

import numpy as np
import pytest

from dendroflow.errors import ModelError
from dendroflow.model import play, read_trace

TRACES = """gnabar,point_id,signal,location,unit,time,value
0.1,a,soma_v,,mV,0,-65
0.1,a,soma_v,,mV,0.5,-60.125
0.2,b,soma_v,,mV,0,-65
0.2,b,soma_v,,mV,0.5,-55
"""


@pytest.fixture
def exported(tmp_path):
    path = tmp_path / "traces.csv"
    path.write_text(TRACES)
    return path


def test_a_trace_is_named_by_what_was_swept(exported):
    times, values = read_trace(exported, "soma_v", gnabar=0.1)
    assert times.tolist() == [0, 0.5]
    assert values.tolist() == [-65, -60.125]


@pytest.mark.parametrize(
    ("signal", "swept", "message"),
    [
        ("soma_v", {}, "holds several traces with signal = soma_v; name more"),
        ("some_v", {"gnabar": 0.1}, r"holds no trace with signal = some_v, gnabar = 0\.1"),
        ("soma_v", {"gkbar": 0.1}, "has no column gkbar"),
    ],
)
def test_a_trace_that_is_not_one(exported, signal, swept, message):
    with pytest.raises(ModelError, match=message) as error:
        read_trace(exported, signal, **swept)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [None, "", "t,v\n0,1\n"])
def test_a_file_that_is_no_table_of_traces(tmp_path, content):
    path = tmp_path / "traces.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"traces\.csv: (cannot be read|has no column)"):
        read_trace(path, "soma_v")


def test_values_are_interpolated_and_held():
    from neuron import h

    section = h.Section("played")
    clamp = h.IClamp(section(0.5))
    clamp.dur = 1e9
    kept = play(clamp._ref_amp, [1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    recorded, times = h.Vector().record(clamp._ref_amp), h.Vector().record(h._ref_t)
    h.CVode().active(False)
    before, h.dt = h.dt, 0.5
    try:
        h.finitialize(-65)
        while h.t < 4.9:
            h.fadvance()
    finally:
        h.dt = before
    played = dict(zip(np.round(times, 6), recorded, strict=True))
    assert played[1.5] == pytest.approx(1.5)
    assert played[2.5] == pytest.approx(3.0)
    assert played[0.5] == pytest.approx(1.0)
    assert played[4.5] == played[5.0] == pytest.approx(4.0)
    assert len(kept) == 2
