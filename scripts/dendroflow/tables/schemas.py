"""The columns of every stored table, declared once and checked on write."""

import pyarrow as pa

from dendroflow.errors import StoreError

STATUSES = ("ok", "failed", "crashed", "timeout", "nonfinite", "out_of_range")
# Of runs alone: a search that finds nothing, and what needs its answer. No failures of the point.
UNANSWERED = ("not_found", "not_run")

# Ends the name of a feature's column that holds all of its values.
VALUES_SUFFIX = ".values"


def column_of(path: str) -> str:
    """Column of a swept path: `parameters.gnabar` is `gnabar`, `stimuli.a.delay` is `a_delay`."""
    group, _, name = path.partition(".")
    return (name or group).replace(".", "_")


def column_under(protocol: str, name: str) -> str:
    """Column of what is measured under a protocol: `AP_width` of `step1` is `step1_AP_width`."""
    return f"{protocol}_{name}" if protocol else name


POINT_ID = pa.field("point_id", pa.string(), nullable=False)

# One row per point and signal; one per segment where a signal is recorded along the cell.
# Samples lie at t0 + k * dt, or at t where the steps vary; ms. `outline` holds x, y, z and
# diameter (µm) of each 3-D point of the segment, one after the other; of a voxel, its middle and
# its edge.
TRACES = pa.schema(
    [
        POINT_ID,
        pa.field("signal", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("location", pa.string()),
        pa.field("outline", pa.list_(pa.float32())),
        pa.field("t0", pa.float64(), nullable=False),
        pa.field("dt", pa.float64()),
        pa.field("t", pa.list_(pa.float64())),
        pa.field("values", pa.list_(pa.float64()), nullable=False),
    ]
)

# One row per point, or per run of a point under a protocol: what became of it.
OUTCOMES = pa.schema(
    [
        POINT_ID,
        pa.field("status", pa.string(), nullable=False),
        pa.field("error", pa.string()),
        pa.field("runtime_s", pa.float64()),
        pa.field("compartments", pa.int32()),
        pa.field("protocol", pa.string()),
        # What a search has found and tried (JSON).
        pa.field("search", pa.string()),
    ]
)


def checked(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `table` cast to `schema`.

    Raises
    ------
    StoreError
        If a column is missing, superfluous, of another type, or null where it may not be.
    """
    if table.column_names != schema.names:
        raise StoreError(f"columns {table.column_names} where {schema.names} are declared")
    try:
        table = table.cast(schema)
    except (ValueError, pa.ArrowNotImplementedError) as error:
        raise StoreError(f"a column is not of its declared type: {error}") from error
    for field in schema:
        if not field.nullable and table.column(field.name).null_count:
            raise StoreError(f"column {field.name} holds nulls")
    return table
