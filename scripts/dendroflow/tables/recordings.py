"""Tables of what was recorded, beside those of what was simulated."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from dendroflow.tables.tables import read_notes

_OF_SWEEP = [
    pa.field("recordings", pa.string(), nullable=False),
    pa.field("protocol", pa.string(), nullable=False),
    pa.field("cell", pa.string(), nullable=False),
    pa.field("file", pa.string(), nullable=False),
    pa.field("sweep", pa.int64(), nullable=False),
]

# A row per feature of a sweep that is used, and one for each sweep that is not.
RECORDED = pa.schema(
    [
        *_OF_SWEEP,
        pa.field("amplitude", pa.float64()),
        pa.field("spikes", pa.int64()),
        pa.field("rheobase", pa.float64()),
        pa.field("relative", pa.float64()),
        pa.field("suspicious", pa.bool_()),
        pa.field("used", pa.bool_()),
        pa.field("feature", pa.string()),
        pa.field("value", pa.float64()),
    ]
)

# The potentials of those that are used; times (ms) are those of the protocol.
TRACES_BESIDE = pa.schema(
    [
        *_OF_SWEEP,
        pa.field("signal", pa.string(), nullable=False),
        pa.field("t0", pa.float64(), nullable=False),
        pa.field("dt", pa.float64(), nullable=False),
        pa.field("values", pa.list_(pa.float64()), nullable=False),
    ]
)


def targets_of(files: Iterable[str | Path]) -> dict[str, Any]:
    """What recordings give for targets, by their names, from tables of `RECORDED`."""
    found: dict[str, Any] = {}
    for path in files:
        found |= read_notes(Path(path))["targets"]
    return found


def with_recorded(targets: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Targets, each as a mapping, with mean and SD of those that come from recordings."""
    return {name: {**target, **found.get(name, {})} for name, target in targets.items()}
