"""Small experiments, to be written into a workspace and changed there."""

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
        "targets": {"soma_v_maximum": {"sd": 1.0}, "AP_amplitude": {"sd": 1.0}},
        "offspring": 8,
        "generations": 4,
    },
    "features": {
        "signal": "soma_v",
        "stimulus": [5, 10],
        "efel": ["AP_amplitude"],
        "statistics": ["maximum"],
    },
}
