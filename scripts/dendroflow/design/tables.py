"""Points that stand in a table file, CSV or Parquet."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dendroflow.design.axes import Column, as_column
from dendroflow.errors import ConfigurationError
from dendroflow.settings.sweep import MOST_POINTS, NUMBER, path_problem, python_name

Bits = npt.NDArray[np.bool_]
MOST_BYTES = 1_000_000_000
# As RE2 writes them: numbers, and those that are whole by the way they are written.
_NUMBER, _WHOLE = f"^(?:{NUMBER.pattern})$", r"^[-+]?\d+$"


def read_table(file: Path, texts: Collection[str] = ("morphology",)) -> dict[str, Column]:
    """Return the columns of a CSV or Parquet file whose columns are swept paths.

    In a CSV file, a column is numbers if all of its cells are, else truth values (true, false)
    if all are, else text.

    Parameters
    ----------
    texts
        Paths whose values are text, whatever they look like.

    Returns
    -------
    dict of str to array of shape (rows,)
        Booleans, int64, float64 or text (objects).

    Raises
    ------
    ConfigurationError
        One line that names the file and, where there is one, the column and the row from 1.
    """
    if not file.is_file():
        raise ConfigurationError(f"{file}: no such table of points; check the sweep's `table`")
    if file.stat().st_size > MOST_BYTES:
        raise ConfigurationError(f"{file}: is larger than {MOST_BYTES:,} bytes")
    try:
        columns = (_read_parquet if file.suffix == ".parquet" else _read_csv)(file, texts)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"{file}: not a readable {file.suffix[1:]} file: {reason}"
        ) from error
    if not any(map(len, columns.values())):
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


def _refuse(file: Path, name: str, cells: "pa.Array", bad: Bits, problem: str) -> None:
    """Refuse a column for the first of its bad cells, which stands in `problem` as {}."""
    if bad.any():
        row = int(np.argmax(bad))
        what = problem.format(cells[row].as_py())
        raise ConfigurationError(f"{file}: column {name}, row {row + 1}: {what}")


def _bits(mask: "pa.Array") -> Bits:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _read_csv(file: Path, texts: Collection[str]) -> dict[str, Column]:
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
    names = [python_name(str(name).strip()) for name in cells.iloc[0].fillna("")]
    _check_names(file, names)
    columns = {}
    for k, name in enumerate(names):
        column = pa.array(cells[k].iloc[1:].fillna("").str.strip(), pa.string())
        _refuse(file, name, column, _bits(pc.equal(column, "")), "the cell is empty")
        is_text = name in texts
        columns[name] = as_column(column.to_pylist()) if is_text else _parsed(file, name, column)
    return columns


def _parsed(file: Path, name: str, texts: "pa.Array") -> Column:
    numbers = _bits(pc.match_substring_regex(texts, _NUMBER))
    if not numbers.any():
        lower = pc.utf8_lower(texts)
        truths = pc.is_in(lower, pa.array(["true", "false"]))
        return (
            _bits(pc.equal(lower, "true")) if _bits(truths).all() else as_column(texts.to_pylist())
        )
    _refuse(file, name, texts, ~numbers, "{!r} is not a number as others are")
    # Arrow rounds as Python does, to the nearest float.
    floats = pc.cast(texts, pa.float64()).to_numpy()
    whole = _bits(pc.match_substring_regex(texts, _WHOLE))
    too_large = ~np.isfinite(floats) | (whole & (np.abs(floats) >= 2.0**63))
    _refuse(file, name, texts, too_large, "{} is too large a number")
    if not whole.any():
        return np.asarray(floats)
    values = floats.astype(object)
    values[whole] = [int(text) for text in texts.filter(pa.array(whole)).to_pylist()]
    return as_column(values.tolist())


def _read_parquet(file: Path, texts: Collection[str]) -> dict[str, Column]:
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
    return {
        python_name(name): _column(file, name, table[name], texts) for name in table.column_names
    }


def _column(file: Path, name: str, cells: "pa.ChunkedArray", texts: Collection[str]) -> Column:
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    _refuse(file, name, cells, _bits(cells.is_null()), "the cell is empty")
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        return as_column(cells.to_pylist())
    if name in texts:
        what = "names" if name == "morphology" else "values"
        raise ConfigurationError(f"{file}: column {name}: {what} are text, not {cells.type}")
    if pa.types.is_boolean(cells.type):
        return np.asarray(cells.to_numpy(), dtype=np.bool_)
    if pa.types.is_integer(cells.type):
        return np.asarray(cells.cast(pa.int64()).to_numpy())
    if pa.types.is_floating(cells.type):
        column = np.asarray(cells.to_numpy(), dtype=np.float64)
        _refuse(file, name, cells, ~np.isfinite(column), "{} is not a finite number")
        return column
    raise ConfigurationError(
        f"{file}: column {name}: must be numbers, text or truth values, not {cells.type}"
    )
