"""Collecting from the results what goes into the database."""

import hashlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dendroflow import layout
from dendroflow.errors import ModelError, StoreError, printable
from dendroflow.files import files_of_model
from dendroflow.tables.audits import audit_rows
from dendroflow.tables.database import PLACES, TABLES, VIEWS, ExperimentRows
from dendroflow.tables.population import criteria_rows
from dendroflow.tables.protocols import TRIALS
from dendroflow.tables.recordings import RECORDED
from dendroflow.tables.replicates import replicate_rows
from dendroflow.tables.sharing import Verdict, worst
from dendroflow.tables.tables import read_notes, read_table

# Files of a model that are larger are data: the database holds their hash alone.
LARGEST_TEXT = 1_000_000

logger = logging.getLogger(__name__)


def every_experiment(results: Path, own: Collection[str]) -> Iterator[ExperimentRows]:
    """All experiments that the results hold, by name; one at a time is in memory.

    Parameters
    ----------
    own
        experiments of the configuration that is run. One of another configuration is left out
        where its tables cannot be read, with a word in the log.

    Raises
    ------
    StoreError
        If a table of one of `own` is missing or damaged.
    """
    found = {path.parent.name for path in results.glob("*/features.parquet")}
    for name in sorted(found.union(own)):
        try:
            rows = experiment_rows(results, name)
        except (StoreError, KeyError) as error:
            if name in own:
                raise
            logger.warning("experiment %s is left out of the database: %s", name, error)
        else:
            yield rows


def experiment_rows(results: Path, name: str) -> ExperimentRows:
    """All that the results hold of an experiment; `StoreError` if a table is lost or damaged."""
    features = layout.FEATURES.below(results, experiment=name)
    points, notes = read_table(features).replace_schema_metadata(None), read_notes(features)
    if notes["experiment"] != name or name in (*TABLES, *VIEWS):
        raise StoreError(f"{features}: holds {notes['experiment']}, not {name}")
    codes = {"experiment": name, "simulation_code": notes["simulation_code"]}
    ran = read_table(layout.RUNS.below(results, experiment=name)).replace_schema_metadata(None)
    held = {*points["batch"].unique().to_pylist(), *ran["batch"].unique().to_pylist()}
    batches = {
        batch: read_notes(layout.OUTCOMES.below(results, **codes, batch=batch))
        for batch in sorted(held)
    }
    audit = layout.AUDIT.below(results, experiment=name)
    runs = ran.select(["run_id", "batch"]).rename_columns(["point_id", "batch"])
    audited = runs if ran.num_rows else points
    copies = {batch["model_copy"] for batch in batches.values() if batch.get("model_copy")}
    found = [Verdict(**notes["sharing"]) for notes in batches.values() if "sharing" in notes]
    sharing = worst(found) if found else None
    return ExperimentRows(
        name=name,
        points=points,
        runs=ran,
        trials=trial_rows(ran),
        traces=_traces(results, codes, points, ran),
        feature_values=read_table(layout.FEATURE_VALUES.below(results, experiment=name)),
        designs=design_rows(notes["design"], points["point_id"]),
        facts={key: notes[key] for key in TABLES["experiments"] if key in notes}
        | notes["declared"]
        | {
            "points": len(points),
            "failed": pc.sum(pc.not_equal(points["status"], "ok")).as_py() or 0,
            "process": sharing and sharing.process,
            "process_why": sharing and (sharing.why or None),
        },
        columns=[column for column in notes["columns"] if column["kind"] != "signal"],
        batches=batches,
        audits=audit_rows(audit, audited, notes["feature_code"], batches) if audit.exists() else (),
        morphologies=_morphology_rows(results, notes["morphologies"]),
        model_files=_model_file_rows(results, copies),
        individuals=_individuals(results, notes),
        sensitivity=_sensitivity(results, notes),
        criteria=criteria_rows(points, notes.get("population", {})),
        replicates=list(replicate_rows(points, notes["columns"], notes.get("replicates", ()))),
        recordings=_recordings(results, notes),
        recorded_targets=[
            {**target, "feature": column, "recordings": target["recordings"].split(".")[1]}
            | {"n": len(target["cells"])}
            for column, target in notes.get("targets", {}).items()
            if "cells" in target
        ],
    )


def design_rows(design: Sequence[Mapping[str, Any]], point_ids: pa.ChunkedArray) -> pa.Table:
    """A row for each row of the blocks that sample: block, position, point_id.

    Parameters
    ----------
    design
        as from `dendroflow.design.distinct`: for each of these blocks, runs of points.
    point_ids
        names of all points in their order.
    """
    parts = [np.empty((0, 3), dtype=np.int64)]
    for block in design:
        first, count = np.array(block["points"]).T
        position = np.arange(count.sum())
        point = np.repeat(first - np.cumsum(count) + count, count) + position
        parts.append(np.column_stack([np.full_like(point, block["block"]), position, point]))
    number, position, point = np.concatenate(parts).T
    return pa.table({"block": number, "position": position, "point_id": point_ids.take(point)})


