"""A pyramidal cell that grows by rule: sound, and the same in every run."""

from dataclasses import dataclass, replace

import numpy as np

SOMA, AXON, BASAL, APICAL = 1, 2, 3, 4
STEP_UM = 5.0


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of an SWC file; `replace(rows, radii=...)` makes another cell of it."""

    ids: np.ndarray
    types: np.ndarray
    xyz: np.ndarray
    radii: np.ndarray
    parents: np.ndarray

    def swc(self, header=()) -> bytes:
        lines = [f"# {line}" for line in header]
        lines += [
            f"{self.ids[k]} {self.types[k]} {x:.4f} {y:.4f} {z:.4f} {self.radii[k]:.5f} "
            f"{self.parents[k]}"
            for k, (x, y, z) in enumerate(self.xyz)
        ]
        return ("\n".join(lines) + "\n").encode()

    def row(self, k: int) -> int:
        """Index of the parent of row k; -1 for a root."""
        found = np.flatnonzero(self.ids == self.parents[k])
        return int(found[0]) if len(found) else -1

    def below(self, k: int) -> np.ndarray:
        """Whether each row is row k or descends from it."""
        inside = np.zeros(len(self.ids), dtype=bool)
        inside[k] = True
        for j in range(k + 1, len(self.ids)):
            inside[j] |= inside[self.row(j)] if self.row(j) >= 0 else False
        return inside

    def middle(self, kind: int) -> int:
        """A row of this type amid an unbranched stretch, with relatives on both sides."""
        counts = np.bincount([max(self.row(j), 0) for j in range(len(self.ids))])
        counts = np.pad(counts, (0, len(self.ids) - len(counts)))
        for k in np.flatnonzero(self.types == kind):
            up, line = int(k), []
            while up > 2 and self.types[up] == kind and counts[up] == 1 and len(line) < 9:
                line.append(up)
                up = self.row(up)
            if len(line) == 9:
                return line[4]
        raise AssertionError("no such row")

    def keep(self, chosen: np.ndarray) -> "Rows":
        return Rows(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def add(self, kind: int, xyz, radius: float, parent: int) -> "Rows":
        """One more row, at the end; its id is the next."""
        return Rows(
            np.append(self.ids, self.ids.max() + 1),
            np.append(self.types, kind),
            np.vstack([self.xyz, xyz]),
            np.append(self.radii, radius),
            np.append(self.parents, parent),
        )


class _Growth:
    def __init__(self) -> None:
        self.rows = [
            (1, SOMA, 0.0, 0.0, 0.0, 10.0, -1),
            (2, SOMA, 0.0, -10.0, 0.0, 10.0, 1),
            (3, SOMA, 0.0, 10.0, 0.0, 10.0, 1),
        ]

    def grow(self, kind, parent, start, direction, length, width, order) -> None:
        """Grow a branch, and two daughters from its end until `order` is used up."""
        place = np.array(start, dtype=float)
        ahead = np.array(direction, dtype=float)
        ahead /= np.linalg.norm(ahead)
        count = round(length / STEP_UM)
        for k in range(count):
            n = len(self.rows)
            # Bends and swellings that neither repeat nor take one value twice.
            bend = 0.25 * np.array([np.sin(0.9 * n), np.sin(0.5 * n + 1), 0.8 * np.sin(0.3 * n)])
            step = ahead + bend
            place = place + STEP_UM * step / np.linalg.norm(step)
            taper = 1 - 0.25 * (k + 1) / count
            radius = width * taper * (1 + 0.05 * np.sin(1.7 * n))
            self.rows.append((n + 1, kind, *place, radius, parent))
            parent = n + 1
        if order:
            side = np.cross(ahead, [0.3, -0.2, 1.0])
            side /= np.linalg.norm(side)
            for sign, tilt in ((1, 0.35), (-1, -0.3)):
                towards = ahead + sign * 0.7 * side + [0, 0, tilt]
                # Daughters a quarter thinner than the end of their parent.
                self.grow(
                    kind, parent, place, towards, length * 0.9, 0.75 * width * 0.75, order - 1
                )


def sound_cell() -> Rows:
    """A cell of about 700 points: basal and apical dendrites, and an axon that branches."""
    growth = _Growth()
    for k, angle in enumerate(np.linspace(-0.9, 0.9, 4)):
        direction = (np.sin(angle), -np.cos(angle), 0.3 * (-1) ** k)
        growth.grow(BASAL, 1, 10 * np.array(direction), direction, 60, 1.4, 2)
    growth.grow(APICAL, 1, (0, 10, 0), (0.1, 1, 0.1), 140, 2.2, 3)
    growth.grow(AXON, 1, (0, -10, 0), (0.1, -1, -0.2), 350, 0.9, 2)
    columns = list(zip(*growth.rows, strict=True))
    return Rows(
        np.array(columns[0]),
        np.array(columns[1]),
        np.array(columns[2:5]).T,
        np.array(columns[5]),
        np.array(columns[6]),
    )


def changed(rows: Rows, **columns) -> Rows:
    return replace(rows, **columns)
