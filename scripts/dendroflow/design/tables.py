"""Points that stand in a table file, CSV or Parquet."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dendroflow.design.axes import Column, Value, as_column
from dendroflow.errors import ConfigurationError
from dendroflow.settings.sweep import MOST_POINTS, parse_number, path_problem

MOST_BYTES = 1_000_000_000
_TRUTH = {"true": True, "false": False}
# Numbers that are no whole numbers by the way they are written.
_DECIMAL = r"^[-+]?((\d+\.\d*|\.\d+)([eE][-+]?\d+)?|\d+[eE][-+]?\d+)$"


def read_table(file: Path) -> dict[str, Column]:
    """Return the columns of a CSV or Parquet file whose columns are swept paths.

    In a CSV file, a column is numbers if all of its cells are, else truth values (true, false)
    if all are, else text; morphologies are always text.

    Returns
    -------
    dict of str to array of shape (rows,)
        Booleans, int64, float64 or text (objects).

    Raises
    ------
    ConfigurationError
        If the file is missing, unreadable or without rows; if a column is no swept path or stands
        there twice; if a cell is empty, not finite, or text among numbers. Rows count from 1,
        the header excluded.
    """
    if not file.is_file():
        raise ConfigurationError(f"{file}: no such table of points; check the sweep's `table`")
    if file.stat().st_size > MOST_BYTES:
        raise ConfigurationError(f"{file}: is larger than {MOST_BYTES:,} bytes")
    try:
        columns = _read_parquet(file) if file.suffix == ".parquet" else _read_csv(file)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"{file}: not a readable {file.suffix[1:]} file: {reason}"
        ) from error
    if not columns or not len(next(iter(columns.values()))):
        raise ConfigurationError(f"{file}: the table has no rows")
    return columns


def _check_names(file: Path, names: Sequence[str]) -> None:
    for name in names:
        if problem := path_problem(name):
            raise ConfigurationError(f"{file}: column {problem}")
        if names.count(name) > 1:
            raise ConfigurationError(
                f"{file}: column {name} stands there {names.count(name)} times"
            )


def _bad_cell(file: Path, name: str, row: int, problem: str) -> NoReturn:
    raise ConfigurationError(f"{file}: column {name}, row {row + 1}: {problem}")


def _read_csv(file: Path) -> dict[str, Column]:
    # All as text: pandas would rename a repeated column, take NA for a gap, and round in the
    # last digit.
    cells = pd.read_csv(
        file,
        header=None,
        dtype="str",
        keep_default_na=False,
        encoding="utf-8-sig",
        skipinitialspace=True,
    )
    names = [str(name).strip() for name in cells.iloc[0].fillna("")]
    _check_names(file, names)
    return {
        name: _parsed(file, name, cells[position].iloc[1:].fillna("").str.strip())
        for position, name in enumerate(names)
    }


def _decimals(cells: "pd.Series[str]") -> Column | None:
    """Cells that are all written as decimal fractions, at once; None for any others.

    Arrow rounds as Python does, to the nearest float.
    """
    texts = pa.array(cells, pa.string())
    if not pc.all(pc.match_substring_regex(texts, _DECIMAL)).as_py():
        return None
    try:
        values: Column = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return values if np.isfinite(values).all() else None


def _parsed(file: Path, name: str, cells: "pd.Series[str]") -> Column:
    if name != "morphology" and (decimals := _decimals(cells)) is not None:
        return decimals
    codes, uniques = pd.factorize(cells)
    texts = [str(text) for text in uniques]

    def row_of(text: str) -> int:
        return int(np.argmax(codes == texts.index(text)))

    if "" in texts:
        _bad_cell(file, name, row_of(""), "the cell is empty")
    values: list[Value]
    numbers = {text: parse_number(text) for text in texts}
    truths = [_TRUTH.get(text.lower()) for text in texts]
    if name == "morphology" or all(number is None for number in numbers.values()):
        known = name != "morphology" and all(truth is not None for truth in truths)
        values = [truth for truth in truths if truth is not None] if known else [*texts]
    else:
        values = []
        for text, number in numbers.items():
            if number is None:
                _bad_cell(file, name, row_of(text), f"{text!r} is not a number as others are")
            if not math.isfinite(number) or (isinstance(number, int) and abs(number) >= 2**63):
                _bad_cell(file, name, row_of(text), f"{text} is too large a number")
            values.append(number)
    return as_column(values)[codes]


def _read_parquet(file: Path) -> dict[str, Column]:
    # Not read_table, which takes a folder named a=1 for a column and trips over repeated names.
    with pq.ParquetFile(file) as parquet:
        # A small file may hold a large table, compressed.
        about = parquet.metadata
        groups = [about.row_group(k) for k in range(about.num_row_groups)]
        if about.num_rows > MOST_POINTS or sum(g.total_byte_size for g in groups) > MOST_BYTES:
            raise ConfigurationError(
                f"{file}: holds more than {MOST_POINTS:,} rows or {MOST_BYTES:,} bytes, unpacked"
            )
        _check_names(file, parquet.schema_arrow.names)
        table = parquet.read()
    return {name: _column(file, name, table[name]) for name in table.column_names}


def _column(file: Path, name: str, cells: "pa.ChunkedArray") -> Column:
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if cells.null_count:
        row = int(np.argmax(cells.is_null().to_numpy()))
        _bad_cell(file, name, row, "the cell is empty")
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        return as_column(cells.to_pylist())
    if name == "morphology":
        raise ConfigurationError(f"{file}: column {name}: names are text, not {cells.type}")
    if pa.types.is_boolean(cells.type):
        return np.asarray(cells.to_numpy(), dtype=np.bool_)
    if pa.types.is_integer(cells.type):
        return np.asarray(cells.cast(pa.int64()).to_numpy())
    if pa.types.is_floating(cells.type):
        column = np.asarray(cells.to_numpy(), dtype=np.float64)
        if not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column)))
            _bad_cell(file, name, row, f"{column[row]} is not a finite number")
        return column
    raise ConfigurationError(
        f"{file}: column {name}: must be numbers, text or truth values, not {cells.type}"
    )
