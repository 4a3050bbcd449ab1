"""Protocols from an experiment's file to the database: cached each for itself, and searched."""

import copy

import numpy as np
import pytest

STEP = {"kind": "step", "at": "soma", "delay": 5, "duration": 20}
JUDGED = {
    "title": "A soma under several protocols",
    "model": "hh_soma",
    "simulation": {"dt": 0.025},
    "stimuli": {"step": STEP | {"amplitude": 0.1}},
    "record": {"v": {"at": "soma"}, "i": {"stimulus": "step"}},
    "features": [{"signal": "v", "statistics": ["maximum"]}],
    "protocols": {
        "rest": {"duration": 10, "stimuli": {"step": None}},
        "rheobase": {
            "duration": 30,
            "stimuli": {"step": {"amplitude": 0}},
            "search": {
                "smallest": "stimuli.step.amplitude",
                "such_that": "v_rate > 0",
                "range": [0, 0.2],
                "tolerance": 0.01,
            },
            "features": {"signal": "v", "statistics": ["rate"]},
        },
        "twice": {
            "duration": 30,
            "window": [5, 25],
            "stimuli": {"step": {"amplitude": "2 * rheobase.amplitude"}},
            "features": [
                {"signal": "v", "efel": ["AP_amplitude", "spike_count"]},
                {"signal": "i", "statistics": ["maximum"]},
            ],
        },
    },
    "targets": {
        "twice.spike_count": {"mean": 2, "sd": 0.5},
        "rest.v_maximum": {"mean": -60, "sd": 5},
    },
    "derived": {"gain": "twice.spike_count / rheobase.amplitude"},
    "sweep": {"parameters.gnabar": [0.1, 0.12]},
    "figures": [
        {"kind": "line", "x": "gnabar", "y": "rheobase.amplitude", "name": "line"},
        {"kind": "trace", "signal": ["twice.v", "rest.v"], "hue": "gnabar", "name": "traces"},
        {"kind": "targets", "name": "targets"},
    ],
}


def changed(**protocols):
    """The experiment with other protocols; None leaves one out."""
    found = copy.deepcopy(JUDGED)
    for name, keys in protocols.items():
        if keys is None:
            del found["protocols"][name]
        else:
            found["protocols"][name] = found["protocols"].get(name, {}) | keys
    return found


@pytest.fixture(scope="module")
def judged(new_workspace):
    workspace = new_workspace()
    workspace.project("judged").experiment("judged", JUDGED)
    workspace.run(cores=2).succeeded()
    return workspace


def test_a_row_has_what_all_protocols_gave(judged):
    rows = judged.query(
        "SELECT gnabar, status, rest_v_maximum, rheobase_amplitude, rheobase_low, rheobase_high, "
        "rheobase_end, twice_spike_count, twice_i_maximum, gain, twice_spike_count_score, "
        "rest_v_maximum_score, score, largest_score FROM judged ORDER BY gnabar"
    )
    assert [row[0] for row in rows] == [0.1, 0.12]
    for row in rows:
        status, rest, found, low, high, end, spikes, current, gain, first, second, *both = row[1:]
        assert (status, end) == ("ok", "found")
        assert -66 < rest < -60
        assert found == high
        assert 0 < high - low <= 0.01
        assert current == pytest.approx(2 * found, rel=1e-11)
        assert spikes >= 1
        assert gain == pytest.approx(spikes / found)
        assert first == pytest.approx(abs(spikes - 2) / 0.5)
        assert second == pytest.approx(abs(rest + 60) / 5)
        assert both == [pytest.approx(first + second), max(first, second)]
    assert rows[0][3] >= rows[1][3]


