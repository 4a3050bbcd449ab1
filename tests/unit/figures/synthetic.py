"""A small made-up experiment: durations that fall with temperature until there is no spike."""

import base64
import html
import json
import re
import sys
import zlib
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from dendroflow.figures import FigureData, Label, render_all
from dendroflow.settings.figures import Figure
from dendroflow.tables.schemas import TRACES

LABELS = {
    "celsius": Label("temperature", "°C"),
    "gnabar": Label("sodium conductance", "S/cm²"),
    "method": Label("method", ""),
    "duration": Label("AP duration", "ms"),
    "spike_count": Label("spike count", ""),
    "soma_v": Label("soma potential", "mV"),
    "cai": Label("calcium", "mM"),
    "v": Label("membrane potential", "mV"),
    "k": Label("potassium", "mM"),
}
LAST_SPIKE = {0.1: 12.0, 0.12: 16.0, 0.14: 20.0}
TIMES = np.arange(0, 20, 0.1)

EVERY_KIND: list[dict[str, Any]] = [
    {
        "kind": "line",
        "name": "line",
        "x": "celsius",
        "y": "duration",
        "hue": "gnabar",
        "ends": "no spike from {x:g} °C",
    },
    {"kind": "line", "name": "facets", "x": "celsius", "y": "duration", "col": "gnabar"},
    {
        "kind": "scatter",
        "name": "scatter",
        "x": "celsius",
        "y": "duration",
        "hue": "celsius",
        "style": "method",
    },
    {"kind": "heatmap", "name": "heatmap", "x": "celsius", "y": "gnabar", "value": "duration"},
    {"kind": "histogram", "name": "histogram", "x": "duration", "hue": "method"},
    {"kind": "trace", "name": "trace", "signal": ["soma_v", "cai"], "hue": "gnabar"},
    {
        "kind": "shape",
        "name": "shape",
        "signal": "v",
        "at": {"upstroke": "soma_v"},
        "offset": 0.5,
        "select": {"maximum": "duration"},
    },
    {
        "kind": "movie",
        "name": "movie",
        "signal": "v",
        "window": [4, 9],
        "times": [4.05, 6, 9],
        "frames": 26,
        "select": {"maximum": "duration"},
    },
    {
        "kind": "field",
        "name": "field",
        "signal": "k",
        "cells": "v",
        "limits": [2.5, 4],
        "select": {"maximum": "duration"},
    },
    {"kind": "phase", "name": "phase", "x": "cai", "y": "soma_v", "hue": "gnabar"},
    {"kind": "kymograph", "name": "kymograph", "signal": "v"},
    {"kind": "table", "name": "table", "columns": ["gnabar", "method", "duration"]},
    {"kind": "box", "name": "box", "x": "gnabar", "y": "duration", "hue": "method"},
    {"kind": "violin", "name": "violin", "x": "gnabar", "y": "duration", "col": "method"},
    {"kind": "strip", "name": "strip", "x": "gnabar", "y": "duration"},
    {"kind": "bar", "name": "bar", "x": "gnabar", "y": "duration", "errorbar": "ci"},
    {"kind": "ecdf", "name": "ecdf", "x": "duration", "hue": "gnabar"},
    {"kind": "contour", "name": "contour", "x": "celsius", "y": "gnabar", "value": "duration"},
    {"kind": "pair", "name": "pair", "columns": ["celsius", "duration"], "hue": "gnabar"},
]
KEYS = {keys["name"]: keys for keys in EVERY_KIND}


def figure(**keys: Any) -> Figure:
    return TypeAdapter(Figure).validate_python(keys)


def texts(svg: Path) -> str:
    """The texts of an SVG, in the order in which they are drawn."""
    found = re.findall(r"<text[^>]*>(.*?)</text>", svg.read_text(encoding="utf-8"), re.DOTALL)
    return "\n".join(html.unescape(text) for text in found)


def content_of(page: Path) -> dict[str, Any]:
    """What an interactive page shows, with its arrays; `values` of shape (times, places)."""
    found = re.search(r'id="content">([^<]*)</script>', page.read_text(encoding="utf-8"))
    assert found
    content: dict[str, Any] = json.loads(found[1])
    for name, kind in (("points", "<i4"), ("counts", "<u4"), ("values", "<u2"), ("names", "u1")):
        content[name] = np.frombuffer(zlib.decompress(base64.b64decode(content[name])), kind)
    low, high = content["range"]
    shares = content["values"].reshape(len(content["times"]), -1) / 65535
    content["values"] = low + shares * (high - low)
    content["points"] = content["points"].reshape(4, -1).cumsum(axis=1).T * content["step"]
    content["names"] = content["names"].tobytes().decode().split("\n")
    return content


