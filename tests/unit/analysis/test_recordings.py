"""Recordings of every format, measured as simulations are; what targets take from them."""

import numpy as np
import pytest
from support import recorded
from support.recorded import DELAY, DT, DURATION

from dendroflow.analysis.recording_files import read_sweeps
from dendroflow.analysis.recordings import (
    Measured,
    measure_recordings,
    rheobase,
    with_rheobases,
    without_noise,
)
from dendroflow.errors import ConfigurationError
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import load
from dendroflow.settings.recordings import RecordingFile, RecordingSet

EXPERIMENT = {
    "title": "Compared with recordings",
    "model": "hh_soma",
    "simulation": {"duration": 500},
    "record": {"v": {"at": "soma"}},
}
OF_STEP = {"signal": "v", "stimulus": [50, 150], "efel": ["Spikecount", "AP_amplitude"]}


def experiment(features, targets, **keys):
    return Experiment.model_validate(EXPERIMENT | {"features": features, "targets": targets} | keys)


def measured(folder, files, features=OF_STEP, target="Spikecount", sd=1.0, **keys):
    """Targets of one set of recordings, and the table of them."""
    for content in files:
        content.setdefault("cell", "a")
    recorded.catalogue(folder, rat={"recordings": files})
    sets = {"rat": RecordingSet.model_validate({"recordings": files})}
    targets = {target: {"from": "recordings.rat", "sd": sd}}
    table, traces, found = measure_recordings(folder, experiment(features, targets, **keys), sets)
    return found, table.to_pylist(), traces


# Formats ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def potentials():
    return recorded.soma(0.12, [0.05, 0.1], noise=0.1)


def written(folder, kind, potentials):
    """The file of a format with what has to be said about it."""
    path = folder / f"soma.{kind}"
    if kind == "csv":
        recorded.write_csv(path, potentials)
    elif kind == "txt":
        np.savetxt(path, np.column_stack(potentials))
        return {"file": path.name, "sampling": DT, "unit": "mV"}
    elif kind == "abf":
        recorded.write_abf(path, potentials[0])
    elif kind == "ibw":
        recorded.write_ibw(path, potentials[0])
    else:
        currents = [recorded.step(a, len(potentials[0])) for a in (0.05, 0.1)]
        recorded.write_nwb(path, potentials, currents)
    return {"file": path.name}


@pytest.mark.parametrize("kind", ["csv", "txt", "abf", "ibw", "nwb"])
def test_every_format_gives_the_samples_in_mv_and_ms(tmp_path, kind, potentials):
    said = written(tmp_path, kind, potentials)
    recording = RecordingFile.model_validate(said | {"cell": "a"})
    sweeps = read_sweeps(tmp_path / said["file"], recording)
    assert len(sweeps) == (1 if kind in ("abf", "ibw") else 2)
    for sweep, wanted in zip(sweeps, potentials, strict=False):
        assert sweep.dt == pytest.approx(DT, rel=1e-6)
        # ABF holds whole numbers of 16 bits.
        np.testing.assert_allclose(sweep.potential, wanted, atol=0.01 if kind == "abf" else 1e-3)
    if kind == "nwb":
        assert sweeps[1].current[int(100 / DT)] == pytest.approx(0.1)


def test_of_a_recorded_current_follow_window_and_amplitude(tmp_path, potentials):
    said = written(tmp_path, "nwb", potentials)
    _, rows, traces = measured(tmp_path, [said])
    assert sorted({row["amplitude"] for row in rows}) == pytest.approx([0.05, 0.1])
    # The recorded step begins where the protocol's does.
    assert traces["t0"].to_pylist() == pytest.approx([50 - DELAY] * 2)


def test_junction_potential_is_subtracted_and_offset_added(tmp_path):
    recorded.write_csv(tmp_path / "rest.csv", [np.full(4001, -60.0)])
    resting = {"signal": "v", "statistics": ["mean"]}
    files = [{"file": "rest.csv", "ljp": 14.0}]
    found, _, _ = measured(tmp_path, files, resting, "v_mean")
    assert found["v_mean"]["mean"] == pytest.approx(-74)
    files[0] |= {"offset": 2.0}
    assert measured(tmp_path, files, resting, "v_mean")[0]["v_mean"]["mean"] == pytest.approx(-72)


