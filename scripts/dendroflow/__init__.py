"""dendroflow: reproducible parameter sweeps of NEURON models."""

__version__ = "0.1.0"
