"""Which points existing batches have, and how the rest is cut into new ones."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
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
from dendroflow.plan.engine import engine_of
from dendroflow.plan.labels import columns, labels_of
from dendroflow.plan.models import names_of
from dendroflow.plan.morphologies import known_sections
from dendroflow.plan.names import check_names, check_simulated
from dendroflow.plan.optimisation import individuals_to_come, searches
from dendroflow.plan.points import requested_points
from dendroflow.plan.recordings import recordings_of
from dendroflow.plan.runs import Runs, runs_of
from dendroflow.plan.stored import Plan
from dendroflow.settings.base import naming
from dendroflow.settings.project import Configuration
from dendroflow.settings.simulation import Execution
from dendroflow.tables.schemas import column_of

# What the tables say about an experiment, as it is declared.
DECLARED = ("title", "description", "sweep", "protocols", "optimise", "targets", "features")


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
        alone = describe(model, kept, keep=keep)
        description = alone.with_recordings(settings.record)
    if settings.optimise is None:
        points = simulated_points = requested_points(configuration, experiment, description)
    else:
        points, simulated_points = individuals_to_come(configuration, experiment, description)
    if not settings.protocols:
        with naming(configuration.experiment_file(experiment)):
            check_simulated(configuration, experiment, description, simulated_points)
    runs = runs_of(configuration, experiment, alone, simulated_points)
    check_names(configuration, experiment, description, points)
    engine = engine_of(settings, model)
    recorded = recordings_of(configuration, experiment)
    asked = {protocol: features.dumped for protocol, features in settings.measured.items()}
    measured = FeatureContent(asked)
    keeping = settings.execution.keep_traces
    # Of runs under protocols, each is named by its own features where these are all that is kept.
    of_all = None if keeping or settings.protocols else measured.code
    simulated = simulation_content(model, settings, of_all)
    morphologies = sorted(points.column("morphology").dropna().unique())
    cached = Cached(
        results,
        experiment,
        simulated.code,
        measured.code if keeping else "",
        known_sections(configuration, morphologies, results, keep=keep),
    )
    population = settings.analysis.population
    accept = population.model_dump(mode="json")["accept"] if population else {}
    pins = {name: configuration.morphologies[name].sha256 or "" for name in morphologies}
    batch: NDArray[np.object_]
    known_already = 0
    searched: dict[str, Any] = {}
    if settings.optimise is None:
        batch, work, known_already = _assign(runs, description, settings.execution, cached, cores)
    else:
        found = searches(settings, points, simulated.code, "".join(pins.values()), recorded)
        histories = [
            layout.HISTORY.of(
                experiment=experiment,
                simulation_code=simulated.code,
                search=code,
                generations=settings.optimise.generations,
            )
            for code in found
        ]
        searched = {
            "optimisation": {
                "searches": {code: vars(search) for code, search in found.items()},
                "histories": histories,
            }
        }
        runs = runs.of_others(points)
        batch, work = _reserve(cached, histories, runs.level, settings.execution.retry)
    table = runs.table.copy()
    table.insert(1, "batch", pd.Series(batch, index=table.index, dtype=str))
    said = settings.model_dump(mode="json", include=set(DECLARED), exclude_none=True)
    notes = {
        "experiment": experiment,
        "model": settings.model,
        "model_copy": model.copy,
        "engine": engine.name,
        "engine_why": engine.why,
        "simulation_code": simulated.code,
        "simulation_content": asdict(simulated),
        "feature_code": cached.feature_code,
        "feature_content": asdict(measured),
        "library": library_digest(),
        "fixed": dict(points.fixed),
        "labels": labels_of(points.fixed, alone, settings),
        "protocols": dict(runs.protocols),
        "design": list(points.design),
        "required_sections": list(description.required_sections),
        "morphologies": pins,
        "timeout_s": settings.execution.timeout_s,
        "retry": list(settings.execution.retry),
        "time_unit": description.time_unit,
        "columns": [asdict(column) for column in columns(points.swept, alone, settings)],
        "population": accept,
        "replicates": [column_of(path) for path in settings.analysis.replicates],
        "morphometrics": list(settings.morphometrics),
        "derived": {name: one.expression for name, one in settings.derived.items()},
        "targets": {
            name: target.model_dump(mode="json") | {"validation": settings.validates(name)}
            for name, target in settings.targets.items()
            if name in settings.scored
        },
        "recorded": recorded and recorded.code,
        "declared": dict.fromkeys(DECLARED) | said,
    }
    stored = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    if runs.protocols:
        # Of a column of empty lists nobody knows what they are lists of.
        needs = stored.column_names.index("needs")
        lists = stored["needs"].cast(pa.list_(pa.string()))
        stored = stored.set_column(needs, "needs", lists)
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
    runs: Runs, description: Description, execution: Execution, cached: Cached, cores: int
) -> tuple[NDArray[np.object_], dict[str, float], int]:
    """The batch of each run, the work (s) of the new ones, and how many runs they have already.

    Those are of batches that were not finished. Runs that need a search come into other batches
    than the search.
    """
    simulated, points = cached.points(execution.retry), runs.costs
    found = points.table[["point_id"]].join(simulated, on="point_id", how="left")
    batch = np.array(found["batch"], dtype=object)
    missing = found["batch"].isna()
    # Points that differ in nothing that a protocol has share a run.
    wanted = np.flatnonzero(missing & ~found["point_id"].duplicated())
    work: dict[str, float] = {}
    ids = runs.ids
    kept = np.isin(ids[wanted], list(cached.unfinished_points(execution.retry)))
    if len(wanted):
        # Points that are no longer asked for have told what a point of this model takes.
        mean = float(simulated["runtime_s"].mean())
        guess = first_guess(points, description) if math.isnan(mean) else mean
        seconds = expected_seconds(points, found["runtime_s"].to_numpy(dtype=float), guess)
        seconds = np.where(np.isin(np.arange(len(ids)), wanted[kept]), 1e-6, seconds)
        groups = [
            group
            for level in np.unique(runs.level[wanted])
            for group in cut(
                points,
                wanted[runs.level[wanted] == level],
                seconds,
                execution,
                runs_alone=description.runs_alone,
                cores=cores,
                measured=not execution.keep_traces,
            )
        ]
        for group in groups:
            # A batch of that name may have had them.
            names = batch_names(cached.experiment, cached.simulation_code, ids[group])
            name = next(name for name in names if not cached.outcomes(name).exists())
            work[name] = float(seconds[group].sum())
            batch[group] = name
        if len(wanted) < missing.sum():
            of_run = dict(zip(ids[wanted], batch[wanted], strict=True))
            batch[missing] = [of_run[one] for one in ids[missing]]
    return batch, work, int(kept.sum())


def _reserve(
    cached: Cached, histories: Sequence[str], levels: NDArray[np.intp], retry: Iterable[str]
) -> tuple[NDArray[np.object_], dict[str, float]]:
    """The batch of each run of what searches will find, and the work of those not there."""
    batch, work = np.empty(len(levels), dtype=object), {}
    for level in np.unique(levels):
        for name in names_to_come(cached, histories, int(level)):
            there = cached.outcomes(name).exists()
            if not there:
                # A point or two.
                work[name] = 0.0
            if not there or (
                cached.is_usable(name) and not cached.statuses(name).intersection(retry)
            ):
                batch[levels == level] = name
                break
    return batch, work


def names_to_come(cached: Cached, histories: Sequence[str], level: int = 0) -> Iterator[str]:
    """Names of the batch of what searches will find, as from `batch_names`."""
    of_level = [f"level {level}"] if level else []
    return batch_names(cached.experiment, cached.simulation_code, [*histories, *of_level])
