"""Tables for other programs: CSV for all that reads text, Excel for those who want a sheet."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from dendroflow.errors import StoreError
from dendroflow.files import replacing
from dendroflow.tables.population import ACCEPTED
from dendroflow.tables.protocols import of_points
from dendroflow.tables.tables import numeric, read_groups, read_notes, read_table

# Of Excel's file format; the first row holds the names of the columns.
EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384


def export_features(features: Path, target: Path) -> None:
    """Write an experiment's table of points as CSV or, if `target` ends in `.xlsx`, as Excel.

    Raises
    ------
    StoreError
        If a sheet of Excel has fewer rows or columns than the table.
    """
    table = read_table(features)
    _check_size(target, table.num_rows, table.num_columns)
    with _writing(target, table.schema) as write:
        write(table)


def export_accepted(plan: pa.Table, features: Path, target: Path) -> None:
    """Write the swept values of accepted points as CSV: a column per path, a row per point.

    Parameters
    ----------
    plan
        rows of the plan: one per point, or per run of one under a protocol.
    features
        the experiment's table of points, with a column `accepted`.
    """
    points = read_table(features, columns=["point_id", ACCEPTED])
    kept = points.filter(pc.equal(points[ACCEPTED], 1))["point_id"]
    first = pc.index_in(kept, plan["point_id"].combine_chunks().cast(kept.type))
    paths = [name for name in plan.column_names if "." in name or name == "morphology"]
    table = plan.take(first).select(paths)
    with _writing(target, table.schema) as write:
        write(table)


def export_sbi(
    features: Path, ranges: Mapping[str, tuple[str, tuple[float, float]]], target: Path
) -> None:
    """Write parameters and features of the points that are ok as NumPy arrays.

    They are `theta` (points, parameters) and `x` (points, features; NaN where one does not exist),
    both float32 as the sbi package has them; `theta_names`, `theta_units`, `x_names`, `x_units`;
    `low` and `high` of each parameter, and its `prior`: uniform, log-uniform, or `listed` where
    its values were listed; `point_id`. Parameters that hold text are left out.

    Parameters
    ----------
    ranges
        column -> prior and ends of what was sampled.
    """
    table, columns = read_table(features), read_notes(features)["columns"]
    units = {said["name"]: said["unit"] for said in columns}
    table = table.filter(pc.equal(table["status"], "ok"))
    if not len(table):
        raise StoreError(f"{target}: none of the points is ok")

    def values(names: Sequence[str]) -> "np.ndarray[Any, Any]":
        found = [np.array(table[name].to_pylist(), dtype=float) for name in names]
        return np.column_stack(found) if found else np.empty((len(table), 0))

    parameters, measured = (numeric(table, columns, kind) for kind in ("swept", "feature"))
    theta = values(parameters)
    ends = np.array(
        [
            ranges[name][1] if name in ranges else (k.min(), k.max())
            for name, k in zip(parameters, theta.T, strict=True)
        ]
    ).reshape(-1, 2)
    with replacing(target) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            theta=theta.astype(np.float32),
            x=values(measured).astype(np.float32),
            theta_names=np.array(parameters),
            theta_units=np.array([units[name] for name in parameters]),
            x_names=np.array(measured),
            x_units=np.array([units[name] for name in measured]),
            low=ends[:, 0],
            high=ends[:, 1],
            prior=np.array([ranges.get(name, ("listed",))[0] for name in parameters]),
            point_id=np.array(table["point_id"].to_pylist()),
        )


def export_traces(features: Path, runs: Path, traces: Sequence[Path], target: Path) -> None:
    """Write all samples of an experiment as CSV or, if `target` ends in `.xlsx`, as Excel.

    The columns are the swept values, then point_id, signal, location, unit, time (ms) and value;
    a row is a sample.

    Parameters
    ----------
    features
        the experiment's table of points.
    runs
        that of its runs; under a protocol `soma_v` is called `step1_soma_v`.
    traces
        trace tables of its batches; points that the experiment does not request are left out.

    Raises
    ------
    StoreError
        If a sheet of Excel has fewer rows than there are samples.
    """
    swept = [c["name"] for c in read_notes(features)["columns"] if c["kind"] == "swept"]
    points = read_table(features, columns=[*swept, "point_id"]).replace_schema_metadata(None)
    ran = read_table(runs)
    samples = pa.schema(
        [
            *points.select(swept).schema,
            *((name, pa.string()) for name in ("point_id", "signal", "location", "unit")),
            ("time", pa.float64()),
            ("value", pa.float64()),
        ]
    )
    if target.suffix == ".xlsx":
        parts = _parts(traces, points, ran, ("point_id", "signal", "values"))
        count = sum(pc.sum(pc.list_value_length(part["values"])).as_py() or 0 for part in parts)
        _check_size(target, count, len(samples))
    columns = ("point_id", "signal", "unit", "location", "t0", "dt", "t", "values")
    with _writing(target, samples) as write:
        for part in _parts(traces, points, ran, columns):
            write(_samples(part, points, samples))


def _parts(
    traces: Sequence[Path], points: pa.Table, runs: pa.Table, columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Rows of requested points, a row group at a time, so that memory holds one."""
    ids = (runs["run_id"] if runs.num_rows else points["point_id"]).unique().to_pylist()
    for path in traces:
        for part in read_groups(path, list(columns), {"point_id": ids}):
            yield of_points(part, runs)


