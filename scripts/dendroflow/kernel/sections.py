"""The sections of a cell: what NEURON gets of a morphology."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = ("soma", "axon", "dend", "apic")


@dataclass(frozen=True, eq=False)
class Sections:
    """The sections of a cell, in the order in which Import3d creates them.

    Attributes
    ----------
    names : tuple of str
        Names such as `dend[3]`.
    parents : int32 array, shape (n,)
        Index of each section's parent; -1 for the root.
    parent_x : float64 array, shape (n,)
        Where on the parent a section's 0 end is connected (0 to 1).
    order : int32 array
        The sections that have a parent, in the order in which to connect them; NEURON numbers its
        nodes by it.
    starts : int32 array, shape (n + 1,)
        Points `starts[i]` to `starts[i + 1]` belong to section i.
    points : float32 array, shape (m, 4)
        x, y, z and diameter (µm).
    anchors : float32 array, shape (n, 3)
        Where a section's logical connection to its parent lies (NEURON's `pt3dstyle`; µm);
        nan where there is none.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int32]
    parent_x: NDArray[np.float64]
    order: NDArray[np.int32]
    starts: NDArray[np.int32]
    points: NDArray[np.float32]
    anchors: NDArray[np.float32]

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The name of each section without its index: soma, axon, dend, apic, dend_5 ..."""
        return tuple(name.partition("[")[0] for name in self.names)

    def create(self, owner: Any, prefix: str = "") -> dict[str, list[Any]]:
        """Create the sections in NEURON, the same to the last bit as Import3d does.

        Parameters
        ----------
        owner
            the object that owns them.
        prefix
            put before the names, to tell the sections of several cells of one owner apart.

        Returns
        -------
        dict
            lists of sections: `soma`, `axon`, `dend`, `apic`, empty where there are none; `dend_5`
            and the like where the file has custom types; `all`.

        Notes
        -----
        Import3d also hands the outline of a Neurolucida soma to `neuron.rxd`, which then builds
        its 3-D soma from it instead of from the section; here it is built from the section.
        """
        from neuron import h

        sections = [h.Section(prefix + name, owner) for name in self.names]
        for i in self.order.tolist():
            sections[i].connect(sections[self.parents[i]](self.parent_x[i]), 0)
        for section, anchor, columns in zip(sections, self._anchors, self._columns, strict=True):
            if anchor is not None:
                h.pt3dstyle(1, *anchor, sec=section)
            h.pt3dadd(*columns, sec=section)
        lists: dict[str, list[Any]] = {kind: [] for kind in KINDS}
        for kind, section in zip(self.kinds, sections, strict=True):
            lists.setdefault(kind, []).append(section)
        return {**lists, "all": sections}

    def placed(self, position: Any, rotation: Any = None) -> "Sections":
        """Return the same cell elsewhere.

        Parameters
        ----------
        position : array_like, shape (3,)
            Where the middle of its soma (its root, if there is no soma) comes to lie (µm).
        rotation : scipy.spatial.transform.Rotation, optional
            How it is turned about that middle.
        """
        root = self.kinds.index("soma") if "soma" in self.kinds else 0
        own = self.points[self.starts[root] : self.starts[root + 1], :3].astype(float)
        middle = (own.min(axis=0) + own.max(axis=0)) / 2

        def moved(places: NDArray[np.float32]) -> NDArray[np.float32]:
            arms = places.astype(float) - middle
            if rotation is not None and len(arms):
                arms = rotation.apply(arms)
            return np.asarray(arms + np.asarray(position, dtype=float), dtype=np.float32)

        points = np.column_stack([moved(self.points[:, :3]), self.points[:, 3]])
        return replace(self, points=points, anchors=moved(self.anchors))

    @cached_property
    def _columns(self) -> list[list[Any]]:
        """The points of each section as NEURON's vectors of x, y, z and diameter."""
        from neuron import h

        pieces = np.split(self.points.astype(float), self.starts[1:-1])
        return [[h.Vector(column) for column in piece.T.copy()] for piece in pieces]

    @cached_property
    def _anchors(self) -> list[list[float] | None]:
        return [None if np.isnan(row).any() else row.tolist() for row in self.anchors.astype(float)]