def _traces(results: Path, codes: Mapping[str, str], points: pa.Table, runs: pa.Table) -> pa.Table:
    """Where the traces of the points lie, as far as they are kept: columns of `PLACES`."""
    if runs.num_rows:
        wanted = runs.select(["point_id", "protocol", "run_id", "batch"])
    else:
        wanted = points.select(["point_id", "batch"])
        wanted = wanted.append_column("run_id", wanted["point_id"])
        wanted = wanted.append_column("protocol", pa.repeat("", len(wanted)))
    parts = [PLACES.empty_table()]
    for batch in pc.unique(wanted["batch"].drop_null()).to_pylist():
        path = layout.TRACES.below(results, **codes, batch=batch)
        if not path.exists():
            continue
        own = wanted.filter(pc.equal(wanted["batch"], batch)).drop_columns(["batch"])
        own = own.cast(pa.schema([(name, pa.string()) for name in own.column_names]))
        held = read_table(path, ["point_id", "signal", "location"])
        held = held.replace_schema_metadata(None).rename_columns(["run_id", "signal", "location"])
        held = held.append_column("row", pa.array(range(len(held)), pa.int64()))
        found = held.join(own, "run_id", join_type="inner")
        file = path.relative_to(results).as_posix()
        found = found.append_column("file", pa.repeat(file, len(found)))
        parts.append(found.sort_by([("row", "ascending"), ("point_id", "ascending")]))
    return pa.concat_tables([part.select(PLACES.names).cast(PLACES) for part in parts])


def trial_rows(runs: pa.Table) -> pa.Table:
    """A row for all that each search has tried, in its order."""
    parts = [TRIALS.empty_table()]
    for row in runs.filter(pc.is_valid(runs["search"])).to_pylist():
        of_run = {key: row[key] for key in ("point_id", "protocol", "run_id")}
        trials = enumerate(json.loads(row["search"])["trials"])
        found = [{**of_run, "position": position, **trial} for position, trial in trials]
        parts.append(pa.Table.from_pylist(found, schema=TRIALS))
    return pa.concat_tables(parts)


def _recordings(results: Path, notes: Mapping[str, Any]) -> pa.Table:
    """What was measured of the recordings that an experiment's targets come from."""
    if not notes.get("recorded"):
        return RECORDED.empty_table()
    values = {"experiment": notes["experiment"], "recorded": notes["recorded"]}
    return read_table(layout.RECORDED.below(results, **values)).replace_schema_metadata(None)


def _sensitivity(results: Path, notes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Indices of the table as it is now; none where nobody asks for them any more."""
    path = layout.SENSITIVITY.below(results, experiment=notes["experiment"])
    if not path.exists() or read_notes(path)["date"] != notes["date"]:
        return []
    found: list[dict[str, Any]] = read_table(path).to_pylist()
    return found


def _individuals(results: Path, notes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The best that the searches of an experiment have found."""
    if "optimisation" not in notes:
        return []
    from dendroflow.tables.best import individual_rows

    paths = [layout.Pattern(path).below(results) for path in notes["optimisation"]["histories"]]
    histories = [read_table(path).to_pandas() for path in paths]
    return individual_rows(histories, [read_notes(path) for path in paths])


def _morphology_rows(results: Path, pins: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row per morphology, by name and pin, from the metadata that was fetched with it."""
    rows = []
    for name, pin in sorted(pins.items()):
        values = {"morphology": name, "pin": pin[:16] or "unpinned"}
        path = layout.METADATA.below(results, **values, suffix="*")
        try:
            (path,) = path.parent.glob(path.name)
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
                "mended": "\n".join(metadata.get("mended", ())) or None,
                "metadata": metadata,
            }
        )
    return rows


def _model_file_rows(results: Path, copies: Iterable[str]) -> list[dict[str, Any]]:
    """A row per file of the models that were imported; a copy that is not there is logged."""
    rows = []
    for copy in sorted(copies):
        folder = layout.MODEL_COPY.below(results, model_copy=copy).parent
        try:
            files = files_of_model(folder)
        except ModelError:
            logger.warning("%s is missing: the database holds no text of it", folder)
            continue
        for name, path in files.items():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            text = path.read_bytes() if path.stat().st_size <= LARGEST_TEXT else None
            rows.append(
                {"model_copy": copy, "path": printable(name), "sha256": digest, "content": text}
            )
    return rows
