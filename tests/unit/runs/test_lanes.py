import gc

import numpy as np
import pyarrow as pa
import pytest
from engine_models import MODELS, PLAUSIBLE, Fragile, point, settings, statuses, voltages

from dendroflow.kernel.globals import NotSharedError
from dendroflow.kernel.lanes import GroupFailedError, run_together
from dendroflow.model import Model
from dendroflow.runs.loading import load_model


@pytest.fixture(autouse=True)
def clean_simulator():
    from neuron import h

    yield
    assert not list(h.allsec())
    h.CVode().active(False)


@pytest.fixture(scope="module")
def squid():
    return load_model(MODELS / "squid_soma")


def run(model, points):
    return run_together(model, points, {}, PLAUSIBLE)


def test_lanes_are_bit_identical_to_solo_runs_in_any_order(squid):
    points = [point(i, amplitude=0.01 + 0.002 * i, diameter=10.0 + i) for i in range(12)]
    together = voltages([run(squid, points)])
    reverse = voltages([run(squid, points[::-1])])
    alone = voltages([run(squid, [p]) for p in points])
    assert together == reverse == alone
    assert len(set(together.values())) == 12


def test_samples_and_times_of_a_fixed_step(squid):
    table = pa.table(run(squid, [point("a")]).traces)
    (row,) = table.to_pylist()
    assert (row["t0"], row["dt"], row["t"], row["unit"]) == (0.0, 0.025, None, "mV")
    assert len(row["values"]) == 801
    assert row["values"][0] == -65.0


def test_the_loop_that_everybody_writes_gives_the_same_samples(squid):
    from neuron import h

    (row,) = pa.table(run(squid, [point("a", amplitude=0.02)]).traces).to_pylist()
    soma = h.Section("soma")
    soma.L = soma.diam = 10
    soma.insert("hh")
    clamp = h.IClamp(soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 5, 5, 0.02
    v = h.Vector().record(soma(0.5)._ref_v)
    h.load_file("stdrun.hoc")
    h.celsius, h.dt = 6.3, 0.025
    h.finitialize(-65)
    h.continuerun(20)
    assert np.array_equal(np.array(v), row["values"])


def test_sampling_interval(squid):
    (row,) = pa.table(run(squid, [point("a", settings(sampling=0.5))]).traces).to_pylist()
    assert row["dt"] == 0.5
    assert 40 <= len(row["values"]) <= 41


def test_cvode_keeps_its_own_times_and_agrees_with_the_fixed_step(squid):
    varying = settings(solver="cvode", atol=1e-4)
    (row,) = pa.table(run(squid, [point("a", varying)]).traces).to_pylist()
    assert row["dt"] is None
    assert len(row["t"]) == len(row["values"]) < 801
    (fixed,) = pa.table(run(squid, [point("a", settings(dt=0.001))]).traces).to_pylist()
    at = np.interp(row["t"], np.arange(len(fixed["values"])) * 0.001, fixed["values"])
    assert np.abs(at - row["values"]).max() < 1.0


def test_temperature_does_not_leak_into_the_next_group(squid):
    cold = point("a", settings(celsius=6.3))
    first = voltages([run(squid, [cold])])
    run(squid, [point("b", settings(celsius=20.0, solver="crank_nicolson", dt=0.05))])
    assert voltages([run(squid, [cold])]) == first


def test_noise_depends_on_the_seed_alone():
    model = load_model(MODELS / "synaptic_soma")
    points = [point(i, settings(duration=80.0), seed=i % 3, weight=0.002) for i in range(9)]
    traces = voltages([run(model, points)])
    for i, other in ((0, 3), (1, 4), (2, 8)):
        assert traces[str(i), "g_syn"] == traces[str(other), "g_syn"]
    assert traces["0", "g_syn"] != traces["1", "g_syn"]
    assert voltages([run(model, [points[7]])]) == {
        key: value for key, value in traces.items() if key[0] == "7"
    }


@pytest.mark.parametrize(
    ("mode", "status", "message"),
    [
        ("raise", "failed", "ZeroDivisionError: no such cell"),
        ("undeclared", "failed", "ModelError: signal 'w' is recorded but not declared"),
        ("silent", "failed", "ModelError: signals ['v'] are declared but not recorded"),
        ("nan", "nonfinite", "signal v is not a finite number"),
        ("absurd", "out_of_range", "outside the plausible -200 to 200 mV"),
    ],
)
def test_a_bad_lane_is_a_row_and_its_neighbours_are_unharmed(mode, status, message):
    sound = [point(i, amplitude=0.1 * i) for i in range(4)]
    expected = voltages([run(Fragile, sound)])
    result = run(Fragile, [*sound[:2], point("bad", mode=mode), *sound[2:]])
    found = statuses([result])
    assert found.pop("bad")[0] == status
    assert message in statuses([result])["bad"][1]
    assert set(found.values()) == {("ok", None)}
    traces = voltages([result])
    assert {key: traces[key] for key in expected} == expected


def test_a_solver_that_stops_is_reported_as_such():
    with pytest.raises(GroupFailedError):
        run(Fragile, [point("a"), point("bad", mode="solver")])
    assert statuses([run(Fragile, [point("a")])]) == {"a": ("ok", None)}


def test_unknown_parameter_is_a_failed_row(squid):
    status, message = statuses([run(squid, [point("a", gnabr=1.0)])])["a"]
    assert status == "failed"
    assert "gnabr" in message


def test_sections_that_outlive_their_cell_are_not_shared():
    from neuron import h

    kept = []

    class Leaky(Model):
        """Keeps its section where the engine cannot delete it."""

        def build(self, p):
            kept.append(h.Section("left"))

    with pytest.raises(NotSharedError, match="outlive their cell"):
        run(Leaky, [point("a")])
    kept.clear()


def test_a_measure_that_does_not_exist_is_no_failure():
    class Measured(Fragile):
        signals = {"v": "mV", "speed": "µm/s", "count": ""}

        def build(self, p):
            super().build(p)
            self.record_value("speed", lambda: None)
            self.record_value("count", lambda: 3)

    result = run(Measured, [point("a", mode="ok")])
    assert result.outcomes[0].status == "ok"
    rows = pa.table(result.traces).to_pylist()
    values = {row["signal"]: row["values"] for row in rows if row["signal"] != "v"}
    assert values == {"speed": [], "count": [3.0]}


def test_nothing_of_a_point_stays_in_the_process(squid):
    points = [point(k, amplitude=0.01) for k in range(50)]
    objects = []
    for _ in range(2):
        run(squid, points)
        gc.collect()
        objects.append(len(gc.get_objects()))
    assert objects[1] - objects[0] < len(points)
