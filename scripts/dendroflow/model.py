"""What a user's model imports: `from dendroflow.model import Model, quantity`."""

from dendroflow.kernel.biophysics import (
    assign,
    exponential,
    insert,
    linear,
    replace_axon,
    sigmoid,
    step,
)
from dendroflow.kernel.extracellular import ExtracellularPotential, plane_of_voxels, square
from dendroflow.kernel.model import Model, Signal, quantity
from dendroflow.kernel.places import end, farthest_tip, middle, on_path, path_distance, place_at
from dendroflow.kernel.playback import play, read_trace
from dendroflow.kernel.toolkit import current_step, discretise, swept

__all__ = [
    "ExtracellularPotential",
    "Model",
    "Signal",
    "assign",
    "current_step",
    "discretise",
    "end",
    "exponential",
    "farthest_tip",
    "insert",
    "linear",
    "middle",
    "on_path",
    "path_distance",
    "place_at",
    "plane_of_voxels",
    "play",
    "quantity",
    "read_trace",
    "replace_axon",
    "sigmoid",
    "square",
    "step",
    "swept",
]
