"""The cell of one point as an interactive 3-D page that needs no network."""

import base64
import html
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.colors import Colormap, to_hex
from plotly.io import to_json
from plotly.offline import get_plotlyjs

from dendroflow.figures.data import Label
from dendroflow.figures.encoding import colour_map
from dendroflow.figures.moments import Frames
from dendroflow.figures.shape import NO_VALUE, Scene, runs
from dendroflow.figures.shape_page import PAGE

SCREEN = 640
THINNEST = 2.0
CLASS_RATIO = 1.3
INK = "#222222"


def write_shape(scene: Scene, path: Path) -> None:
    """Write the cell as a page that can be turned, enlarged and pointed at.

    plotly.js lies in the page, compressed, and the browser's own DecompressionStream unpacks it.
    """
    write_plot(path, (scene.title, scene.subtitle, scene.notes), plot_cell(scene))


def write_plot(
    path: Path,
    heading: tuple[str, str, Sequence[str]],
    plot: go.Figure,
    frames: Frames | None = None,
) -> None:
    """Write a plot as a page of its own, with a slider where it has frames.

    Parameters
    ----------
    heading
        title, subtitle and notes.
    """
    parts = {
        "library": packed(get_plotlyjs().encode()),
        "figure": packed(to_json(plot, engine="json", remove_uids=True).encode()),
    }
    if frames is not None:
        parts |= {"frames": packed(frames.header()), "codes": packed(frames.codes())}
    _write(path, *heading, **parts)


def write_reason(path: Path, title: str, subtitle: str, reason: str, notes: Sequence[str]) -> None:
    """Write a page that says why it shows no cell."""
    _write(path, title, subtitle, notes, reason=reason)


def _write(path: Path, title: str, subtitle: str, notes: Sequence[str], **parts: str) -> None:
    content = {
        "title": html.escape(title),
        "subtitle": html.escape(subtitle),
        "notes": html.escape(" ".join(note.lstrip("!") for note in notes)),
        "reason": html.escape(parts.get("reason", "")),
        "library": parts.get("library", ""),
        "figure": parts.get("figure", ""),
        "frames": parts.get("frames", ""),
        "codes": parts.get("codes", ""),
    }
    part = path.with_name(f".{path.name}.part")
    part.write_text(PAGE.substitute(content), encoding="utf-8", newline="\n")
    part.replace(path)


def packed(content: bytes) -> str:
    """Compress what the page unpacks."""
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def plot_cell(scene: Scene, *, moving: bool = False) -> go.Figure:
    """Make one trace for each class of widths; the colours are exact, a value for each vertex.

    A `moving` cell gets no colours here but, in `meta`, the segments and their vertices.
    """
    low, high = scene.box
    scale = SCREEN / float((high - low).max())
    classes: dict[int, list[tuple[int, Any]]] = {}
    for segment, outline in enumerate(scene.outlines):
        for width, line in runs(outline, scale, THINNEST, CLASS_RATIO):
            classes.setdefault(width, []).append((segment, line))
    plot = go.Figure()
    for width in sorted(classes):
        plot.add_trace(_trace(scene, THINNEST * CLASS_RATIO**width, classes[width], moving=moving))
    plot.add_trace(_scale_bar(scene))
    hidden = {"visible": False, "showspikes": False}
    extent = high - low
    ratio = np.maximum(extent / extent.max(), 0.05) * 1.9
    plot.update_layout(
        template=None,
        autosize=True,
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        paper_bgcolor="white",
        font={"family": "DejaVu Sans, Verdana, sans-serif", "size": 13, "color": INK},
        hoverlabel={"bgcolor": "white", "font": {"color": INK}},
        coloraxis=colour_axis(scene.label, scene.range, colour_map()),
        scene={
            "xaxis": hidden,
            "yaxis": hidden,
            "zaxis": hidden,
            "dragmode": "orbit",
            "aspectmode": "manual",
            "aspectratio": dict(zip("xyz", ratio.round(4).tolist(), strict=True)),
            "camera": {
                "eye": {"x": 0, "y": 0, "z": 2},
                "up": {"x": 0, "y": 1, "z": 0},
                "projection": {"type": "orthographic"},
            },
        },
    )
    return plot


def colour_axis(label: Label, limits: tuple[float, float], cmap: Colormap) -> dict[str, Any]:
    """Colours and their bar, the same for all traces of a plot."""
    steps = np.linspace(0, 1, 33).round(5).tolist()
    return {
        "cmin": limits[0],
        "cmax": limits[1],
        "colorscale": [[step, to_hex(cmap(step))] for step in steps],
        "colorbar": {
            "title": {"text": str(label), "side": "right"},
            "len": 0.6,
            "thickness": 16,
            "outlinewidth": 0,
        },
    }


def _trace(
    scene: Scene, width: float, lines: list[tuple[int, Any]], *, moving: bool
) -> go.Scatter3d:
    gap = np.full((1, 3), np.nan)
    points = np.concatenate([part for _, line in lines for part in (line, gap)])
    colours: list[float] = []
    texts: list[str] = []
    for segment, line in lines:
        value = float(scene.values[segment])
        text = f"{html.escape(scene.names[segment])}<br>{value:.4g} {html.escape(scene.label.unit)}"
        colours += [value] * (len(line) + 1)
        texts += [text] * len(line) + [""]
    x, y, z = (_rounded(points[:, k]) for k in range(3))
    line_style: dict[str, Any] = {"width": round(width, 2)}
    if moving:
        meta = [number for segment, line in lines for number in (segment, len(line) + 1)]
        style = line_style | {"coloraxis": "coloraxis"}
        return go.Scatter3d(
            x=x, y=y, z=z, mode="lines", connectgaps=False, line=style, meta=meta, hoverinfo="text"
        )
    if np.isfinite(colours).all():
        line_style |= {"color": np.array(colours, dtype="float32"), "coloraxis": "coloraxis"}
    else:
        line_style |= {"color": _mixed(scene, colours)}
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        connectgaps=False,
        line=line_style,
        text=texts,
        hoverinfo="text",
    )


def _rounded(coordinates: Any) -> Any:
    """Coordinates to 1/16 µm: a fraction of two leaves zeros, which are packed into nothing."""
    return (np.rint(coordinates * 16) / 16).astype("float32")


def _mixed(scene: Scene, values: list[float]) -> list[str]:
    """Colours of values of which some are not numbers."""
    low, high = scene.range
    cmap = colour_map()
    return [
        to_hex(cmap((value - low) / (high - low))) if np.isfinite(value) else NO_VALUE
        for value in values
    ]


def _scale_bar(scene: Scene) -> go.Scatter3d:
    low, high = scene.box
    y = low[1] - 0.04 * (high[1] - low[1])
    z = (low[2] + high[2]) / 2
    return go.Scatter3d(
        x=[low[0], low[0] + scene.scale_bar / 2, low[0] + scene.scale_bar],
        y=[y] * 3,
        z=[z] * 3,
        mode="lines+text",
        text=["", f"{scene.scale_bar} µm", ""],
        textposition="top center",
        line={"color": INK, "width": 4},
        hoverinfo="skip",
    )
