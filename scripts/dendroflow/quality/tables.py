"""Findings and judgements as stored tables."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from dendroflow.quality.checks import THEME_OF
from dendroflow.quality.finding import Finding
from dendroflow.quality.judgement import Judgement
from dendroflow.tables.tables import read_notes, read_table, write_table

FINDINGS = pa.schema(
    [
        ("morphology", pa.string()),
        ("check", pa.string()),
        ("theme", pa.string()),
        ("verdict", pa.string()),
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
        ("fitness", pa.string()),
        ("reasons", pa.list_(pa.string())),
    ]
)


def write_findings(
    findings: Iterable[tuple[str, Finding]], path: Path, notes: dict[str, str] | None = None
) -> None:
    """Write pairs of morphology and finding; `values` as JSON."""
    rows = [
        {**vars(finding), "morphology": morphology, "theme": THEME_OF[finding.check]}
        | {"values": json.dumps(dict(finding.values)), "lines": list(finding.lines)}
        for morphology, finding in findings
    ]
    write_table(pa.Table.from_pylist(rows, schema=FINDINGS), path, FINDINGS, notes)


def read_findings(path: Path) -> tuple[list[Finding], dict[str, str]]:
    """The findings of one morphology, and what was kept with them."""
    rows = read_table(path).to_pylist()
    findings = []
    for row in rows:
        kept = {k: v for k, v in row.items() if k not in ("morphology", "theme")}
        values, lines = json.loads(row["values"]), tuple(row["lines"])
        findings.append(Finding(**(kept | {"values": values, "lines": lines})))
    return findings, dict(read_notes(path))


def write_uses(judgements: Iterable[tuple[str, Sequence[Judgement]]], path: Path) -> None:
    """Write the judgements of each morphology."""
    rows = [
        {
            "morphology": morphology,
            "use": judgement.use,
            "fitness": judgement.fitness,
            "reasons": [finding.check for finding in judgement.reasons],
        }
        for morphology, judged in judgements
        for judgement in judged
    ]
    write_table(pa.Table.from_pylist(rows, schema=USES), path, USES)