def test_a_current_in_pa_is_not_taken_for_na(tmp_path):
    v = np.where(recorded.step(1.0, 4001) > 0, -72.0, -70.0)
    columns = [v, recorded.step(-20.0, len(v))]
    block = {
        "signal": "v",
        "stimulus": [50, 150],
        "efel": ["ohmic_input_resistance"],
        "settings": {"stimulus_current": -0.05},
    }
    recorded.write_csv(tmp_path / "a.csv", columns, heads=["t (ms)", "v (mV)", "i (pA)"])
    found, _, _ = measured(tmp_path, [{"file": "a.csv"}], block, "ohmic_input_resistance")
    # -2 mV by -0.02 nA; eFEL counts the first sample of the step to what was before it.
    assert found["ohmic_input_resistance"]["mean"] == pytest.approx(100, rel=2e-3)


# What eFEL makes of them -----------------------------------------------------------------------


def triangles(times, total=500.0, dt=0.1):
    t = dt * np.arange(round(total / dt) + 1)
    peaks = [np.clip(1 - np.abs(t - time), 0, None) for time in times]
    return -70 + 100 * np.sum(peaks, axis=0)


def of_triangles(folder, **settings):
    recorded.write_csv(folder / "t.csv", [triangles([50, 110, 130, 170, 250, 350])], dt=0.1)
    names = ["Spikecount", "time_to_first_spike", "ISI_values", "inv_first_ISI", "mean_frequency"]
    block = {
        "signal": "v",
        "stimulus": [100, 300],
        "efel": [*names, "ISI_CV"],
        "settings": settings,
    }
    files = [{"file": "t.csv", "window": [100, 300]}]
    _, rows, _ = measured(folder, files, block)
    return {row["feature"]: row["value"] for row in rows}


def test_spikes_outside_of_the_stimulus_do_not_count_where_it_is_strict(tmp_path):
    found = of_triangles(tmp_path, strict_stiminterval=True, ignore_first_ISI=False)
    assert found["Spikecount"] == 4
    assert found["time_to_first_spike"] == pytest.approx(10, abs=0.2)
    assert found["ISI_values"] == pytest.approx(np.mean([20, 40, 80]), abs=0.1)
    assert found["inv_first_ISI"] == pytest.approx(50, rel=0.01)
    assert found["mean_frequency"] == pytest.approx(4 / 0.150, rel=0.01)
    assert found["ISI_CV"] == pytest.approx(0.655, abs=0.002)


def test_what_efel_gives_otherwise_is_known(tmp_path):
    found = of_triangles(tmp_path)
    assert found["Spikecount"] == 6
    assert found["time_to_first_spike"] == pytest.approx(-50, abs=0.2)


def test_a_threshold_belongs_to_the_target(tmp_path):
    peaks = triangles([110, 150]) + 0.6 * (triangles([200, 250]) + 70)
    recorded.write_csv(tmp_path / "t.csv", [peaks], dt=0.1)
    files = [{"file": "t.csv", "window": [100, 300]}]
    for threshold, spikes in ((-20, 4), (0, 2)):
        block = OF_STEP | {"stimulus": [100, 300], "settings": {"Threshold": threshold}}
        assert measured(tmp_path, files, block)[0]["Spikecount"]["mean"] == spikes


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.0, 2.0])
def test_noise_on_a_hump_is_no_spike(tmp_path, noise):
    t = 0.1 * np.arange(5001)
    hump = -60 + 41 * np.exp(-(((t - 200) / 50) ** 2))
    v = hump + noise * np.random.default_rng(1).standard_normal(len(t))
    recorded.write_csv(tmp_path / "hump.csv", [v], dt=0.1)
    block = OF_STEP | {"stimulus": [100, 300]}
    files = [{"file": "hump.csv", "window": [100, 300]}]
    assert measured(tmp_path, files, block)[0]["Spikecount"]["mean"] > 10
    files[0] |= {"least_spike_height": 20.0}
    assert measured(tmp_path, files, block)[0]["Spikecount"]["mean"] == 0


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0, 5.0])
def test_true_spikes_keep_their_count_in_noise(noise):
    random = np.random.default_rng(1)
    clean = triangles([110, 130, 170, 250])
    v = clean + noise * random.standard_normal(len(clean))
    cut = without_noise(v, 0.1, -20.0, 40.0, None)
    above = np.diff((cut > -20).astype(int)) > 0
    assert above.sum() == 4
    np.testing.assert_array_equal(cut[v <= -20], v[v <= -20])


