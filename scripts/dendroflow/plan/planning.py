"""Which points existing batches have, and how the rest is cut into new ones."""

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dendroflow import layout
from dendroflow.plan.cached import Cached
from dendroflow.plan.code import library_digest
from dendroflow.plan.codes import FeatureContent, simulation_content
from dendroflow.plan.cutting import cut, expected_seconds, first_guess
from dendroflow.plan.description import Description, describe
from dendroflow.plan.labels import columns
from dendroflow.plan.models import names_of
from dendroflow.plan.morphologies import known_sections
from dendroflow.plan.names import check_names
from dendroflow.plan.optimisation import Search, individuals_to_come
from dendroflow.plan.points import Points, requested_points
from dendroflow.plan.stored import Plan
from dendroflow.settings.base import naming
from dendroflow.settings.project import Configuration
from dendroflow.settings.simulation import Execution

# What the tables say about an experiment, as it is declared.
DECLARED = ("title", "description", "sweep", "optimise", "features")


def make_plan(
    configuration: Configuration,
    experiment: str,
    results: Path,
    cores: int,
    *,
    keep: bool = False,
) -> Plan:
    """Plan an experiment: a pure function of its configuration and of what `results` holds.

    Parameters
    ----------
    results
        folder of all results.
    cores
        cores that there are to share the work.
    keep
        whether what is learnt of models and morphologies is written into `results`.
    """
    settings = configuration.experiments[experiment]
    model = names_of(configuration.model_folder(experiment))
    kept = layout.DESCRIPTION.below(results, model_copy=model.copy)
    with naming(configuration.experiment_file(experiment)):
        description = describe(model, kept, keep=keep).with_recordings(settings.record)
    wanted = requested_points if settings.optimise is None else individuals_to_come
    points = wanted(configuration, experiment, description)
    check_names(configuration, experiment, description, points)
    measured = FeatureContent(settings.features.model_dump(mode="json"))
    keeping = settings.execution.keep_traces
    simulated = simulation_content(model, settings, None if keeping else measured.code)
    morphologies = sorted(points.column("morphology").dropna().unique())
    cached = Cached(
        results,
        experiment,
        simulated.code,
        measured.code if keeping else "",
        known_sections(configuration, morphologies, results, keep=keep),
    )
    pins = {name: configuration.morphologies[name].sha256 or "" for name in morphologies}
    batch: NDArray[np.object_] | str
    known_already = 0
    searched: dict[str, Any] = {}
    if settings.optimise is None:
        batch, work, known_already = _assign(points, description, settings.execution, cached, cores)
    else:
        rules = settings.optimise.model_dump(mode="json", exclude={"generations"})
        morphology = "".join(pins.values())
        search = Search(simulated.code, measured.code, points.fixed, morphology, rules)
        history = layout.HISTORY.of(
            experiment=experiment,
            simulation_code=simulated.code,
            search=search.code,
            generations=settings.optimise.generations,
        )
        searched = {"optimisation": {"search": vars(search), "history": history}}
        batch, work = _reserve(cached, history, settings.execution.retry)
    table = points.table.copy()
    table.insert(1, "batch", pd.Series(batch, index=table.index, dtype=str))
    said = settings.model_dump(mode="json", include=set(DECLARED), exclude_none=True)
    notes = {
        "experiment": experiment,
        "model": settings.model,
        "model_copy": model.copy,
        "simulation_code": simulated.code,
        "simulation_content": asdict(simulated),
        "feature_code": cached.feature_code,
        "feature_content": asdict(measured),
        "library": library_digest(),
        "fixed": dict(points.fixed),
        "design": list(points.design),
        "required_sections": list(description.required_sections),
        "morphologies": pins,
        "timeout_s": settings.execution.timeout_s,
        "retry": list(settings.execution.retry),
        "time_unit": description.time_unit,
        "columns": [asdict(column) for column in columns(points.swept, description, settings)],
        "derived": {name: one.expression for name, one in settings.derived.items()},
        "declared": dict.fromkeys(DECLARED) | said,
    }
    stored = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    return Plan(stored, notes | searched, tuple(sorted(work)), work, known_already)


def batch_names(experiment: str, simulation_code: str, point_ids: Iterable[str]) -> Iterator[str]:
    """Names of a batch: hashes of experiment, simulation_code and its points in any order.

    The first, and others for where the points are simulated again.
    """
    parts = [experiment, simulation_code, *sorted(point_ids)]
    for attempt in count(1):
        again = [f"attempt {attempt}"] if attempt > 1 else []
        yield hashlib.blake2b("\n".join([*parts, *again]).encode(), digest_size=8).hexdigest()


def _assign(
    points: Points, description: Description, execution: Execution, cached: Cached, cores: int
) -> tuple[NDArray[np.object_], dict[str, float], int]:
    """The batch of each point, the work (s) of the new ones, and how many points they have already.

    Those are of batches that were not finished.
    """
    simulated = cached.points(execution.retry)
    found = points.table[["point_id"]].join(simulated, on="point_id", how="left")
    batch = np.array(found["batch"], dtype=object)
    wanted = np.flatnonzero(found["batch"].isna())
    work: dict[str, float] = {}
    ids = points.table["point_id"].to_numpy()
    kept = np.isin(ids[wanted], list(cached.unfinished_points(execution.retry)))
    if len(wanted):
        # Points that are no longer asked for have told what a point of this model takes.
        mean = float(simulated["runtime_s"].mean())
        guess = first_guess(points, description) if math.isnan(mean) else mean
        seconds = expected_seconds(points, found["runtime_s"].to_numpy(dtype=float), guess)
        seconds = np.where(np.isin(np.arange(len(ids)), wanted[kept]), 1e-6, seconds)
        for group in cut(
            points,
            wanted,
            seconds,
            execution,
            runs_alone=description.runs_alone,
            cores=cores,
            measured=not execution.keep_traces,
        ):
            # A batch of that name may have had them.
            names = batch_names(cached.experiment, cached.simulation_code, ids[group])
            name = next(name for name in names if not cached.outcomes(name).exists())
            work[name] = float(seconds[group].sum())
            batch[group] = name
    return batch, work, int(kept.sum())


def _reserve(cached: Cached, history: str, retry: Iterable[str]) -> tuple[str, dict[str, float]]:
    """The batch of points that a search will find, and its work if it is not there."""
    for name in batch_names(cached.experiment, cached.simulation_code, [history]):
        if not cached.outcomes(name).exists():
            # A point or two.
            return name, {name: 0.0}
        if cached.is_usable(name) and not cached.statuses(name).intersection(retry):
            return name, {}
    raise AssertionError("attempts do not end")
