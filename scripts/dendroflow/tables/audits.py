"""Audits as they are kept: which points were simulated again, and what became of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dendroflow.errors import StoreError
from dendroflow.tables.tables import read_notes, read_table

SAME, DIFFERS = "same", "differs"

# One row per point; in the notes seed, provenance, and which stored results were audited.
AUDITS = pa.schema(
    [
        pa.field("point_id", pa.string(), nullable=False),
        pa.field("batch", pa.string(), nullable=False),
        pa.field("compared", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("difference", pa.string()),
    ]
)


def made_at(notes: Mapping[str, Any]) -> str:
    """When a batch was simulated or an audit made, from its notes."""
    return str(notes["provenance"]["date"])


def audit_rows(
    path: Path, points: pa.Table, feature_code: str, batches: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of the database's `audits` on results that are still the same, without the experiment.

    Parameters
    ----------
    points
        the requested points; point_id and batch count.
    feature_code
        names the code and settings behind their features.
    batches
        name -> notes of the outcomes.
    """
    notes = read_notes(path)
    if notes["feature_code"] != feature_code:
        return []
    audited = read_table(path)
    ids = points["point_id"]
    same = points.filter(pc.is_in(ids, audited["point_id"].combine_chunks().cast(ids.type)))
    held = set(zip(same["point_id"].to_pylist(), same["batch"].to_pylist(), strict=True))
    made = {name: made_at(batch) for name, batch in batches.items()}
    how = {"seed": notes["seed"], "date": made_at(notes), "audited_with": notes["provenance"]}
    return [
        row | how
        for row in audited.to_pylist()
        if (row["point_id"], row["batch"]) in held
        and made.get(row["batch"]) == notes["batches"][row["batch"]]
    ]


def check_audits(paths: Mapping[str, Path]) -> str:
    """Say in a line per experiment how many points an audit found the same.

    Parameters
    ----------
    paths
        experiment -> its audit.

    Raises
    ------
    StoreError
        If a point differs: it names the first of each experiment, and the remedy.
    """
    lines, wrong = [], []
    for experiment, path in paths.items():
        rows = read_table(path).to_pylist()
        notes = read_notes(path)
        differing = [row for row in rows if row["verdict"] == DIFFERS]
        lines.append(
            f"{experiment}: {len(rows) - len(differing)} of {len(rows)} points the same "
            f"(of {notes['points']}, seed {notes['seed']})"
        )
        if differing:
            first = differing[0]
            wrong.append(
                f"{experiment}: {len(differing)} of {len(rows)} audited points differ: point "
                f"{first['point_id']} of batch {first['batch']}: {first['difference']}"
            )
    if wrong:
        raise StoreError(
            f"{'; '.join(wrong)} (all are in the table `audits` of the database; what is wrong is "
            "made again if the files of the batch are deleted)"
        )
    return "\n".join(lines) + "\n"
