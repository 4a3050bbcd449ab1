"""Audits as they are kept: which points were simulated again, and what became of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from dendroflow.errors import StoreError
from dendroflow.stores.tables import read_notes, read_table

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
    """When a batch was simulated, from the notes of its outcomes."""
    return str(notes["provenance"]["date"])


def audit_rows(
    path: Path, points: pd.DataFrame, measures: str, batches: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """What an audit says of results that are still the same; nothing of any others.

    Parameters
    ----------
    points
        point_id and batch of the requested points.
    measures
        names the code and settings behind their features.
    batches
        name -> notes of the outcomes.

    Returns
    -------
    pandas.DataFrame
        columns as in `database.TABLES`, without the experiment.
    """
    notes = read_notes(path)
    if notes["measures"] != measures:
        return pd.DataFrame()
    made = {name: made_at(batch) for name, batch in batches.items()}
    rows = read_table(path).to_pandas().merge(points, on=["point_id", "batch"])
    unchanged = [made.get(name) == notes["batches"][name] for name in rows["batch"]]
    provenance: dict[str, Any] = notes["provenance"]
    found: pd.DataFrame = rows[unchanged].assign(
        seed=notes["seed"],
        date=provenance["date"],
        audited_with=json.dumps(provenance, sort_keys=True),
    )
    return found


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
        rows = read_table(path).to_pandas()
        notes = read_notes(path)
        differing = rows[rows["verdict"] == DIFFERS]
        lines.append(
            f"{experiment}: {len(rows) - len(differing)} of {len(rows)} points the same "
            f"(of {notes['points']}, seed {notes['seed']})"
        )
        if len(differing):
            first = differing.iloc[0]
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
