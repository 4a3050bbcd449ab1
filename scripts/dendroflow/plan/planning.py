"""Which points are held by existing batches, and how the rest is cut into new ones."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dendroflow.plan.code import digest_of_library, digest_of_model
from dendroflow.plan.cutting import cut, expected_seconds, first_guess
from dendroflow.plan.description import Description, describe
from dendroflow.plan.kept import Kept
from dendroflow.plan.labels import columns
from dendroflow.plan.names import check_names
from dendroflow.plan.optimisation import history_path, individuals_to_come, search_of
from dendroflow.plan.points import Points, requested_points
from dendroflow.plan.recipe import measures, simulation_recipe
from dendroflow.plan.stored import Plan
from dendroflow.settings.project import Configuration
from dendroflow.settings.simulation import Execution


def make_plan(
    configuration: Configuration,
    experiment: str,
    results: Path,
    cores: int,
) -> Plan:
    """Plan an experiment: a pure function of its configuration and of what `results` holds.

    Parameters
    ----------
    results
        folder of all results.
    cores
        cores that there are to share the work.
    """
    settings = configuration.experiments[experiment]
    description = described(configuration.model_folder(experiment), results)
    wanted = requested_points if settings.optimise is None else individuals_to_come
    points = wanted(configuration, experiment, description)
    check_names(configuration, experiment, description, points.swept)
    measured = measures(settings.features)
    keeping = settings.execution.keep_traces
    recipe = simulation_recipe(
        configuration.model_folder(experiment),
        settings.plausible,
        None if keeping else measured.name,
        settings.engine,
    )
    kept = Kept(results / experiment / recipe.name, measured.name if keeping else "")
    pins = {name: configuration.morphologies[name].sha256 or "" for name in _morphologies(points)}
    batch: NDArray[np.object_] | str
    searched: dict[str, Any] = {}
    if settings.optimise is None:
        batch, work = _assign(points, description, settings.execution, kept, cores)
    else:
        names = (recipe.name, measured.name)
        search = search_of(*names, points.fixed, "".join(pins.values()), settings.optimise)
        history = history_path(experiment, recipe.name, search.name, settings.optimise.generations)
        searched = {"optimisation": {"search": vars(search), "history": str(history)}}
        batch, work = _reserve(kept, str(history), settings.execution.retry)
    table = points.table.copy()
    table.insert(1, "batch", pd.Series(batch, index=table.index, dtype=str))
    notes = {
        "experiment": experiment,
        "model": settings.model,
        "recipe": recipe.name,
        "recipe_content": asdict(recipe),
        "measures": kept.measures,
        "measured_with": {"efel": measured.efel, "library_code": measured.library_code},
        "fixed": dict(points.fixed),
        "design": list(points.design),
        "required_sections": list(description.required_sections),
        "morphologies": pins,
        "timeout_s": settings.execution.timeout_s,
        "time_unit": description.time_unit,
        "columns": [
            asdict(column) for column in columns(points.swept, description, settings.features)
        ],
    }
    stored = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    return Plan(stored, notes | searched, tuple(sorted(work)), work)


def described(folder: Path, results: Path) -> Description:
    """What planning must know of a model; kept under `results` by the model's content."""
    return describe(folder, results / description_path(folder))


def description_path(folder: Path) -> Path:
    """Where that is kept, relative to the results."""
    library = digest_of_library("dendroflow.model", "dendroflow.plan.description")
    return Path("models", f"{folder.name}-{digest_of_model(folder)}-{library}.json")


def batch_name(experiment: str, recipe: str, point_ids: Iterable[str], attempt: int = 1) -> str:
    """Name of a batch: a hash of its experiment, its recipe and its points in any order.

    Parameters
    ----------
    attempt
        2, 3, ... where points are simulated again.
    """
    parts = [experiment, recipe, *sorted(point_ids)]
    if attempt > 1:
        parts.append(f"attempt {attempt}")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _assign(
    points: Points, description: Description, execution: Execution, kept: Kept, cores: int
) -> tuple[NDArray[np.object_], dict[str, float]]:
    """The batch of each point, and the work (s) of those that are still to be simulated."""
    simulated = kept.points(execution.retry)
    held = points.table[["point_id"]].join(simulated, on="point_id", how="left")
    batch = np.array(held["batch"], dtype=object)
    wanted = np.flatnonzero(held["batch"].isna())
    work: dict[str, float] = {}
    if len(wanted):
        # Points that are no longer asked for have told what a point of this model takes.
        mean = float(simulated["runtime_s"].mean())
        guess = first_guess(points, description) if math.isnan(mean) else mean
        seconds = expected_seconds(points, held["runtime_s"].to_numpy(dtype=float), guess)
        ids = points.table["point_id"].to_numpy()
        alone = description.runs_alone
        measured = not execution.keep_traces
        for group in cut(
            points, wanted, seconds, execution, runs_alone=alone, cores=cores, measured=measured
        ):
            names = (batch_name(*kept.of, ids[group], n) for n in count(1))
            name = next(name for name in names if not kept.outcomes(name).exists())
            work[name] = float(seconds[group].sum())
            batch[group] = name
    return batch, work


def _reserve(kept: Kept, history: str, retry: Iterable[str]) -> tuple[str, dict[str, float]]:
    """The batch of points that a search will find, and its work if it is not held."""
    for attempt in count(1):
        name = batch_name(*kept.of, [history], attempt)
        if not kept.outcomes(name).exists():
            # A point or two.
            return name, {name: 0.0}
        if kept.is_usable(name) and not kept.statuses(name).intersection(retry):
            return name, {}
    raise AssertionError("attempts do not end")


def _morphologies(points: Points) -> list[str]:
    table = points.table
    names = set(table["morphology"]) if "morphology" in table else {points.fixed["morphology"]}
    return sorted(name for name in names if name is not None)