def test_runs_and_trials_are_tables(judged):
    runs = judged.query(
        "SELECT protocol, status, count(*), count(DISTINCT run_id) FROM runs GROUP BY 1, 2"
    )
    assert sorted(runs) == [(name, "ok", 2, 2) for name in ("rest", "rheobase", "twice")]
    trials = judged.query(
        "SELECT trials.value, holds, excess, rheobase_amplitude FROM trials "
        "JOIN judged USING (point_id) WHERE protocol = 'rheobase'"
    )
    assert len(trials) == 2 * (5 + 3)
    assert all(holds == (excess > 0) == (value >= found) for value, holds, excess, found in trials)
    (unit,) = judged.query("SELECT unit FROM columns WHERE name = 'rheobase_amplitude'")
    assert unit == ("nA",)


def test_figures_of_protocols_are_drawn(judged):
    for name in ("line", "traces", "targets"):
        assert (judged.results / "figures" / "judged" / f"{name}.png").stat().st_size > 10_000


def test_nothing_is_run_again_and_a_new_protocol_alone(judged, copy_of):
    workspace = copy_of(judged)
    assert workspace.run().succeeded().jobs == {}
    three = {
        "duration": 30,
        "window": [5, 25],
        "stimuli": {"step": {"amplitude": "3 * rheobase.amplitude"}},
    }
    workspace.experiment("judged", changed(three=three))
    assert workspace.run("-n").succeeded().announced["simulate_batch"] == 1
    before = workspace.trace_digests("judged")
    run = workspace.run().succeeded()
    assert "8 runs requested, 6 cached, 2 to run in 1 batch" in run.output
    assert run.jobs["simulate_batch"] == 1
    after = workspace.trace_digests("judged")
    assert before.items() <= after.items()
    assert len({point for point, _ in after.keys() - before.keys()}) == 2
    assert workspace.query("SELECT count(three_v_maximum) FROM judged") == [(2,)]


def test_what_a_protocol_changes_is_simulated_and_what_needs_it(judged, copy_of):
    workspace = copy_of(judged)
    workspace.experiment("judged", changed(rest={"duration": 12}))
    assert "6 runs requested, 4 cached, 2 to run" in workspace.run("-n").succeeded().output
    search = JUDGED["protocols"]["rheobase"]["search"] | {"tolerance": 0.005}
    workspace.experiment("judged", changed(rheobase={"search": search}))
    assert "6 runs requested, 2 cached, 4 to run" in workspace.run("-n").succeeded().output
    # Its features are extracted anew, and nothing is simulated.
    twice = JUDGED["protocols"]["twice"]["features"][:1]
    workspace.experiment("judged", changed(twice={"features": twice}))
    run = workspace.run("database").succeeded()
    assert "6 cached, 0 to run" in run.output
    assert run.jobs["extract_features"] == 2


def test_what_is_found_is_the_same_in_one_process_each(judged, copy_of):
    workspace = copy_of(judged)
    assert workspace.run("audit", cores=2).succeeded()
    rows = workspace.query("SELECT verdict, count(*) FROM audits GROUP BY 1")
    assert rows == [("same", 5)]


def test_features_alone_are_kept_where_traces_are_not(judged, workspace):
    workspace.project("judged").experiment(
        "judged",
        {k: v for k, v in JUDGED.items() if k != "figures"},
        execution={"keep_traces": False},
    )
    workspace.run("database").succeeded()
    columns = "gnabar, rheobase_amplitude, twice_AP_amplitude, rest_v_maximum"
    statement = f"SELECT {columns} FROM judged ORDER BY gnabar"
    assert workspace.query(statement) == judged.query(statement)
    assert "0 to run" in workspace.run("-n").succeeded().output
    # Without traces its features are part of what is simulated, and those of others are not.
    more = {"features": [*JUDGED["features"], {"signal": "v", "statistics": ["minimum"]}]}
    workspace.experiment(
        "judged",
        {
            k: v
            for k, v in changed(rest={"features": more["features"][1:]}).items()
            if k != "figures"
        },
        execution={"keep_traces": False},
    )
    assert "6 runs requested, 4 cached, 2 to run" in workspace.run("-n").succeeded().output


