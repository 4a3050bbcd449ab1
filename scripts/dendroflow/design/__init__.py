"""From sweeps to tables of points: designs, their values, and the names of points."""

from dendroflow.design.expansion import Blocks, expand, fill_missing
from dendroflow.design.ids import distinct, point_ids

__all__ = ["Blocks", "distinct", "expand", "fill_missing", "point_ids"]
