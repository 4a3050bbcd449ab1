"""From sweeps to tables of points: designs, their values, and the names of points."""

from dendroflow.design.expansion import expand, fill_missing
from dendroflow.design.ids import point_ids, refuse_duplicates

__all__ = ["expand", "fill_missing", "point_ids", "refuse_duplicates"]