def test_traces_are_exported_by_protocol(judged, copy_of):
    workspace = copy_of(judged)
    workspace.run("results/judged/traces.csv").succeeded()
    lines = (workspace.results / "judged/traces.csv").read_text().splitlines()
    signals = {line.split(",")[2].strip('"') for line in lines[1:]}
    assert signals == {"rest_v", "rheobase_v", "rheobase_i", "twice_v", "twice_i"}


def test_a_protocol_that_fails_leaves_the_others(judged, copy_of):
    workspace = copy_of(judged)
    blown = {"duration": 30, "stimuli": {"step": {"amplitude": 500}}}
    workspace.experiment("judged", changed(blown=blown))
    run = workspace.run()
    assert run.code != 0
    rows = workspace.query(
        "SELECT status, error, blown_v_maximum, twice_spike_count > 0, rest_v_maximum < -60 "
        "FROM judged"
    )
    for status, error, lost, spikes, rests in rows:
        assert (status, lost, spikes, rests) == ("out_of_range", None, 1, 1)
        assert error.startswith("blown: signal v reaches")
    counts = workspace.query("SELECT protocol, status FROM runs WHERE status <> 'ok'")
    assert counts == [("blown", "out_of_range")] * 2


def test_what_is_not_found_is_null_with_a_reason_and_no_failure(workspace):
    experiment = changed()
    experiment["parameters"] = {"gkbar": 0.036}
    experiment["sweep"] = {"parameters.gnabar": [0.0, 0.12]}
    workspace.project("judged").experiment("judged", experiment)
    workspace.run("database", "figures").succeeded()
    rows = workspace.query(
        "SELECT status, rheobase_amplitude, rheobase_end, twice_spike_count, rest_v_maximum < 0 "
        "FROM judged ORDER BY gnabar"
    )
    assert rows[0] == ("ok", None, "never", None, 1)
    assert rows[1][0] == "ok"
    assert rows[1][3] >= 1
    said = dict(
        workspace.query("SELECT status, error FROM runs WHERE status <> 'ok' ORDER BY protocol")
    )
    assert said == {
        "not_found": "v_rate > 0 never holds up to 0.8",
        "not_run": "rheobase: v_rate > 0 never holds up to 0.8",
    }


def test_points_that_differ_in_nothing_a_protocol_has_share_its_run(workspace):
    experiment = changed(rheobase=None, twice=None, step={"duration": 30})
    del experiment["targets"], experiment["derived"], experiment["figures"]
    experiment["sweep"] = {"stimuli.step.amplitude": [0.0, 0.05, 0.1]}
    workspace.project("judged").experiment("judged", experiment)
    assert "4 runs requested" in workspace.run("database").succeeded().output
    rows = workspace.query("SELECT DISTINCT rest_v_maximum FROM judged")
    assert len(rows) == 1
    assert workspace.query("SELECT count(DISTINCT step_v_maximum) FROM judged") == [(3,)]


def test_in_a_notebook(judged, monkeypatch):
    import dendroflow

    monkeypatch.chdir(judged.folder)
    table = dendroflow.run("judged", cores=1)
    stored = judged.query(
        "SELECT rheobase_amplitude, twice_AP_amplitude FROM judged ORDER BY gnabar"
    )
    found = table.sort_values("gnabar")[["rheobase_amplitude", "twice_AP_amplitude"]].to_numpy()
    assert found == pytest.approx(np.array(stored), rel=1e-11)
    one = dendroflow.simulate("judged", {"parameters.gnabar": 0.12})
    times, v = one.trace("twice.v")
    assert len(times) == len(v) == 1201
    assert one.features["twice_v_maximum"] == v.max()