def test_a_slow_rise_is_no_spike():
    t = 0.1 * np.arange(5001)
    slow = -70 + 80 * np.exp(-(((t - 250) / 30) ** 2))
    assert (without_noise(slow, 0.1, -20.0, None, 20.0) <= -20).all()
    np.testing.assert_array_equal(
        without_noise(triangles([200]), 0.1, -20.0, None, 20.0), triangles([200])
    )


# Cells, means, rheobase ------------------------------------------------------------------------


def flat(folder, name, level):
    recorded.write_csv(folder / name, [np.full(401, float(level))])
    return {"file": name}


def test_the_mean_of_each_cell_comes_first(tmp_path):
    files = [
        *(flat(tmp_path, f"a{n}.csv", 10) | {"cell": "a"} for n in range(3)),
        flat(tmp_path, "b.csv", 20) | {"cell": "b"},
    ]
    resting = {"signal": "v", "statistics": ["mean"]}
    found = measured(tmp_path, files, resting, "v_mean", sd=None)[0]["v_mean"]
    # Pooled it would be 12.5 ± 4.33.
    assert found["mean"] == pytest.approx(15)
    assert found["sd"] == pytest.approx(7.0711, abs=1e-4)
    assert found["cells"] == pytest.approx({"a": 10, "b": 20})
    assert found["sweeps"] == 4


def test_of_one_cell_there_is_no_sd(tmp_path):
    resting = {"signal": "v", "statistics": ["mean"]}
    files = [flat(tmp_path, "a.csv", 10)]
    with pytest.raises(ConfigurationError, match="one cell, so there is no SD; give `sd`"):
        measured(tmp_path, files, resting, "v_mean", sd=None)
    found = measured(tmp_path, files, resting, "v_mean", sd=2.0)[0]["v_mean"]
    assert (found["sd"], found["measured_sd"]) == (2.0, None)
    files.append(flat(tmp_path, "b.csv", 10) | {"cell": "b"})
    with pytest.raises(ConfigurationError, match="the same in all cells, so there is no SD"):
        measured(tmp_path, files, resting, "v_mean", sd=None)


def test_rheobase_is_where_the_cell_begins_to_fire_for_good():
    amplitudes, spikes = [0.05, 0.10, 0.15, 0.20, 0.25, 0.30], [1, 0, 0, 1, 2, 4]
    assert rheobase(amplitudes, spikes) == (0.20, {0.05})
    assert rheobase(amplitudes, [0] * 6) == (None, set())
    # Whether it fires below the smallest is not known.
    assert rheobase(amplitudes, [1] * 6) == (None, set())
    assert rheobase(amplitudes, [0, 0, 0, 1, 1, 0]) == (None, {0.20, 0.25})
    # Of two sweeps at a current both must have spikes.
    assert rheobase([0.1, 0.2, 0.2, 0.3], [0, 0, 1, 1]) == (0.3, set())


