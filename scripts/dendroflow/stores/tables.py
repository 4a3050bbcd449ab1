"""Reading and writing stored tables: Parquet, never half there under its final name."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dendroflow.atomic import replacing
from dendroflow.errors import StoreError
from dendroflow.stores.schemas import checked

BYTES_PER_ROW_GROUP = 16_000_000
NOTES_KEY = b"dendroflow"


class TableWriter:
    """Writes a table that is too large for memory, in row groups of about 16 MB."""

    def __init__(self, path: Path, schema: pa.Schema, notes: Mapping[str, Any]) -> None:
        self._schema = schema
        lists = [field.name for field in schema if pa.types.is_list(field.type)]
        self._writer = pq.ParquetWriter(
            path,
            schema.with_metadata({NOTES_KEY: json.dumps(notes, sort_keys=True).encode()}),
            compression="zstd",
            compression_level=1,
            use_dictionary=[field.name for field in schema if field.name not in lists],
        )
        self._pending: list[pa.Table] = []
        self._bytes = 0

    def write(self, table: pa.Table) -> None:
        """Append rows; a row group holds whole tables as they were given."""
        self._pending.append(checked(table, self._schema))
        self._bytes += table.nbytes
        if self._bytes > BYTES_PER_ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            table = pa.concat_tables(self._pending)
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._pending, self._bytes = [], 0

    def close(self) -> None:
        """Write what is pending and the footer."""
        self._flush()
        self._writer.close()


@contextmanager
def writing(
    path: Path, schema: pa.Schema, notes: Mapping[str, Any] | None = None
) -> Iterator[TableWriter]:
    """Write a table piecewise; `path` appears once it is complete.

    Parameters
    ----------
    notes
        JSON that is kept in the file's metadata.
    """
    with replacing(path) as temporary:
        writer = TableWriter(temporary, schema, notes or {})
        try:
            yield writer
        finally:
            writer.close()


def write_table(
    table: pa.Table, path: Path, schema: pa.Schema, notes: Mapping[str, Any] | None = None
) -> None:
    """Write a whole table."""
    with writing(path, schema, notes) as writer:
        writer.write(table)


def read_table(path: Path, columns: list[str] | None = None, filters: Any = None) -> pa.Table:
    """Read a stored table.

    Raises
    ------
    StoreError
        If the file is missing, damaged, or lacks a column.
    """
    with naming_damage(path):
        return pq.read_table(path, columns=columns, filters=filters, partitioning=None)


def read_notes(path: Path) -> Any:
    """The JSON that was kept with a table."""
    with naming_damage(path):
        metadata = pq.read_schema(path).metadata or {}
    return json.loads(metadata.get(NOTES_KEY, b"{}"))


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a missing or damaged file into a `StoreError` with the remedy."""
    try:
        yield
    except FileNotFoundError:
        raise StoreError(f"{path}: there is no such file; run snakemake again") from None
    except (OSError, pa.ArrowException) as error:
        what = (str(error).splitlines() or ["unreadable"])[0]
        raise StoreError(
            f"{path}: is damaged ({what}); delete it and run snakemake again"
        ) from error
