"""What was recorded at a point: listed, as CSV, or drawn."""

import argparse
import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dendroflow import layout
from dendroflow.commands import RESULTS
from dendroflow.errors import StoreError
from dendroflow.files import replacing
from dendroflow.tables.database import quoted, reading
from dendroflow.tables.schemas import column_under
from dendroflow.tables.tables import read_table

DRAWN = (".png", ".svg", ".pdf")


class Trace(NamedTuple):
    """One signal of a point; `t` in ms, `values` in `unit`, shape (n,)."""

    experiment: str
    name: str
    unit: str
    t: np.ndarray[Any, np.dtype[np.float64]]
    values: np.ndarray[Any, np.dtype[np.float64]]
    place: str


def trace(options: argparse.Namespace) -> str:
    """List the traces of a point; write them into a file if one is named.

    Raises
    ------
    StoreError
        If there is no such point, several begin with these letters, or nothing of it is kept.
    """
    output: Path | None = options.output
    if output is not None and output.suffix.lower() not in (*DRAWN, ".csv"):
        raise StoreError(f"{output}: a name that ends in {', '.join((*DRAWN, '.csv'))}")
    kept = _traces(options.point)
    found = [each for each in kept if each.name in (options.signal or [each.name])]
    if not found:
        there = ", ".join(sorted({each.name for each in kept}))
        raise StoreError(f"{', '.join(options.signal)}: not recorded of it; there are {there}")
    lines = [
        f"{each.experiment}  {each.name}  {len(each.values)} samples{_reach(each)}  {each.place}"
        for each in found
    ]
    if output is not None:
        (_write if output.suffix.lower() == ".csv" else _draw)(found, options.point, output)
        lines.append(f"{output}: written")
    return "\n".join(lines)


def _reach(each: Trace) -> str:
    if not len(each.values):
        return ""
    low, high = np.nanmin(each.values), np.nanmax(each.values)
    return f" of {each.t[0]:g} to {each.t[-1]:g} ms  {low:.6g} to {high:.6g} {each.unit}"


def _traces(start: str) -> list[Trace]:
    database = layout.DATABASE.below(RESULTS)
    if not database.exists():
        raise StoreError(f"{database}: is not there; run snakemake first")
    with reading(database) as opened:
        names = opened.execute("SELECT experiment FROM experiments").fetchall()
        points: set[str] = set()
        for (name,) in names:
            rows = opened.execute(
                f"SELECT point_id FROM {quoted(name)} WHERE substr(point_id, 1, ?) = ?",
                (len(start), start),
            )
            points.update(point for (point,) in rows)
        if len(points) != 1:
            few = ", ".join(sorted(points)[:3])
            what = f"several points begin so: {few} ..." if points else "there is no such point"
            raise StoreError(f"{start}: {what}")
        (point,) = points
        found = opened.execute(
            "SELECT experiment, protocol, location, file, row FROM traces "
            "WHERE point_id = ? ORDER BY experiment, protocol, signal, row",
            (point,),
        ).fetchall()
    if not found:
        raise StoreError(
            f"{point}: no trace is kept of it; `execution: {{keep_traces: true}}` keeps them"
        )
    return [_read(*row) for row in found]


def _read(experiment: str, protocol: str, location: str | None, file: str, row: int) -> Trace:
    whole = read_table(RESULTS / file).slice(row, 1).to_pylist()[0]
    values = np.array(whole["values"], float)
    t = whole["t"]
    times = whole["t0"] + whole["dt"] * np.arange(len(values)) if t is None else np.array(t)
    name = column_under(protocol, whole["signal"]) + (f" at {location}" if location else "")
    return Trace(experiment, name, whole["unit"], times, values, f"{file} row {row}")


def _write(traces: list[Trace], point: str, path: Path) -> None:
    """A row per sample."""
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["experiment", "signal", "unit", "t (ms)", "value"])
        for each in traces:
            about = each.experiment, each.name, each.unit
            pairs = zip(each.t.tolist(), each.values.tolist(), strict=True)
            writer.writerows((*about, t, value) for t, value in pairs)


def _draw(traces: list[Trace], point: str, path: Path) -> None:
    from dendroflow.figures.page import Page, Slot, house_style
    from dendroflow.settings.style import Style

    units = list(dict.fromkeys(each.unit for each in traces))
    style = Style()
    with house_style(style):
        page = Page(Slot(style), f"Point {point}", "", [], 20 + 36 * len(units))
        panels = page.panels(len(units), 1, count=len(units), sharex=True)
        for axes, unit in zip(panels, units, strict=True):
            for each in traces:
                if each.unit == unit:
                    axes.plot(each.t, each.values, label=f"{each.experiment}: {each.name}")
            axes.set_ylabel(unit)
            axes.legend()
        panels[-1].set_xlabel("time (ms)")
        page.write([path])
