"""What a user's model imports: `from dendroflow.model import Model, quantity`."""

from dendroflow.model.contract import Geometry, Model, Recording, Signal, Site, quantity
from dendroflow.model.extracellular import ExtracellularPotential, plane_of_voxels, square
from dendroflow.model.playback import play, read_trace
from dendroflow.model.toolkit import current_step, discretise, swept

__all__ = [
    "ExtracellularPotential",
    "Geometry",
    "Model",
    "Recording",
    "Signal",
    "Site",
    "current_step",
    "discretise",
    "plane_of_voxels",
    "play",
    "quantity",
    "read_trace",
    "square",
    "swept",
]
