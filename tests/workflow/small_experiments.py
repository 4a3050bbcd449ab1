"""Small experiments, to be written into a workspace and changed there."""

from synthetic_cell import sound_cell

from dendroflow.morphology.files import data_sha256

STEPS = {
    "title": "Steps of current",
    "model": "squid_soma",
    "simulation": {"duration": 15.0},
    "sweep": {"parameters.amplitude": [0.01, 0.02]},
    "features": {
        "signal": "soma_v",
        "stimulus": [5, 10],
        "efel": ["spike_count"],
        "statistics": ["maximum"],
    },
}

TRAINS = {
    "title": "Trains of synaptic events",
    "model": "synaptic_soma",
    "simulation": {"duration": 100.0},
    "parameters": {"weight": 0.004},
    "sweep": {"simulation.seed": [1, 2]},
    "features": {
        "signal": "soma_v",
        "stimulus": [0, 100],
        "efel": ["spike_count", "peak_time"],
    },
}

FITTED = {
    "title": "A conductance that is fitted",
    "model": "squid_soma",
    "simulation": {"duration": 15.0},
    "optimise": {
        "parameters": {"parameters.gnabar": {"range": [0.05, 0.25]}},
        "reference": {"parameters.gnabar": 0.12},
        "offspring": 8,
        "generations": 4,
    },
    "targets": {"soma_v_maximum": {"sd": 1.0}, "AP_amplitude": {"sd": 1.0}},
    "features": {
        "signal": "soma_v",
        "stimulus": [5, 10],
        "efel": ["AP_amplitude"],
        "statistics": ["maximum"],
    },
}

FITTED_TREE = {
    "title": "A current that is fitted on a morphology",
    "model": "tree",
    "morphology": "sound",
    "simulation": {"duration": 7.0, "v_init": -70.0},
    "morphology_requires": {"uses": ["passive_cable"]},
    "optimise": {
        "parameters": {"parameters.amplitude": {"range": [0.005, 0.02]}},
        "offspring": 4,
        "generations": 2,
    },
    "targets": {"soma_v_maximum": {"mean": -65.0, "sd": 1.0}},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}


def fit_on_a_sound_cell(workspace, **keys):
    """Write the project of an optimisation whose morphology has to meet requirements."""
    data = sound_cell().swc()
    workspace.write("cells/sound.swc", data.decode())
    pinned = {"file": "cells/sound.swc", "sha256": data_sha256(data, "swc")}
    workspace.write("morphologies.yaml", {"sound": pinned})
    workspace.project("fit", morphology_report=True, **keys)
    return workspace.experiment("fit", FITTED_TREE)
