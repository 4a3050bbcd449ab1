"""Reading and writing stored tables: Parquet, never half there under its final name."""

import hashlib
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dendroflow.errors import StoreError
from dendroflow.files import replacing
from dendroflow.tables.schemas import checked

BYTES_PER_ROW_GROUP = 16_000_000
NOTES_KEY = b"dendroflow"
# Pages have checksums of their own; this one is of notes, names and types.
DIGEST_KEY = b"dendroflow sha256"


def leave_pandas_out() -> None:
    """Keep Arrow from importing pandas, unless somebody has.

    Arrow does so as soon as it converts anything, in order to know a `Series` from other sequences.
    That takes half as long as all else that a job imports.
    """

    def refuse(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ImportError(name)

    if "pandas" not in sys.modules:
        finder = SimpleNamespace(find_spec=refuse)
        sys.meta_path.insert(0, finder)
        try:
            # It asks once.
            pa.array([0])
        finally:
            sys.meta_path.remove(finder)


class TableWriter:
    """Writes a table that is too large for memory, in row groups of about 16 MB."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._writer, self._schema = writer, schema
        self._pending: list[pa.Table] = []
        self._bytes = 0

    def write(self, table: pa.Table) -> None:
        """Append rows; a row group holds whole tables as they were given."""
        self._pending.append(checked(table, self._schema))
        self._bytes += table.nbytes
        if self._bytes > BYTES_PER_ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        if self._pending:
            table = pa.concat_tables(self._pending)
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._pending, self._bytes = [], 0


@contextmanager
def writing(
    path: Path, schema: pa.Schema, notes: Mapping[str, Any] | None = None
) -> Iterator[TableWriter]:
    """Write a table piecewise; `path` appears once it is complete.

    Parameters
    ----------
    notes
        JSON that is kept in the file's metadata, in the order of its keys.
    """
    kept = json.dumps(notes or {}).encode()
    described = schema.with_metadata({NOTES_KEY: kept, DIGEST_KEY: _digest(kept, schema)})
    # A dictionary of numbers, of which few repeat, is slow to read.
    texts = [field.name for field in schema if field.type in (pa.string(), pa.large_string())]
    options = {"compression": "zstd", "compression_level": 1, "use_dictionary": texts or False}
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, described, write_page_checksum=True, **options) as writer,
    ):
        rows = TableWriter(writer, schema)
        yield rows
        rows.flush()


def write_table(
    table: pa.Table, path: Path, schema: pa.Schema, notes: Mapping[str, Any] | None = None
) -> None:
    """Write a whole table."""
    with writing(path, schema, notes) as writer:
        writer.write(table)


def read_table(
    path: Path,
    columns: list[str] | None = None,
    where: Mapping[str, Collection[Any]] | None = None,
) -> pa.Table:
    """Read a stored table, or some of it; see `read_groups`."""
    if parts := list(read_groups(path, columns, where)):
        return pa.concat_tables(parts)
    schema = pq.read_schema(path)
    return schema.empty_table().select(columns or schema.names)


def numeric(table: pa.Table, columns: Iterable[Mapping[str, Any]], kind: str) -> list[str]:
    """The columns of a kind that hold numbers, of those that notes describe."""
    named = [said["name"] for said in columns if said["kind"] == kind]
    return [name for name in named if not pa.types.is_string(table.schema.field(name).type)]


def read_groups(
    path: Path,
    columns: list[str] | None = None,
    where: Mapping[str, Collection[Any]] | None = None,
) -> Iterator[pa.Table]:
    """Read a stored table one row group at a time.

    Parameters
    ----------
    where
        column -> the values that are wanted; row groups without any are left out.

    Raises
    ------
    StoreError
        If the file is missing, damaged, or lacks a column.
    """
    # Arrow's own filters trust statistics that have no checksum, and can hang on a damaged page.
    with naming_damage(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        schema, about = file.schema_arrow, file.metadata
        _notes(schema)
        place = {name: position for position, name in enumerate(schema.names)}
        for name in (*(columns or ()), *(where or ())):
            if name not in place:
                raise ValueError(f"there is no column {name}")
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        if sum(group.num_rows for group in groups) != about.num_rows:
            raise ValueError("its number of rows has changed")

        def read(number: int, columns: list[str] | None) -> pa.Table:
            table = file.read_row_group(number, columns)
            _check_counts(table, groups[number], place)
            return table

        for number in range(len(groups)):
            if where is None:
                yield read(number, columns)
                continue
            keys = read(number, list(where))
            chosen = np.ones(len(keys), dtype=bool)
            for name, values in where.items():
                chosen &= pc.is_in(keys[name], pa.array(values, keys[name].type)).to_numpy()
            if chosen.any():
                yield read(number, columns).filter(pa.array(chosen))


def _check_counts(table: pa.Table, group: pq.RowGroupMetaData, place: Mapping[str, int]) -> None:
    """All of a row group: the numbers of values in its pages have no checksum of their own."""
    for field, column in zip(table.schema, table.columns, strict=True):
        count = len(column)
        if pa.types.is_list(field.type):
            # A list that is empty or missing counts as one.
            lengths = pc.list_value_length(column).fill_null(0)
            count = pc.sum(pc.max_element_wise(lengths, 1)).as_py() or 0
        if count != group.column(place[field.name]).num_values:
            raise ValueError(f"a page of {field.name} has changed")


def read_notes(path: Path) -> Any:
    """The JSON that was kept with a table."""
    with naming_damage(path):
        return json.loads(_notes(pq.read_schema(path)))


def _notes(schema: pa.Schema) -> bytes:
    """The notes of a table, unless its columns or they have changed."""
    metadata = schema.metadata or {}
    notes: bytes = metadata.get(NOTES_KEY, b"{}")
    if metadata.get(DIGEST_KEY) != _digest(notes, schema):
        raise OSError("its columns or notes have changed")
    return notes


def _digest(notes: bytes, schema: pa.Schema) -> bytes:
    columns = "".join(f"\n{field.name} {_kind(field.type)}" for field in schema).encode()
    return hashlib.sha256(notes + columns).hexdigest().encode()


def _kind(kind: pa.DataType) -> str:
    # Parquet has its own name for the items of a list.
    return f"list of {_kind(kind.value_type)}" if pa.types.is_list(kind) else str(kind)


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a missing or damaged file into a `StoreError` with the remedy."""
    try:
        yield
    except FileNotFoundError:
        raise StoreError(f"{path}: there is no such file; run snakemake again") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        what = (str(error).splitlines() or ["unreadable"])[0]
        raise StoreError(
            f"{path}: is damaged ({what}); delete it and run snakemake again"
        ) from error
