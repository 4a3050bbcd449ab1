"""Stimuli that an experiment declares, against theory, numbers of their own, and other clamps."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.signal import welch

from dendroflow.kernel.lanes import run_together
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.model import Model, end, farthest_tip, middle, on_path, path_distance
from dendroflow.runs.proof import run_all
from dendroflow.runs.workload import Workload
from dendroflow.settings.experiment import Experiment

# A sphere of 100 MΩ and 10 ms.
RESISTANCE, TAU, REST = 100.0, 10.0, -70.0
HALF = 0.0125


class Sphere(Model):
    """One passive compartment."""

    places = {"soma": "its middle"}

    def build(self, p):
        from neuron import h

        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 56.41895835
        self.soma.insert("pas")
        self.soma(0.5).pas.g, self.soma(0.5).pas.e = 1e-4, REST
        self.place("soma", middle(self.soma))


def settings(duration, dt=0.025):
    return SolverSettings(duration, dt, REST, 6.3, "crank_nicolson", 1e-3, 0.0, None)


def declared(stimuli, record=()):
    """Stimuli and recordings as an experiment reads them, as a point and a workload have them."""
    experiment = Experiment.model_validate(
        {
            "title": "any",
            "model": "sphere",
            "simulation": {"duration": 1},
            "sweep": {"list": [{"parameters.x": 1}]},
            "features": {"signal": "v", "statistics": ["maximum"]},
            "stimuli": {name: {"at": "soma", **values} for name, values in stimuli.items()},
            "record": {
                "v": {"at": "soma"},
                **{f"i_{name}": {"stimulus": name} for name in stimuli},
            },
        }
    )
    made = {name: dict(stimulus) for name, stimulus in experiment.stimuli.items()}
    recorded = {
        name: {**recording.model_dump(), "unit": recording.known_unit}
        for name, recording in experiment.record.items()
    }
    return made, recorded


def signals(stimuli, duration, folder=None, seed=1, dt=0.025):
    """Times and signals of one point."""
    made, recorded = declared(stimuli)
    point = Point("a", {}, settings(duration, dt), seed, None, made)
    options = {"folder": folder} if folder else {}
    result = run_together(Sphere, [point], {}, {}, record=recorded, **options)
    assert result.outcomes[0].status == "ok", result.outcomes[0].error
    table = pa.table(result.traces).to_pylist()
    found = {row["signal"]: np.array(row["values"]) for row in table}
    return dt * np.arange(len(found["v"])), found


def filtered(times, current):
    """The potential of the sphere under a current (nA), by its differential equation."""
    dt = times[1] - times[0]
    fine = np.interp(np.arange(0, times[-1], dt / 20), times, current)
    v, out = 0.0, []
    for k, i in enumerate(fine):
        if k % 20 == 0:
            out.append(v)
        v += dt / 20 * (RESISTANCE * i - v) / TAU
    return REST + np.array(out)


def test_a_step_charges_the_membrane():
    t, found = signals({"s": {"kind": "step", "amplitude": 0.1, "delay": 5, "duration": 40}}, 60)
    on = (t > 5.1) & (t < 44.9)
    expected = REST + RESISTANCE * 0.1 * (1 - np.exp(-(t[on] - 5) / TAU))
    assert np.abs(found["v"][on] - expected).max() < 0.02
    assert set(np.round(found["i_s"], 12)) == {0.0, 0.1}


@pytest.mark.parametrize(
    ("stimulus", "current"),
    [
        (
            {"kind": "ramp", "delay": 10, "duration": 20, "amplitude": 0.2, "start": 0.1},
            lambda t: np.where((t > 10) & (t < 30), 0.1 + 0.005 * (t - 10), 0),
        ),
        (
            {"kind": "pulses", "delay": 5, "width": 2, "interval": 10, "number": 3,
             "amplitude": 0.3},
            lambda t: np.where((t > 5) & (t < 35) & ((t - 5) % 10 < 2), 0.3, 0),
        ),
        (
            {"kind": "sine", "delay": 5, "duration": 40, "frequency": 50, "amplitude": 0.1,
             "offset": 0.05, "phase": 90},
            lambda t: np.where(
                (t > 5) & (t < 45), 0.05 + 0.1 * np.cos(2 * np.pi * 50 * (t - 5) / 1000), 0
            ),
        ),
        (
            {"kind": "chirp", "delay": 0, "duration": 50, "frequency": 0, "last_frequency": 100,
             "amplitude": 0.1},
            lambda t: np.where(t < 50, 0.1 * np.sin(2 * np.pi * (0.001 * t**2)), 0),
        ),
    ],
)  # fmt: skip
def test_currents_follow_their_formulas_and_act_on_the_cell(stimulus, current):
    t, found = signals({"s": stimulus}, 60)
    # NEURON plays what a vector has in the middle of a step, and records it at its end.
    expected = current(t - HALF)
    # At an edge a sample may belong to either side.
    edges = np.abs(np.diff(expected, prepend=expected[0], append=expected[-1])) > 0.02
    near = edges[1:] | edges[:-1]
    near[1:] |= near[:-1].copy()
    assert near.sum() < 30
    assert np.abs(found["i_s"] - expected)[~near].max() < 5e-6
    v = filtered(t, current(t))
    assert np.abs(found["v"][: len(v)] - v).max() < 0.15


def test_noise_has_the_moments_and_the_spectrum_of_its_process():
    stimulus = {"kind": "noise", "duration": 20_000, "mean": 0.05, "sd": 0.02, "tau": 5, "delay": 0}
    _, found = signals({"s": stimulus}, 20_000, dt=0.1)
    noise = found["i_s"][1:-1]
    # 2000 independent values or so.
    assert noise.mean() == pytest.approx(0.05, abs=4 * 0.02 / np.sqrt(2000))
    assert noise.std() == pytest.approx(0.02, rel=0.08)
    lag = round(5 / 0.1)
    correlation = np.corrcoef(noise[:-lag], noise[lag:])[0, 1]
    assert correlation == pytest.approx(np.exp(-1), abs=0.08)
    frequency, power = welch(noise, fs=10_000, nperseg=4096)
    corner = 1000 / (2 * np.pi * 5)
    low, high = power[(frequency > 2) & (frequency < 8)].mean(), power[frequency > 10 * corner]
    assert low / power[np.abs(frequency - corner) < 4].mean() == pytest.approx(2, rel=0.35)
    assert high[0] < low / 50


def test_noise_follows_from_the_seed_and_the_stimulus_alone():
    noise = {"kind": "noise", "duration": 50, "mean": 0, "sd": 0.02, "tau": 5, "delay": 0}
    _, first = signals({"a": noise, "b": noise}, 50)
    _, again = signals({"a": noise, "b": noise}, 50)
    _, other = signals({"a": noise, "b": noise}, 50, seed=2)
    assert first["i_a"].tobytes() == again["i_a"].tobytes()
    assert not np.array_equal(first["i_a"], first["i_b"])
    assert not np.array_equal(first["i_a"], other["i_a"])


def test_a_trace_is_played(tmp_path):
    (tmp_path / "up.csv").write_text("0,0\n10,100\n20,0\n")
    stimulus = {"kind": "trace", "file": "up.csv", "scale": 0.001, "delay": 5}
    t, found = signals({"s": stimulus}, 40, tmp_path)
    assert np.abs(found["i_s"] - np.interp(t - HALF, [5, 15, 25], [0, 0.1, 0])).max() < 1e-9


def test_a_voltage_clamp_holds_and_its_current_is_ohms(tmp_path):
    clamp = {"kind": "voltage_clamp", "holding": -70, "voltage": -50, "delay": 10, "duration": 50}
    t, found = signals({"c": clamp}, 80)
    held = (t > 12) & (t < 59)
    assert np.abs(found["v"][held] + 50).max() < 0.01
    assert found["i_c"][held].mean() == pytest.approx(20 / RESISTANCE, rel=1e-3)
    (tmp_path / "v.txt").write_text("0 -70\n40 -30\n")
    clamp = {"kind": "voltage_clamp", "holding": -70, "file": "v.txt", "delay": 10}
    t, found = signals({"c": clamp}, 60, tmp_path)
    assert np.abs(found["v"] - np.interp(t, [10, 50], [-70, -30]))[t > 11].max() < 0.05


def test_a_synapse_opens_and_closes(tmp_path):
    synapse = {"kind": "synapse", "weight": 1e-4, "decay": 2, "reversal": 0, "delay": 10}
    t, found = signals({"s": synapse}, 40)
    after = t > 10.1
    # The conductance is small, so that the potential hardly moves.
    expected = 1e-4 * np.exp(-(t[after] - 10) / 2) * REST
    assert np.abs(found["i_s"][after] - expected).max() < 2e-4
    (tmp_path / "times.txt").write_text("0\n7.5\n20\n")
    synapse |= {"file": "times.txt", "rise": 0.1, "decay": 0.5}
    t, found = signals({"s": synapse}, 40, tmp_path)
    active = found["i_s"] < -1e-5
    assert np.allclose(t[1:][active[1:] & ~active[:-1]], [10, 17.5, 30], atol=0.2)
    poisson = {"kind": "synapse", "weight": 0, "decay": 1, "interval": 5, "number": 100, "noise": 1}
    signals({"s": poisson | {"delay": 0}}, 40)


def test_several_act_together_and_lanes_give_what_points_give_alone():
    made, recorded = declared(
        {
            "hold": {"kind": "step", "amplitude": -0.05, "delay": 0, "duration": 100},
            "noise": {"kind": "noise", "duration": 80, "mean": 0, "sd": 0.1, "tau": 3, "delay": 5},
        }
    )
    points = []
    for i in range(8):
        changed = {**made, "hold": {**made["hold"], "amplitude": -0.01 * i}}
        points.append(Point(f"p{i}", {}, settings(60), 1, None, changed))
    workload = Workload(Sphere, {}, {}, record=recorded)
    verdict, _ = run_all(workload, points, workers=1, timeout_s=60)
    assert (verdict.process, verdict.why) == ("shared", "")


class Branched(Model):
    """A trunk of 100 µm that forks into 50 µm and 80 µm."""

    signals = {"v": "mV"}

    def build(self, p):
        from neuron import h

        self.soma = [h.Section("soma", self)]
        self.apic = [h.Section(f"apic[{i}]", self) for i in range(3)]
        for section, length in zip(self.apic, (100, 50, 80), strict=True):
            section.L, section.nseg = length, 11
        self.soma[0].L = 20
        self.apic[0].connect(self.soma[0](1))
        self.apic[1].connect(self.apic[0](1))
        self.apic[2].connect(self.apic[0](1))
        origin = middle(self.soma)
        tip = farthest_tip(origin, self.apic)
        self.found = [
            str(tip.sec).rpartition(".")[2],
            path_distance(origin, tip),
            *(path_distance(origin, on_path(origin, tip, d)) for d in (10.0, 60.0, 110.0, 150.0)),
            end(self.apic).sec == self.apic[2],
        ]
        FOUND.append(self.found)
        self.record("v", on_path(origin, tip, 150.0)._ref_v)
        on_path(origin, tip, 500.0)


FOUND = []


def test_places_are_found_as_people_say_them():
    point = Point("a", {}, settings(1), 1, None)
    (outcome,) = run_together(Branched, [point], {}, {}).outcomes
    (found,) = FOUND
    assert found[0] == "apic[2]"
    assert found[1:-1] == pytest.approx([190, 10, 60, 110, 150])
    assert found[-1]
    assert "is 190 µm long, and not 500" in outcome.error


def test_a_place_that_build_does_not_name():
    class Forgetful(Sphere):
        def place(self, name, segment):
            pass

    made, recorded = declared({"s": {"kind": "step", "amplitude": 1, "delay": 0, "duration": 1}})
    point = Point("a", {}, settings(1), 1, None, made)
    (outcome,) = run_together(Forgetful, [point], {}, {}, record=recorded).outcomes
    assert (outcome.status, outcome.error) == (
        "failed",
        "ModelError: build has not named the place 'soma' by self.place",
    )
