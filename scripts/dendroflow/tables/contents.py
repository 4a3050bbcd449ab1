"""Collecting from the results what goes into the database."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from dendroflow.errors import StoreError
from dendroflow.tables.audits import audit_rows
from dendroflow.tables.database import ExperimentRows
from dendroflow.tables.tables import read_notes, read_table


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
    points = read_table(features).replace_schema_metadata(None)
    batches = {path.stem: read_notes(path) for path in outcomes}
    return ExperimentRows(
        name=name,
        points=points,
        feature_values=read_table(feature_values),
        facts={
            **facts,
            "model": notes["model"],
            "points": len(points),
            "failed": pc.sum(pc.not_equal(points["status"], "ok")).as_py() or 0,
            "fixed": notes["fixed"],
            "recipe": notes["simulation_code"],
            "measures": notes["feature_code"],
            "measured_with": notes["feature_content"],
        },
        columns=[column for column in notes["columns"] if column["kind"] != "signal"],
        batches=batches,
        audits=audit_rows(audit, points, notes["feature_code"], batches) if audit else [],
    )


def morphology_rows(files: Mapping[str, Path]) -> list[dict[str, Any]]:
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
    return rows
