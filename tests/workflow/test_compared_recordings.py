"""Targets that come from recordings: in sweeps, in fits, in the database, and cached."""

import copy

import pytest
from support import recorded
from support.recorded import DELAY, DURATION

CURRENTS = [0.02, 0.04, 0.06, 0.08, 0.1]
STEP = {"kind": "step", "at": "soma", "delay": 20, "duration": 100}
COMPARED = {
    "title": "A soma beside recordings",
    "model": "hh_soma",
    "simulation": {"dt": 0.05, "celsius": 6.3, "duration": 150},
    "stimuli": {"step": STEP | {"amplitude": 0.1}},
    "record": {"v": {"at": "soma"}},
    "protocols": {
        "rest": {
            "stimuli": {"step": None},
            "features": {"signal": "v", "statistics": ["mean"]},
        },
        "strong": {
            "window": [20, 120],
            "recorded": {"protocol": "steps", "relative": 2.0},
            "features": {"signal": "v", "efel": ["AP_amplitude", "Spikecount"]},
        },
    },
    "targets": {
        "strong.AP_amplitude": {"from": "recordings.rat"},
        "strong.Spikecount": {"from": "recordings.rat", "sd": 0.5},
        "rest.v_mean": {"mean": -65, "sd": 1},
    },
    "sweep": {"parameters.gnabar": [0.1, 0.12]},
    "figures": [
        {"kind": "trace", "signal": "strong.v", "hue": "gnabar", "recordings": True, "name": "v"},
        {"kind": "targets", "name": "targets"},
    ],
}


def changed(**keys):
    return copy.deepcopy(COMPARED) | keys


def with_recordings(workspace):
    """Three cells in three formats; what each is made of is known."""
    folder = workspace.config / "recordings"
    folder.mkdir()
    shared = {"protocol": "steps", "ljp": 10.0}
    window = {"window": [DELAY, DELAY + DURATION]}
    first = recorded.soma(0.12, CURRENTS, noise=0.2)
    recorded.write_csv(folder / "first cell.csv", [v + 10 for v in first])
    second = recorded.soma(0.10, CURRENTS, noise=0.2, seed=2)
    currents = [recorded.step(a, len(second[0])) for a in CURRENTS]
    recorded.write_nwb(folder / "second.nwb", [v + 10 for v in second], currents)
    files = [
        {"file": "recordings/first cell.csv", "cell": "first", "amplitude": CURRENTS}
        | {"sweeps": list(range(len(CURRENTS)))}
        | window,
        {"file": "recordings/second.nwb", "cell": "second"},
    ]
    third = recorded.soma(0.13, CURRENTS, noise=0.2, seed=3)
    for n, v in enumerate(third):
        recorded.write_abf(folder / f"third{n}.abf", v + 10)
        name = f"recordings/third{n}.abf"
        files.append({"file": name, "cell": "third", "amplitude": CURRENTS[n]} | window)
    recorded.catalogue(
        workspace.config, rat={"title": "Made by simulation", "recordings": files, **shared}
    )


@pytest.fixture(scope="module")
def compared(new_workspace):
    workspace = new_workspace()
    with_recordings(workspace)
    workspace.project("compared").experiment("compared", COMPARED)
    workspace.run(cores=2).succeeded()
    return workspace


def test_targets_are_means_and_sds_over_cells(compared):
    targets = {
        row[0]: row[1:]
        for row in compared.query(
            "SELECT feature, mean, sd, measured_sd, n, sweeps FROM recorded_targets"
        )
    }
    assert targets.keys() == {"strong_AP_amplitude", "strong_Spikecount"}
    cells = compared.query(
        "SELECT cell, value FROM recordings WHERE feature = 'AP_amplitude' AND used ORDER BY cell"
    )
    assert [cell for cell, _ in cells] == ["first", "second", "third"]
    values = [value for _, value in cells]
    mean = sum(values) / 3
    sd = (sum((value - mean) ** 2 for value in values) / 2) ** 0.5
    assert targets["strong_AP_amplitude"] == pytest.approx((mean, sd, sd, 3, 3))
    assert targets["strong_Spikecount"][1] >= 0.5