def test_a_protocol_relative_to_rheobase_takes_recordings_near_its_multiple(tmp_path):
    currents = [0.02, 0.04, 0.06, 0.08, 0.1]
    files = []
    for cell, gnabar in (("a", 0.12), ("b", 0.10)):
        recorded.write_csv(tmp_path / f"{cell}.csv", recorded.soma(gnabar, currents, noise=0.1))
        files.append(
            {"file": f"{cell}.csv", "cell": cell, "protocol": "steps", "amplitude": currents}
            | {"sweeps": [0, 1, 2, 3, 4], "window": [DELAY, DELAY + DURATION]}
        )
    step = {"kind": "step", "at": "soma", "delay": 20, "duration": 100, "amplitude": 0.1}
    twice = {
        "duration": 200,
        "stimuli": {"step": step},
        "window": [20, 120],
        "recorded": {"protocol": "steps", "relative": 2.0, "within": 0.1},
        "features": {"signal": "v", "efel": ["AP_amplitude"]},
    }
    found, rows, traces = measured(
        tmp_path,
        files,
        [],
        "twice.AP_amplitude",
        protocols={"twice": twice},
        sd=None,
    )
    used = [row for row in rows if row["used"]]
    assert {(row["cell"], row["rheobase"], row["amplitude"]) for row in used} == {
        ("a", 0.04, 0.08),
        ("b", 0.04, 0.08),
    }
    assert len(rows) == 10
    assert traces["t0"].to_pylist() == pytest.approx([20 - DELAY] * 2)
    assert found["twice_AP_amplitude"]["sweeps"] == 2
    cells = found["twice_AP_amplitude"]["cells"]
    assert cells == {row["cell"]: row["value"] for row in used}


def test_features_are_those_of_the_simulated_trace(tmp_path, potentials):
    """The same code with the same settings: without noise, what the simulation has."""
    import pyarrow as pa

    from dendroflow.features.extract import extract
    from dendroflow.tables.schemas import OUTCOMES, TRACES

    (v,) = recorded.soma(0.12, [0.1])
    recorded.write_csv(tmp_path / "a.csv", [v])
    files = [{"file": "a.csv", "window": [DELAY, DELAY + DURATION]}]
    names = ["AP_amplitude", "AP_width", "mean_frequency", "AHP_depth", "time_to_first_spike"]
    block = OF_STEP | {"stimulus": [DELAY, DELAY + DURATION], "efel": ["Spikecount", *names]}
    _, rows, _ = measured(tmp_path, files, block)
    trace = {"point_id": "p", "signal": "v", "unit": "mV", "t0": 0.0, "dt": DT, "values": v}
    simulated = extract(
        pa.Table.from_pylist([trace], schema=TRACES),
        pa.Table.from_pylist([{"point_id": "p", "status": "ok"}], schema=OUTCOMES),
        experiment(block, {}).measured,
    ).to_pylist()[0]
    for row in rows:
        # Six digits of a text.
        assert row["value"] == pytest.approx(simulated[row["feature"]], rel=1e-4), row["feature"]


# Bad input -------------------------------------------------------------------------------------


