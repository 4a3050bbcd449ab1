"""Experiments in a notebook: one point with its traces, and a whole sweep as a data frame."""

import dendroflow

# One point, simulated in a process of its own; what is not given has the experiment's value.
warm = dendroflow.simulate("hh_temperature", {"simulation.celsius": 20.0})
times, potential = warm.trace("soma_v")
print(f"{warm.status}: {potential.max():.1f} mV at {times[potential.argmax()]:.2f} ms")

# All points of an experiment, on all cores.
points = dendroflow.run("hh_temperature")
spiking = points[points["spike_count"] > 0]
print(spiking.groupby("gnabar")["celsius"].max())
