"""A page that needs no network: cells that can be turned, or a plane, over time by a slider."""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from dendroflow.files import replacing

Array = NDArray[np.float64]
PAGE = Path(__file__).with_name("viewer.html")
COLOURS = 64
# Of coordinates, µm.
STEP = 1 / 16


@dataclass(frozen=True)
class Scene:
    """What the page shows.

    Attributes
    ----------
    course
        a row per time, ms, and a column per segment, or per voxel of the plane row by row.
    lines
        of each segment, or of cells in a plane, its 3-D points: x, y, z, diameter, µm.
    colours, label, unit
        of the values.
    box
        lowest and highest x, y, z of all, µm; of a plane its two axes alone.
    names
        of the segments.
    plane
        `rows`, `columns`, `edge` of a voxel (µm), names of the `axes`, and the colour of `cells`.
    """

    course: pd.DataFrame
    lines: Sequence[Array]
    colours: ScalarMappable
    label: str
    unit: str
    box: tuple[Sequence[float], Sequence[float]]
    names: Sequence[str] = ()
    plane: dict[str, Any] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """What the script of the page reads."""
        values = self.course.to_numpy()
        low, high = float(values.min()), float(values.max())
        span = high - low or 1.0
        shares = np.rint((values - low) / span * 65535).astype("<u2")
        points = np.rint(np.concatenate([np.zeros((0, 4)), *self.lines]) / STEP)
        # What changes little from point to point is packed into little.
        changes = np.diff(points, axis=0, prepend=0.0).T
        steps = np.linspace(0, 1, COLOURS)
        away, start = _distances(self.names, self.lines)
        return {
            "label": self.label,
            "unit": self.unit,
            "colours": [to_hex(self.colours.cmap(step)) for step in steps],
            "limits": [float(limit) for limit in self.colours.get_clim()],
            "range": [low, low + span],
            "times": [float(f"{time:.6g}") for time in self.course.index],
            # When most is seen.
            "start": int(np.ptp(values, axis=1).argmax()),
            "names": _packed(np.frombuffer("\n".join(self.names).encode(), "u1")),
            "away": away,
            "from": start,
            "box": [np.round(end, 3).tolist() for end in self.box],
            "plane": self.plane or None,
            "step": STEP,
            "points": _packed(np.ascontiguousarray(changes, "<i4")),
            "counts": _packed(np.array([len(line) for line in self.lines], dtype="<u4")),
            "values": _packed(shares),
        }


def _distances(names: Sequence[str], lines: Sequence[Array]) -> tuple[list[int], str]:
    """Straight distance of each segment from the nearest soma, or from the first segment, µm."""
    if not names:
        return [], ""
    middles = np.array([line[:, :3].mean(axis=0) for line in lines])
    somatic = [place for place, name in enumerate(names) if "soma" in name]
    origins = middles[somatic or [0]]
    away = np.linalg.norm(middles[:, None] - origins[None], axis=2).min(axis=1)
    return np.rint(away).astype(int).tolist(), "the soma" if somatic else names[0]


def write_page(
    path: Path, heading: tuple[str, str, Sequence[str]], scene: Scene | None, reason: str
) -> None:
    """Write the page of a scene, or one that says why there is none."""
    title, subtitle, notes = heading
    content = json.dumps(scene.content(), ensure_ascii=False) if scene else "{}"
    page = (
        Environment(autoescape=True, keep_trailing_newline=True, trim_blocks=True)
        .from_string(PAGE.read_text(encoding="utf-8"))
        .render(
            title=title,
            subtitle=subtitle,
            notes=[note.lstrip("!") for note in notes],
            reason=reason,
            # In a script, only the end of the script ends it.
            content=content.replace("<", "\\u003c"),
        )
    )
    with replacing(path) as temporary:
        temporary.write_text(page, "utf-8", newline="\n")


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 9)).decode("ascii")