def refused(folder, said, features=OF_STEP, target="Spikecount", **keys):
    with pytest.raises(ConfigurationError) as error:
        measured(folder, [{"cell": "a"} | said], features, target, **keys)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"file": "bare.csv", "time_unit": "ms"}, "nobody says that a channel is a potential"),
        ({"file": "bare.csv", "unit": "mV"}, "time_unit: nobody says what its first column"),
        ({"file": "good.csv"}, "window: give start and end of its stimulus"),
        ({"file": "good.csv", "channel": "w0", "window": [50, 150]}, "channel: there is no 'w0'"),
        ({"file": "good.csv", "sweeps": [3], "window": [50, 150]}, "there is no 3; it has 1"),
        ({"file": "good.csv", "window": [50, 450]}, "sweep 0: features: 50 to 450 ms is not with"),
        ({"file": "good.csv", "signal": "w", "window": [50, 150]}, "nothing is measured on w"),
        ({"file": "coarse.csv", "window": [50, 150]}, "every 0.5 ms; AP_amplitude needs 0.1 ms"),
        ({"file": "holes.csv", "window": [50, 150]}, "too few samples, or some that are missing"),
        ({"file": "uneven.csv", "window": [50, 150]}, "its times are not evenly spaced"),
        ({"file": "words.csv", "window": [50, 150]}, "is no table: ValueError"),
        ({"file": "empty.csv", "window": [50, 150]}, "is no table: EmptyDataError"),
        ({"file": "none.abf"}, "none.abf: Neo cannot read it"),
        ({"file": "none.nwb"}, "none.nwb: Neo cannot read it"),
        ({"file": "none.ibw"}, "none.ibw: Neo cannot read it"),
        ({"file": "lost.csv"}, "lost.csv: cannot be read: No such file"),
        ({"file": "good.csv", "sha256": "0" * 64}, "is not the file that was pinned; its sha256"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line(tmp_path, said, problem):
    v = np.full(4001, -65.0)
    recorded.write_csv(tmp_path / "good.csv", [v])
    recorded.write_csv(tmp_path / "bare.csv", [v], heads=["a", "b"])
    recorded.write_csv(tmp_path / "coarse.csv", [v], dt=0.5)
    (tmp_path / "holes.csv").write_text("t (ms),v (mV)\n0,1\n1,\n2,3\n")
    (tmp_path / "uneven.csv").write_text("t (ms),v (mV)\n0,1\n1,2\n3,3\n")
    (tmp_path / "words.csv").write_text("t (ms),v (mV)\n0,1\none,2\n")
    for name in ("empty.csv", "none.abf", "none.nwb", "none.ibw"):
        (tmp_path / name).write_bytes(b"" if name == "empty.csv" else b"no recording" * 50)
    found = refused(tmp_path, said)
    assert problem in found
    assert found.startswith(f"{tmp_path}/recordings.yaml: rat: ")


def test_a_recording_without_a_pin_is_told_its_own(tmp_path):
    recorded.write_csv(tmp_path / "good.csv", [np.full(4001, -65.0)])
    files = [{"file": "good.csv", "cell": "a", "window": [50, 150]}]
    sets = {"rat": RecordingSet.model_validate({"recordings": files})}
    targets = {"Spikecount": {"from": "recordings.rat", "sd": 1}}
    with pytest.raises(
        ConfigurationError, match=r"good\.csv: has no pin; write `sha256: [0-9a-f]{64}"
    ):
        measure_recordings(tmp_path, experiment(OF_STEP, targets), sets)


def test_a_feature_that_no_recording_has_is_told(tmp_path):
    recorded.write_csv(tmp_path / "rest.csv", [np.full(4001, -65.0)])
    files = [{"file": "rest.csv", "cell": "a", "window": [50, 150]}]
    with pytest.raises(ConfigurationError, match="AP_amplitude: recordings rat: none of those"):
        measured(tmp_path, files, target="AP_amplitude")


def test_rheobase_needs_the_current():
    sweep = Measured(RecordingFile(file="a.csv", cell="a"), 0, None, None, None, spikes=1)
    with pytest.raises(ConfigurationError, match=r"a\.csv: amplitude: give it, or record"):
        with_rheobases([sweep])


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"file": "../a.csv"}, "a path from the configuration's folder"),
        ({"file": "a.mat"}, "a path from the configuration's folder"),
        ({"unit": "kV"}, "'kV' is unknown; did you mean"),
        ({"amplitude": [1, 2]}, "a list goes with `sweeps`"),
        ({"windows": [1, 2]}, "unknown key; did you mean 'window'?"),
        ({"sha256": "abc"}, "a sha256: 64 hexadecimal digits"),
    ],
)
def test_an_entry_that_is_none_is_refused(tmp_path, said, problem):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "one.yaml").write_text(
        "title: x\nmodel: m\nsimulation: {duration: 1}\nfeatures: {signal: v, statistics: [mean]}\n"
    )
    recorded.catalogue(tmp_path, rat={"recordings": [{"file": "a.csv", "cell": "a"} | said]})
    with pytest.raises(ConfigurationError) as error:
        load({"experiments": ["one"]}, tmp_path / "config.yaml")
    assert problem in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/recordings.yaml: rat.recordings.0")
