"""The page on which a reader looks for points: columns and traces, packed for a browser."""

import base64
import itertools
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jinja2 import Environment

from dendroflow import layout
from dendroflow.tables.schemas import column_of, column_under
from dendroflow.tables.tables import read_groups, read_notes, read_table

PAGE = Path(__file__).with_name("explorer.html")
SHOWN = ("swept", "feature", "morphometric")
# More is shown as a sample, and told.
POINTS_AT_MOST = 100_000
TRACES_AT_MOST = 25_000
# A column of fewer different values is packed as numbers of them, to the last bit.
LEVELS_AT_MOST = 2000
# Of each trace the least and the largest sample of so many parts of its time.
PARTS = 120
# Of a signal's range over all points a sample tells so many steps.
FINEST = 4095

Floats = np.ndarray[Any, np.dtype[np.float64]]


def render(titles: Mapping[str, str], results: Path, traces: Mapping[str, Sequence[Path]]) -> str:
    """Return the page of some experiments.

    Parameters
    ----------
    titles
        of experiments, by their names.
    traces
        experiment -> files of its batches, as far as they are to be shown.
    """
    found = [
        {"name": name, "title": title} | packed(name, results, traces.get(name, ()))
        for name, title in titles.items()
    ]
    content = json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (
        Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .from_string(PAGE.read_text(encoding="utf-8"))
        .render(content=_deflated(content.encode()))
    )


def packed(name: str, results: Path, files: Sequence[Path]) -> dict[str, Any]:
    """What the page needs to know of one experiment, as JSON."""
    path = layout.FEATURES.below(results, experiment=name)
    table, notes = read_table(path), read_notes(path)
    total = len(table)
    if total > POINTS_AT_MOST:
        table = table.take(np.linspace(0, total - 1, POINTS_AT_MOST).astype(int))
    paths = {column_of(path): path for path in _swept_paths(results, name)}
    columns = [
        {"name": said["name"], "unit": said["unit"], "meaning": said["meaning"]}
        | {"path": paths.get(said["name"], "")}
        | _packed_column(table[said["name"]])
        for said in notes["columns"]
        if said["kind"] in ("swept", "feature", "morphometric")
        and said["name"] in table.schema.names
    ]
    columns += [
        {"name": name, "unit": "", "meaning": name, "path": ""} | _packed_column(table[name])
        for name in ("status", "error")
    ]
    return {
        "total": total,
        "points": len(table),
        "ids": _deflated(bytes.fromhex("".join(table["point_id"].to_pylist()))),
        "columns": columns,
        "signals": _packed_traces(table, results, name, notes, files),
        "time_unit": notes["time_unit"],
    }


def _swept_paths(results: Path, name: str) -> list[str]:
    plan = read_table(layout.PLAN.below(results, experiment=name))
    return [path for path in plan.schema.names if "." in path or path == "morphology"]


def _packed_column(column: pa.ChunkedArray) -> dict[str, Any]:
    """Values of a column: `levels` and numbers of them (65535: none), or 32-bit numbers."""
    values = column.to_pylist()
    there = {value for value in values if value is not None and value == value}  # noqa: PLR0124
    levels = sorted(there, key=lambda value: (str(type(value)), value))
    if len(levels) > LEVELS_AT_MOST and not isinstance(levels[0], str):
        numbers = np.array([np.nan if v is None else v for v in values], "<f4")
        return {"numbers": _deflated(numbers.tobytes())}
    if levels and isinstance(levels[0], str):
        levels = levels[:LEVELS_AT_MOST]
    place = {level: k for k, level in enumerate(levels)}
    codes = np.array([place.get(v, 65535) for v in values], "<u2")
    return {"levels": levels, "codes": _deflated(codes.tobytes())}


