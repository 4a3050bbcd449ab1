"""Names of points by their content, and which rows of a design are the same point."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from itertools import repeat
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dendroflow.design.axes import Column
from dendroflow.design.expansion import Blocks
from dendroflow.errors import ConfigurationError

# Rows that are put into words at once; it bounds the memory and decides nothing else.
_CHUNK = 100_000
# What the metadata of a Parquet file can hold of a design.
MOST_RUNS = 2_000_000
_UNIFORM = ("string", "integer", "floating", "boolean", "mixed-integer-float")


def point_ids(
    table: pd.DataFrame, common: Mapping[str, Any] | None = None
) -> npt.NDArray[np.object_]:
    """Return a name for each row of `table` that depends on its content alone.

    The name is the BLAKE2b hash, of 10 bytes in hexadecimal digits, of the row as JSON text:
    ``json.dumps(row, sort_keys=True)`` with all numbers as floats (a whole number that no float
    equals keeps its digits). So it does not depend on the order of rows or columns, nor on the
    index, nor on the columns' types: 1 equals 1.0, and 0.0 equals -0.0, but True is not 1.
    This never changes, for results are found again by these names.

    Parameters
    ----------
    table
        A column for each swept path; booleans, numbers and text without gaps.
    common
        path -> value of what all rows have; they count as columns do.

    Returns
    -------
    array of str, shape (rows,)
        20 hexadecimal digits each.

    Raises
    ------
    ConfigurationError
        If a value is missing, not finite, or neither truth value, number nor text.
    """
    paths = sorted(map(str, table.columns))
    columns = [
        table[path].to_numpy(dtype=None if table[path].dtype.kind in "biuf" else object)
        for path in paths
    ]
    entries = dict.fromkeys(paths, "%s")
    for path, value in (common or {}).items():
        entries[path] = _words(path, np.array([value], dtype=object), 0)[0].replace("%", "%%")
    listed = [f"{json.dumps(path).replace('%', '%%')}: {entries[path]}" for path in sorted(entries)]
    template = "{" + ", ".join(listed) + "}"
    ids = np.empty(len(table), dtype=object)
    for start in range(0, len(table), _CHUNK):
        rows = slice(start, min(start + _CHUNK, len(table)))
        words = [
            _words(path, column[rows], start) for path, column in zip(paths, columns, strict=True)
        ]
        contents = zip(*words, strict=True) if words else repeat((), rows.stop - start)
        ids[rows] = [
            blake2b((template % content).encode(), digest_size=10).hexdigest()
            for content in contents
        ]
    return ids


def distinct(
    table: pd.DataFrame, ids: npt.NDArray[np.object_], blocks: Blocks, where: str
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return each point once, and which points the rows of sampled blocks are.

    Sampling may meet a point twice: Saltelli's design with two axes always does.

    Parameters
    ----------
    table, blocks
        The rows of a design, as `expand` returns them; no blocks if nothing is sampled.
    ids
        The rows' names, as `point_ids` returns them.
    where
        The file and key to blame.

    Returns
    -------
    pandas.DataFrame
        The first row of each point, with its name in front as `point_id`; the index counts from 0.
    list of dict
        For each block that samples: ``block``, its number from 0; ``points``, the points of its
        rows in order, as rows of the table that is returned, in runs ``[first, count]``.

    Raises
    ------
    ConfigurationError
        If two rows are equal, and not by sampling; if samples repeat points millions of times.
    """
    named = table.copy(deep=False)
    named.insert(0, "point_id", ids)
    points, uniques = pd.factorize(ids)
    if len(uniques) < len(ids):
        _refuse_written_twice(table, points, blocks, where)
        named = named[~pd.Index(points).duplicated()].reset_index(drop=True)
    ends = np.cumsum([rows for rows, _ in blocks])
    sampled = {
        number: _runs(points[end - rows : end])
        for number, (end, (rows, samples)) in enumerate(zip(ends, blocks, strict=True))
        if samples
    }
    if sum(map(len, sampled.values())) > MOST_RUNS:
        raise ConfigurationError(f"{where}: samples repeat few points too often; sample fewer")
    return named, [{"block": number, "points": runs} for number, runs in sampled.items()]


def _refuse_written_twice(
    table: pd.DataFrame, points: npt.NDArray[np.intp], blocks: Blocks, where: str
) -> None:
    # Rows that are the same point may be so by sampling if they are not the same sample.
    sample = np.zeros(len(points), dtype=np.int64)
    start, first_sample = 0, 1
    for rows, samples in blocks:
        if samples:
            sample[start : start + rows] = first_sample + np.arange(rows) % samples
        start, first_sample = start + rows, first_sample + samples
    twice = pd.DataFrame({"point": points, "sample": sample}).duplicated().to_numpy()
    if not twice.any():
        return
    second = int(np.argmax(twice))
    first = int(np.argmax((points == points[second]) & (sample == sample[second])))
    values = ", ".join(f"{path} = {table[path].iloc[second]}" for path in table.columns)
    count = int(twice.sum())
    raise ConfigurationError(
        f"{where}: rows {first + 1} and {second + 1} are the same point ({values}); "
        f"{count} {'row repeats' if count == 1 else 'rows repeat'} an earlier one, remove "
        f"{'it' if count == 1 else 'them'}"
    )


def _runs(numbers: npt.NDArray[np.intp]) -> list[list[int]]:
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 2) != 1)
    counts = np.diff(starts, append=len(numbers))
    return np.column_stack([numbers[starts], counts]).tolist()  # type: ignore[no-any-return]


def _words(path: str, column: Column, first_row: int) -> list[str]:
    """Return the JSON text of each row of a column, writing each distinct value once.

    But floats as they come: they rarely repeat, and to find out takes as long as to write them.
    """
    if column.dtype == np.float64 and np.isfinite(column).all():
        return list(map(repr, (column + 0.0).tolist()))
    # Mixed objects cannot be told apart by factorize, for which True is 1.
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=False) not in _UNIFORM:
        codes, values = np.arange(len(column)), column
    else:
        codes, values = pd.factorize(column, use_na_sentinel=False)
    texts = np.empty(len(values), dtype=object)
    for code, value in enumerate(values.tolist()):
        text = _canonical(value)
        if text is None:
            row = first_row + int(np.argmax(codes == code)) + 1
            raise ConfigurationError(
                f"row {row}: {path} is {value}; a point needs a finite number, text or truth value"
            )
        texts[code] = text
    return texts[codes].tolist()  # type: ignore[no-any-return]


def _canonical(value: object) -> str | None:
    """Return the one JSON text of a value and its equals, or None for what cannot be swept."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Integral):
        whole = int(value)
        with suppress(OverflowError):
            return repr(float(whole)) if float(whole) == whole else str(whole)
        return str(whole)
    if isinstance(value, float | np.floating) and math.isfinite(value):
        return repr(float(value) + 0.0)
    return None