SEARCH = JUDGED["protocols"]["rheobase"]["search"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rest": {"duration": None}}, ["protocols: rest", "duration is missing"]),
        ({"rest": {"stimuli": {"stop": None}}}, ["protocols: rest", "stop", "did you mean 'step'"]),
        ({"rest": {"stimuli": {"other": {"amplitude": 1}}}}, ["protocols: rest", "other", "kind"]),
        ({"twice": {"window": None}}, ["protocols: twice", "`window`"]),
        ({"twice": {"window": [5, 40]}}, ["protocols: twice", "ends at 40 ms", "30 ms"]),
        (
            {"twice": {"stimuli": {"step": {"amplitude": "2 * rheobas.amplitude"}}}},
            ["protocols: twice", "no search finds 'rheobas_amplitude'", "rheobase.amplitude"],
        ),
        (
            {
                "rheobase": {
                    "window": [5, 25],
                    "stimuli": {"step": {"delay": "other.amplitude"}},
                },
                "other": {
                    "duration": 30,
                    "window": [0, 30],
                    "stimuli": {"step": {"delay": "rheobase.amplitude"}},
                    "search": SEARCH,
                    "features": {"signal": "v", "statistics": ["rate"]},
                },
            },
            ["protocols: ", "rheobase needs other needs rheobase"],
        ),
        (
            {"rheobase": {"search": SEARCH | {"such_that": "v_rat > 0"}}},
            ["protocols: rheobase: search", "v_rat", "v_rate"],
        ),
        (
            {"rheobase": {"search": SEARCH | {"smallest": "stimuli.stop.amplitude"}}},
            ["protocols: rheobase: search", "no stimulus 'stop'", "'step'"],
        ),
        (
            {
                "rheobase": {"search": SEARCH | {"smallest": "parameters.gna"}, "window": [5, 25]},
                "twice": None,
            },
            ["protocols: rheobase", "gna", "gnabar"],
        ),
        (
            {"rheobase": {"search": SEARCH | {"range": [2, 0]}}},
            ["protocols.rheobase.search.range", "2 must lie below 0"],
        ),
        (
            {"rheobase": {"search": SEARCH | {"such_that": "v_rate"}}},
            ["protocols.rheobase.search.such_that", "no condition"],
        ),
        (
            {"rheobase": {"search": SEARCH | {"smallest": "stimuli.step.duration"}}},
            ["protocols: rheobase: stimuli: step.duration", "greater than 0, not 0"],
        ),
        (
            {"rheobase": {"stimuli": {"step": {"duration": 5}}}},
            ["protocols: rheobase: search", "`window`", "10 ms"],
        ),
        (
            {"twice": {"features": {"signal": "w", "statistics": ["mean"]}}},
            ["protocols: twice", "no signal 'w'"],
        ),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(workspace, change, said):
    workspace.project("judged").experiment("judged", changed(**change))
    workspace.run("-n").refused("judged.yaml", *said)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"targets": {"rheobase.amplitud": {"mean": 1, "sd": 1}}},
            ["targets: not measured: 'rheobase_amplitud'", "rheobase_amplitude"],
        ),
        ({"targets": {"rest.v_maximum": {"mean": 1}}}, ["targets.rest.v_maximum", "sd"]),
        ({"targets": {"rest.v_maximum": {"mean": 1, "sd": 0}}}, ["targets.rest.v_maximum.sd"]),
        ({"targets": {"rest.v_maximum": {"sd": 1}}}, ["targets.rest_v_maximum", "mean"]),
        (
            {"figures": [{"kind": "trace", "signal": "rest.w"}]},
            ["figures", "no signal 'rest_w'", "rest_v"],
        ),
        (
            {"sweep": {"stimuli.step.amplitude": [0.1, 0.2]}},
            ["stimuli.step.amplitude: sweeping it changes nothing"],
        ),
        (
            {"protocols": None, "features": [{"signal": "v", "statistics": ["mean"]}]},
            ["simulation: duration is required"],
        ),
    ],
)
def test_targets_and_figures_of_what_is_not_there_are_refused(workspace, keys, said):
    workspace.project("judged").experiment("judged", JUDGED, **keys)
    workspace.run("-n").refused("judged.yaml", *said)
