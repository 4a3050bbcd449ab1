"""From the blocks of a sweep to a table of points."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dendroflow.design.axes import Column, Value, as_column, axis_values
from dendroflow.design.sampling import latin_hypercube, morris, saltelli, sobol
from dendroflow.design.tables import read_table
from dendroflow.errors import ConfigurationError
from dendroflow.settings.files import within
from dendroflow.settings.sweep import MOST_POINTS, MOST_VALUES, Block

Columns = dict[str, Column]
_SAMPLED: dict[str, Callable[[Any], Columns]] = {
    "latin_hypercube": latin_hypercube,
    "sobol": sobol,
    "saltelli": saltelli,
    "morris": morris,
}
# Of each block how many rows it has, and how many its sampled designs, which vary fastest; 0 if
# nothing is sampled.
Blocks = Sequence[tuple[int, int]]


class Design(NamedTuple):
    """All rows of a sweep, and the blocks that they come from, in order."""

    table: pd.DataFrame
    blocks: Blocks


def expand(
    sweep: Sequence[Block],
    folder: Path,
    root: Path | None = None,
    texts: Collection[str] = ("morphology",),
) -> Design:
    """Return the rows of `sweep`; two of them may be the same point, see `distinct`.

    Parameters
    ----------
    folder
        The folder of the experiment's file, to which table files are relative.
    root
        The folder that table files must not leave; `folder` if left out.
    texts
        Paths whose values are text; a table cannot tell.

    Returns
    -------
    Design
        Swept paths as columns, in order of first appearance; rows in order of the blocks, and
        within a block with the first axis varying slowest; the index counts from 0. Columns are
        bool, int64 or float64, else objects. Where a block does not sweep a path that another
        one sweeps, the cell is None: see `fill_missing`.

    Raises
    ------
    ConfigurationError
        If there are no points, or too many; if a table file is unfit, lies elsewhere, or has a
        column that another design of its block sweeps.
    """
    parts: list[Columns] = []
    blocks: list[tuple[int, int]] = []
    paths: dict[str, None] = {}
    for block in sweep:
        columns, samples = _block_columns(block, folder, root or folder, texts)
        parts.append(columns)
        blocks.append((_count(columns), samples))
        paths |= dict.fromkeys(columns)
        _refuse_too_many(sum(rows for rows, _ in blocks), len(paths))
    if not blocks:
        raise ConfigurationError("sweep: an experiment without points; name a path and its values")
    if len(parts) == 1:
        return Design(_frame(parts[0]), blocks)
    table: Columns = {}
    for path in paths:
        pieces = (columns.get(path, np.full(_count(columns), None)) for columns in parts)
        table[path] = as_column([value for piece in pieces for value in piece.tolist()])
    return Design(_frame(table), blocks)


def fill_missing(table: pd.DataFrame, own: Mapping[str, Value | None]) -> pd.DataFrame:
    """Return `table` with each None replaced by the experiment's own value of that path.

    Raises
    ------
    ConfigurationError
        If a path has missing values and `own` has none for it.
    """
    columns: Columns = {}
    for path in map(str, table.columns):
        missing = table[path].isna()
        columns[path] = table[path].to_numpy()
        if missing.any():
            if own.get(path) is None:
                raise ConfigurationError(
                    f"sweep: a block does not sweep {path}, as others do, and it has no value of "
                    "its own; name one in that block or in the experiment"
                )
            columns[path] = as_column(table[path].mask(missing, own[path]).tolist())
    # Rows of no columns are rows.
    return _frame(columns) if columns else table


def _frame(columns: Columns) -> pd.DataFrame:
    # A series keeps the type that it is given; the constructor alone would guess another for text.
    return pd.DataFrame(
        {path: pd.Series(column, dtype=column.dtype) for path, column in columns.items()}
    )


def _count(columns: Columns) -> int:
    return len(next(iter(columns.values())))


def _refuse_too_many(count: int, paths: int) -> None:
    if count > MOST_POINTS:
        raise ConfigurationError(
            f"sweep: asks for {count:,} points; {MOST_POINTS:,} are the most in one experiment"
        )
    if count * paths > MOST_VALUES:
        raise ConfigurationError(
            f"sweep: asks for {count:,} points of {paths:,} swept values; {MOST_VALUES:,} values "
            "are the most in one experiment"
        )


def _block_columns(
    block: Block, folder: Path, root: Path, texts: Collection[str]
) -> tuple[Columns, int]:
    """Return the rows of one block, the product of its designs, and how many are sampled."""
    product: Columns = {}
    for design in _designs(block, folder, root, texts):
        if shared := sorted(product.keys() & design.keys()):
            raise ConfigurationError(
                f"{folder / str(block.table)}: column {shared[0]} is swept by another design of "
                "the same block; drop one or write a block of its own"
            )
        slow, fast = _count(product) if product else 1, _count(design)
        _refuse_too_many(slow * fast, len(product) + len(design))
        product = {path: np.repeat(column, fast) for path, column in product.items()}
        product |= {path: np.tile(column, slow) for path, column in design.items()}
    sampled = [asked.rows for name in _SAMPLED if (asked := getattr(block, name)) is not None]
    return product, math.prod(sampled) if sampled else 0


def _designs(block: Block, folder: Path, root: Path, texts: Collection[str]) -> Iterator[Columns]:
    """The designs of a block, the slowest first; each axis of a grid is one."""
    grid = block.grid or {}
    _refuse_too_many(math.prod(axis.size for axis in grid.values()), len(grid))
    for path, axis in grid.items():
        yield {path: as_column(axis_values(axis))}
    if block.zip is not None:
        yield {path: as_column(axis_values(axis)) for path, axis in block.zip.items()}
    if block.list is not None:
        yield {path: as_column([row[path] for row in block.list]) for path in block.list[0]}
    if block.table is not None:
        yield read_table(within(root, folder / block.table), texts)
    for name, draw in _SAMPLED.items():
        if (asked := getattr(block, name)) is not None:
            _refuse_too_many(asked.rows, len(asked.axes))
            yield draw(asked)