def points() -> pd.DataFrame:
    rows = []
    for gnabar, last in LAST_SPIKE.items():
        for celsius in np.arange(0.0, 31.0, 2.0):
            spikes = celsius <= last
            rows.append(
                {
                    "point_id": sha256(f"{gnabar} {celsius}".encode()).hexdigest()[:16],
                    "celsius": float(celsius),
                    "gnabar": gnabar,
                    "method": "fixed" if celsius % 4 else "adaptive",
                    "duration": 6 * np.exp(-celsius / 15) + gnabar if spikes else np.nan,
                    "spike_count": float(spikes),
                    "status": "ok",
                    "error": None,
                }
            )
    return pd.DataFrame(rows)


def failing(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """The first `count` points of gnabar 0.12 failed."""
    table = table.copy()
    rows = table.index[table["gnabar"] == 0.12][:count]
    table.loc[rows, ["duration", "spike_count"]] = np.nan
    table.loc[rows, "status"] = "failed"
    table.loc[rows, "error"] = "ValueError: no such channel"
    return table


def _segment(index: int) -> list[float]:
    """A zigzag cell of which segment `index` has two pieces of unlike diameter."""
    y = 20.0 * index
    wide = 20.0 if index == 0 else 2.0
    return [0, y, 0, wide, 5 * (-1) ** index, y + 10, index, 1.5, 0, y + 20, 0, 1.0]


VOXELS = [(10.0 * i, 10.0 * j, 5.0, 10.0) for i in range(-3, 4) for j in range(-2, 3)]
FIELD_TIMES = np.arange(0, 20, 0.5)


def potassium(x: float, y: float) -> Any:
    """A cloud that spreads from the origin."""
    width = 10 + 2 * FIELD_TIMES
    return 2.5 + 300 / width**1.5 * np.exp(-(x**2 + 2 * y**2) / width**2)


def _field(point_id: str) -> list[dict[str, Any]]:
    return [
        {
            "point_id": point_id,
            "signal": "k",
            "unit": "mM",
            "location": f"({x:g}, {y:g}, {z:g})",
            "outline": [x, y, z, edge],
            "t0": 0.0,
            "dt": 0.5,
            "t": None,
            "values": potassium(x, y).tolist(),
        }
        for x, y, z, edge in VOXELS
    ]


def read_traces(point_ids: Sequence[str], signals: Sequence[str]) -> pa.Table:
    """A spike at 5 ms in the soma, later and smaller farther away; calcium rises slowly."""
    rows = []
    for point_id in point_ids:
        for signal in signals:
            if signal == "k":
                rows += _field(point_id)
                continue
            places = range(10) if signal == "v" else range(1)
            for place in places:
                delay = 5 + 0.3 * place
                values = -65 + (100 - 5 * place) * np.exp(-((TIMES - delay) ** 2))
                rows.append(
                    {
                        "point_id": point_id,
                        "signal": signal,
                        "unit": LABELS[signal].unit,
                        "location": f"dend[{place}](0.5)",
                        "outline": _segment(place) if signal == "v" else None,
                        "t0": 0.0,
                        "dt": None if signal == "cai" else 0.1,
                        "t": TIMES.tolist() if signal == "cai" else None,
                        "values": (1e-4 * TIMES if signal == "cai" else values).tolist(),
                    }
                )
    return pa.Table.from_pylist(rows, schema=TRACES)


def read_values(feature: str) -> pd.DataFrame:
    """Two values of each duration, 1 ms apart."""
    found = points().dropna(subset="duration") if feature == "duration" else points()[:0]
    both = [found.assign(value=found["duration"] + change) for change in (-0.5, 0.5)]
    return pd.concat(both)[["point_id", "value"]]


def data(table: pd.DataFrame | None = None) -> FigureData:
    return FigureData(
        experiment="made_up",
        title="A made-up experiment",
        points=points() if table is None else table,
        labels=LABELS,
        read_traces=read_traces,
        read_values=read_values,
        swept=("celsius", "gnabar"),
    )


def shuffled(original: FigureData, seed: int) -> FigureData:
    """The same data with points and traces in another order."""

    def read(point_ids: Sequence[str], signals: Sequence[str]) -> pa.Table:
        table = original.read_traces(point_ids, signals)
        return table.take(pc.sort_indices(pa.array(np.random.default_rng(seed).random(len(table)))))

    return replace(
        original,
        points=original.points.sample(frac=1, random_state=seed),
        read_traces=read,
    )


if __name__ == "__main__":
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    source = shuffled(data(failing(points(), 3)), seed)
    render_all([figure(**keys) for keys in EVERY_KIND], source, folder)
