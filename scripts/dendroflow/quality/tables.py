"""Results of checks and suitabilities as stored tables."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from dendroflow.quality.result import CheckResult
from dendroflow.quality.suitability import Suitability
from dendroflow.tables.tables import read_notes, read_table, write_table

CHECK_RESULTS = pa.schema(
    [
        ("morphology", pa.string()),
        ("check", pa.string()),
        ("result", pa.string()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("threshold", pa.string()),
        ("sentence", pa.string()),
        ("values", pa.string()),
        ("lines", pa.list_(pa.int64())),
        ("where", pa.string()),
    ]
)
USES = pa.schema(
    [
        ("morphology", pa.string()),
        ("use", pa.string()),
        ("suitability", pa.string()),
        ("reasons", pa.list_(pa.string())),
    ]
)


def write_checks(
    results: Iterable[tuple[str, CheckResult]], path: Path, notes: dict[str, str] | None = None
) -> None:
    """Write pairs of morphology and result; `values` as JSON."""
    rows = [
        vars(result)
        | {"morphology": morphology}
        | {"values": json.dumps(dict(result.values)), "lines": list(result.lines)}
        for morphology, result in results
    ]
    write_table(pa.Table.from_pylist(rows, schema=CHECK_RESULTS), path, CHECK_RESULTS, notes)


def read_checks(path: Path) -> tuple[list[CheckResult], dict[str, str]]:
    """The results of one morphology, and what was kept with them."""
    rows = read_table(path).drop_columns("morphology").to_pylist()
    results = [
        CheckResult(**row | {"values": json.loads(row["values"]), "lines": tuple(row["lines"])})
        for row in rows
    ]
    return results, dict(read_notes(path))


def write_uses(suitabilities: Iterable[tuple[str, Sequence[Suitability]]], path: Path) -> None:
    """Write the suitabilities of each morphology."""
    rows = [
        vars(found)
        | {"morphology": morphology, "reasons": [result.check for result in found.reasons]}
        for morphology, of_morphology in suitabilities
        for found in of_morphology
    ]
    write_table(pa.Table.from_pylist(rows, schema=USES), path, USES)
