"""Collecting from the results what goes into the database."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dendroflow.errors import StoreError
from dendroflow.stores.audits import audit_rows
from dendroflow.stores.database import ExperimentRows
from dendroflow.stores.tables import read_notes, read_table


def experiment_rows(
    name: str,
    facts: Mapping[str, Any],
    features: Path,
    feature_values: Path,
    outcomes: Iterable[Path],
    *,
    audit: Path | None = None,
) -> ExperimentRows:
    """All that the database says about one experiment.

    Parameters
    ----------
    facts
        title, description, sweep and features as they are declared.
    features, feature_values
        tables from `stores.gathering.gather`; the notes are those of the plan.
    outcomes
        outcome tables of its batches, whose notes hold their provenance.
    audit
        its audit, if there is one.
    """
    notes = read_notes(features)
    if notes["experiment"] != name:
        raise StoreError(f"{features}: holds {notes['experiment']}, not {name}")
    points = read_table(features).to_pandas()
    columns = pd.DataFrame(notes["columns"])
    batches = {path.stem: read_notes(path) for path in outcomes}
    names = points[["point_id", "batch"]]
    return ExperimentRows(
        name=name,
        points=points,
        feature_values=read_table(feature_values).to_pandas(),
        facts={
            **facts,
            "model": notes["model"],
            "points": len(points),
            "failed": int((points["status"] != "ok").sum()),
            "fixed": notes["fixed"],
            "recipe": notes["recipe"],
            "measures": notes["measures"],
            "measured_with": notes["measured_with"],
        },
        columns=columns[columns["kind"] != "signal"],
        batches=batches,
        audits=audit_rows(audit, names, notes["measures"], batches) if audit else pd.DataFrame(),
    )


def morphology_rows(files: Mapping[str, Path]) -> pd.DataFrame:
    """A row per morphology from the metadata that was fetched with it.

    Parameters
    ----------
    files
        name -> metadata file (JSON).
    """
    rows = []
    for name, path in files.items():
        try:
            metadata = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{path}: is missing or damaged; delete it and run snakemake again"
            ) from error
        rows.append(
            {
                "morphology": name,
                "sha256": metadata["sha256_of_data_lines"],
                "address": metadata["address"],
                "citations": "\n".join(metadata["citations"]),
                "metadata": json.dumps(metadata, sort_keys=True),
            }
        )
    return pd.DataFrame(rows)