def _samples(part: pa.Table, points: pa.Table, schema: pa.Schema) -> pa.Table:
    """A row per sample of each trace."""
    lengths = pc.list_value_length(part["values"]).to_numpy()
    table = points.take(pc.index_in(part["point_id"], points["point_id"].combine_chunks()))
    for name in ("signal", "location", "unit"):
        table = table.append_column(name, part[name])
    table = table.take(np.repeat(np.arange(part.num_rows), lengths))
    table = table.append_column("time", pa.array(_times(part, lengths)))
    # What is not a number is an empty cell, as all that is missing.
    values = pa.array(pc.list_flatten(part["values"]).to_numpy(), from_pandas=True)
    table = table.append_column("value", values)
    return table.select(schema.names).cast(schema)


def _times(part: pa.Table, lengths: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    starts, steps = part["t0"].to_numpy(), part["dt"].to_numpy()
    times = [
        np.asarray(varying.as_py(), dtype=float)
        if math.isnan(step)
        else start + step * np.arange(length)
        for start, step, varying, length in zip(starts, steps, part["t"], lengths, strict=True)
    ]
    return np.concatenate(times) if times else np.empty(0)


@contextmanager
def _writing(target: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """What takes the rows of `target`, which appears once it is complete."""
    with replacing(target) as temporary:
        if target.suffix != ".xlsx":
            with pa.csv.CSVWriter(temporary, schema) as writer:
                yield writer.write
            return
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("table")
        sheet.freeze_panes = "A2"
        sheet.append([_cell(name, sheet) for name in schema.names])

        def write(table: pa.Table) -> None:
            for batch in table.to_batches(max_chunksize=10_000):
                columns = [column.to_pylist() for column in batch.columns]
                for row in zip(*columns, strict=True):
                    sheet.append([_cell(value, sheet) for value in row])

        yield write
        book.save(temporary)


def _cell(value: Any, sheet: Any) -> Any:
    """Text as text, also where it begins like a formula; without what XML cannot hold."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, float) and not math.isfinite(value):
        value = None if math.isnan(value) else str(value)
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value))
    cell.data_type = "s"
    return cell


def _check_size(target: Path, rows: int, columns: int) -> None:
    if target.suffix != ".xlsx":
        return
    for count, limit, what in (
        (rows, EXCEL_ROWS - 1, "rows below the names of its columns"),
        (columns, EXCEL_COLUMNS, "columns"),
    ):
        if count > limit:
            raise StoreError(
                f"{target}: a sheet of Excel holds {limit:,} {what}, and this table has "
                f"{count:,}: ask for {target.with_suffix('.csv').name} instead, or for fewer "
                "points or samples"
            )
