"""Stimuli and recordings that an experiment declares, from its file to the database."""

import pytest

FIRING = {
    "title": "A soma that is stimulated by the experiment",
    "model": "hh_soma",
    "simulation": {"duration": 20.0},
    "stimuli": {
        "step": {"kind": "step", "at": "soma", "amplitude": 0.1, "delay": 2, "duration": 15}
    },
    "record": {"v": {"at": "soma"}, "i": {"stimulus": "step"}},
    "sweep": {"stimuli.step.amplitude": [0.0, 0.1]},
    "features": [
        {"signal": "v", "statistics": ["maximum"]},
        {"signal": "i", "statistics": ["maximum"]},
    ],
    "derived": {"gain": "v_maximum / step_amplitude", "area": {"expression": "diameter ** 2"}},
}


def test_stimuli_are_swept_cached_and_changed(workspace):
    workspace.project("firing").experiment("firing", FIRING)
    assert workspace.run("database").succeeded().points == 2
    rows = workspace.query("SELECT step_amplitude, i_maximum, v_maximum > 0 FROM firing ORDER BY 1")
    assert rows == [(0.0, 0.0, 0), (0.1, 0.1, 1)]
    assert workspace.query("SELECT gain, area FROM firing WHERE step_amplitude = 0") == [
        (None, 400)
    ]
    ((gain, peak),) = workspace.query("SELECT gain, v_maximum FROM firing WHERE step_amplitude > 0")
    assert gain == pytest.approx(peak / 0.1)
    (unit,) = workspace.query("SELECT unit FROM columns WHERE name = 'step_amplitude'")
    assert unit == ("nA",)
    # Another point, and the two again under a stimulus that begins later.
    amplitudes = {"stimuli.step.amplitude": [0.0, 0.1, 0.2]}
    workspace.experiment("firing", FIRING, sweep=amplitudes)
    assert workspace.run("database").succeeded().points == 1
    later = {"step": FIRING["stimuli"]["step"] | {"delay": 3}}
    workspace.experiment("firing", FIRING, sweep=amplitudes, stimuli=later)
    assert workspace.run("database", "-n").succeeded().announced
    assert workspace.run("database").succeeded().points == 3
    assert workspace.run("database").succeeded().points == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"stimuli": {"step": FIRING["stimuli"]["step"] | {"at": "some"}}},
            ["stimuli: step", "no place 'some'", "'soma'"],
        ),
        (
            {"sweep": {"stimuli.step.at": ["soma", "tuft"]}},
            ["stimuli: step", "no place 'tuft'"],
        ),
        (
            {
                "stimuli": {"step": {"kind": "trace", "at": "soma", "delay": 0, "file": "no.csv"}},
                "sweep": {"stimuli.step.scale": [1.0, 2.0]},
            },
            ["stimuli: step", "no file", "hh_soma/no.csv"],
        ),
        (
            {"stimuli": {"step": FIRING["stimuli"]["step"] | {"delay": 30}}},
            ["stimuli: step", "begins at 30 ms", "20 ms"],
        ),
        (
            {"stimuli": {"step": FIRING["stimuli"]["step"] | {"kind": "stop"}}},
            ["stimuli.step", "'stop'", "step"],
        ),
        (
            {"stimuli": {"step": FIRING["stimuli"]["step"] | {"amplitud": 1}}},
            ["stimuli.step", "amplitud", "amplitude"],
        ),
        ({"derived": {"gain": "v_maximun / 2"}}, ["derived: gain", "v_maximun", "v_maximum"]),
        ({"derived": {"gain": "open(v_maximum)"}}, ["derived.gain", "not allowed"]),
        (
            {
                "model": "squid_soma",
                "stimuli": {},
                "record": {"soma_v": {"at": "soma"}},
                "sweep": {"parameters.gnabar": [0.1]},
            },
            ["firing.yaml: record: soma_v", "the model records a signal of this name"],
        ),
        ({"record": {"v": {"at": "axon"}}}, ["record: v", "no place 'axon'"]),
        ({"record": {"v": {"stimulus": "stop"}}}, ["record: v", "no stimulus 'stop'", "'step'"]),
        ({"record": {"v": {"at": "soma", "stimulus": "step"}}}, ["record.v", "either"]),
        (
            {"sweep": {"stimuli.step.amplitud": [1]}},
            ["stimuli.step.amplitud", "step.amplitude"],
        ),
        ({"sweep": {"stimuli.step.duration": [-1]}}, ["stimuli.step.duration", "greater than 0"]),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(workspace, changes, said):
    workspace.project("firing").experiment("firing", FIRING, **changes)
    workspace.run("plan").refused(*said)
