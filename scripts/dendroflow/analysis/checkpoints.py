"""The points of each generation, kept as soon as they are measured.

They are all that a search needs to go on: it takes the same course again from its first
generation, and what is kept is not simulated twice.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from dendroflow.tables.tables import read_table, write_table


class Checkpoints:
    """A folder with a table per generation; generation 0 is the reference."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, generation: int) -> Path:
        return self.folder / f"generation-{generation:06d}.parquet"

    def keep(self, generation: int, points: pd.DataFrame) -> None:
        """Store the points of a generation, unless they are there."""
        if not self._path(generation).exists():
            store(points, self._path(generation), {})

    def of(self, generation: int) -> pd.DataFrame | None:
        """The points of one generation; None if they are not kept."""
        path = self._path(generation)
        return read_table(path).to_pandas() if path.exists() else None

    def read(self) -> pd.DataFrame | None:
        """All points that are kept; None if there are none.

        Raises
        ------
        StoreError
            If a table is damaged.
        """
        paths = sorted(self.folder.glob("generation-*.parquet"))
        tables = [read_table(path).to_pandas() for path in paths]
        return pd.concat(tables, ignore_index=True) if tables else None


def store(points: pd.DataFrame, path: Path, notes: Mapping[str, Any]) -> None:
    """Write a table whose texts are texts even where all of them are null."""
    texts = {"error": pa.string(), "status": pa.string(), "point_id": pa.string()}
    columns = {
        str(name): pa.array(column, texts.get(str(name)), from_pandas=True)
        for name, column in points.items()
    }
    table = pa.table(columns)
    write_table(table, path, table.schema, notes)
