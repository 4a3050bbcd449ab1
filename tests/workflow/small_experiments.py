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
