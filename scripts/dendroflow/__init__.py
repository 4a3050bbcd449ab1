"""dendroflow: reproducible parameter sweeps of NEURON models."""

import gc

__version__ = "0.1.0"

# Every process is short, and imports most of what it ever makes. To look for cycles at each 700th
# new object, as Python does by itself, would take a tenth of its time.
gc.set_threshold(50_000, 20, 20)