def test_points_are_scored_by_them(compared):
    rows = compared.query(
        "SELECT abs(strong_AP_amplitude - mean) / sd, strong_AP_amplitude_score, score, "
        "strong_AP_amplitude_score + strong_Spikecount_score + rest_v_mean_score "
        "FROM compared JOIN recorded_targets ON feature = 'strong_AP_amplitude'"
    )
    assert len(rows) == 2
    for by_hand, score, total, added in rows:
        assert score == pytest.approx(by_hand)
        assert total == pytest.approx(added)
    # The cells were made with such conductances.
    assert min(score for _, score, _, _ in rows) < 2


def test_all_recordings_of_the_cells_are_in_the_table(compared):
    rows = compared.query(
        "SELECT cell, amplitude, spikes, rheobase, relative, max(used) FROM recordings "
        "GROUP BY cell, file, sweep ORDER BY cell, amplitude"
    )
    assert len(rows) == 15
    for cell, amplitude, spikes, rheobase, relative, used in rows:
        assert (spikes > 0) == (amplitude >= rheobase - 1e-9), cell
        assert relative == pytest.approx(amplitude / rheobase)
        assert used == (abs(relative - 2) <= 0.1)


def test_figures_show_them(compared):
    for name in ("v", "targets"):
        assert (compared.results / "figures" / "compared" / f"{name}.png").stat().st_size > 10_000


def test_they_are_measured_once_and_again_where_they_or_the_features_change(compared, copy_of):
    workspace = copy_of(compared)
    assert workspace.run().succeeded().jobs == {}
    sweep = {"parameters.gnabar": [0.1, 0.12, 0.14]}
    workspace.experiment("compared", changed(sweep=sweep))
    assert "measure_recordings" not in workspace.run().succeeded().jobs
    workspace.replace("recordings.yaml", "ljp: 10.0", "ljp: 12.0")
    run = workspace.run().succeeded()
    assert run.jobs["measure_recordings"] == 1
    assert "simulate_batch" not in run.jobs
    assert workspace.run().succeeded().jobs == {}
    pruned = workspace.dendroflow("prune", "--delete")
    assert pruned.returncode == 0, pruned.stdout
    assert "recordings" in pruned.stdout
    assert workspace.run().succeeded().jobs == {}


def test_a_file_that_changed_is_refused_before_any_job(compared, copy_of):
    workspace = copy_of(compared)
    with (workspace.config / "recordings" / "first cell.csv").open("a") as file:
        file.write("\n")
    run = workspace.run()
    assert run.code != 0
    assert "first cell.csv: is not the file that was pinned; its sha256 is" in run.output
    assert not run.jobs


@pytest.mark.slow
def test_a_fit_takes_them(compared, copy_of):
    workspace = copy_of(compared)
    optimise = {
        "parameters": {"parameters.gnabar": {"range": [0.05, 0.2]}},
        "offspring": 8,
        "generations": 3,
    }
    workspace.experiment("fitted", changed(sweep=None, optimise=optimise, figures=[]))
    workspace.project("fitted")
    workspace.run(cores=2).succeeded()
    ((gnabar, score, distance),) = workspace.query(
        "SELECT gnabar, strong_AP_amplitude_score, abs(strong_AP_amplitude - mean) / sd "
        "FROM fitted JOIN recorded_targets ON feature = 'strong_AP_amplitude' "
        "AND experiment = 'fitted'"
    )
    assert score == pytest.approx(distance)
    assert 0.08 < gnabar < 0.16
    assert workspace.run().succeeded().jobs == {}


@pytest.mark.parametrize(
    ("targets", "problem"),
    [
        (
            {"strong.AP_amplitude": {"from": "recordings.cat"}},
            "targets: strong_AP_amplitude: recordings.yaml has no set 'cat'; did you mean 'rat'?",
        ),
        (
            {"strong.AP_width": {"from": "recordings.rat"}},
            "targets: not measured: 'strong_AP_width'; did you mean 'strong_AP_amplitude'",
        ),
        (
            {"rest.v_mean": {"from": "recordings.rat"}},
            "targets: rest_v_mean: the recordings rat have none of protocol rest",
        ),
        (
            {"strong.AP_amplitude": {"from": "rat"}},
            "targets.strong.AP_amplitude.from: 'rat' is not recordings.<name of a set of them>",
        ),
        ({"strong.AP_amplitude": {"from": "recordings.rat", "mean": 1}}, "either `mean` or `from`"),
    ],
)
def test_targets_that_nothing_was_recorded_for_are_refused(compared, copy_of, targets, problem):
    workspace = copy_of(compared)
    workspace.experiment("compared", changed(targets=targets))
    run = workspace.run("-n")
    assert run.code != 0
    assert problem in run.output