def _packed_traces(
    table: pa.Table, results: Path, name: str, notes: Mapping[str, Any], files: Sequence[Path]
) -> list[dict[str, Any]]:
    """Signals with the traces of points, or of a sample of them; not those along a cell."""
    wanted = _runs_of(table, results, name, notes)
    signals = [said for said in notes["columns"] if said["kind"] == "signal"]
    every = -(-len(table) * max(len(signals), 1) // TRACES_AT_MOST)
    found: dict[str, dict[int, tuple[float, float, Floats]]] = {}
    for path in files:
        columns = ["point_id", "signal", "location", "t0", "dt", "t", "values"]
        for group in read_groups(path, columns):
            values, t = group["values"].combine_chunks(), group["t"].combine_chunks()
            rows = group.drop_columns(["values", "t"]).to_pylist()
            for number, row in enumerate(rows):
                shown = [
                    (index, column_under(protocol, row["signal"]))
                    for index, protocol in wanted.get(row["point_id"], ())
                    if index % every == 0 and row["location"] is None
                ]
                samples = values[number].values.to_numpy()
                # What a model has kept may be nothing at all.
                if shown and len(samples):
                    times = t[number].values.to_numpy() if t[number].is_valid else None
                    trace = _reduced(samples, times, row["t0"], row["dt"])
                    for index, signal in shown:
                        found.setdefault(signal, {})[index] = trace
    labels = {said["name"]: said for said in signals}
    return [
        _packed_signal(labels.get(signal, {"name": signal, "unit": "", "meaning": signal}), traces)
        for signal, traces in found.items()
    ]


def _runs_of(
    table: pa.Table, results: Path, name: str, notes: Mapping[str, Any]
) -> dict[str, list[tuple[int, str]]]:
    """Id of a run -> the rows of its points, and its protocol."""
    rows = {point_id: k for k, point_id in enumerate(table["point_id"].to_pylist())}
    if not notes["protocols"]:
        return {point_id: [(row, "")] for point_id, row in rows.items()}
    found: dict[str, list[tuple[int, str]]] = {}
    for run in read_table(layout.RUNS.below(results, experiment=name)).to_pylist():
        if run["point_id"] in rows:
            place = (rows[run["point_id"]], run["protocol"])
            found.setdefault(run["run_id"], []).append(place)
    return found


def _reduced(
    values: Floats, t: Floats | None, t0: float, dt: float | None
) -> tuple[float, float, Floats]:
    """First and last time of a trace, and the least and largest sample of each part, in order."""
    if t is not None:
        first, last = float(t[0]), float(t[-1])
        values = np.interp(np.linspace(first, last, 20 * PARTS), t, values)
    else:
        first, last = t0, t0 + (dt or 0.0) * (len(values) - 1)
    if len(values) < 2 * PARTS:
        places = np.linspace(0, len(values) - 1, 2 * PARTS)
        return first, last, np.interp(places, np.arange(len(values)), values)
    edges = np.linspace(0, len(values), PARTS + 1).astype(int)
    reduced = np.empty(2 * PARTS)
    for k, (start, end) in enumerate(itertools.pairwise(edges)):
        part = values[start:end]
        low, high = int(part.argmin()), int(part.argmax())
        reduced[2 * k : 2 * k + 2] = part[[low, high] if low < high else [high, low]]
    return first, last, reduced


def _packed_signal(
    said: Mapping[str, Any], traces: Mapping[int, tuple[float, float, Floats]]
) -> dict[str, Any]:
    rows = sorted(traces)
    values = np.array([traces[row][2] for row in rows])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scaled = np.nan_to_num((values - low) / ((high - low) or 1.0), nan=0.0)
    times = np.array([traces[row][:2] for row in rows], "<f4")
    return {
        "name": said["name"],
        "unit": said["unit"],
        "meaning": said["meaning"],
        "low": low,
        "high": high,
        "rows": _deflated(np.array(rows, "<u4").tobytes()),
        "times": _deflated(times.tobytes()),
        # Steps from sample to sample deflate well.
        "steps": _deflated(np.diff(np.round(scaled * FINEST), prepend=0).astype("<i2").tobytes()),
        "length": 2 * PARTS,
        "finest": FINEST,
    }


def _deflated(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 6)).decode("ascii")
