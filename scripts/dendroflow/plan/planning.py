"""Which points are held by existing batches, and how the rest is cut into new ones."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from dendroflow.model.description import Description, describe
from dendroflow.plan.code import digest_of_library, digest_of_model
from dendroflow.plan.labels import columns
from dendroflow.plan.names import check_names
from dendroflow.plan.points import Points, requested_points
from dendroflow.plan.recipe import measures, simulation_recipe
from dendroflow.plan.stored import Plan
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import Configuration
from dendroflow.stores.tables import read_table

POINTS_AT_MOST = 20_000
SECONDS_WORTH_SHARING = 6.0
# First guesses, until run times are recorded (s per point).
GUESS_ISOLATED, GUESS_MORPHOLOGY, GUESS_SHARED = 1.0, 0.3, 0.002

CLOCK = ("duration", "dt", "v_init", "celsius", "solver", "atol", "rtol", "sampling")


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
    points = requested_points(configuration, experiment, description)
    check_names(configuration, experiment, description, points.swept)
    measured = measures(settings.features)
    keeping = settings.execution.keep_traces
    recipe = simulation_recipe(
        configuration.model_folder(experiment),
        settings.plausible,
        None if keeping else measured.name,
    )
    kept = Kept(results / experiment / recipe.name, measured.name if keeping else "")
    held, seconds = _held(kept, settings.execution.retry)
    batch = points.table["point_id"].map(held).astype(object)
    missing = batch.isna()
    new: list[str] = []
    if missing.any():
        wanted = points.table[missing]
        guess = _guess(description)
        groups = _cut(wanted, description, settings, seconds or guess, cores)
        for group in groups:
            ids = wanted["point_id"].to_numpy()[group]
            names = (batch_name(experiment, recipe.name, ids, n) for n in count(1))
            name = next(name for name in names if not kept.outcomes(name).exists())
            new.append(name)
            batch.loc[wanted.index[group]] = name
    table = points.table.copy()
    table.insert(1, "batch", batch.astype(str))
    notes = {
        "experiment": experiment,
        "model": settings.model,
        "recipe": recipe.name,
        "recipe_content": asdict(recipe),
        "measures": kept.measures,
        "measured_with": {"efel": measured.efel, "library_code": measured.library_code},
        "fixed": dict(points.fixed),
        "required_sections": list(description.required_sections),
        "morphologies": {
            name: configuration.morphologies[name].sha256 or "" for name in _morphologies(points)
        },
        "timeout_s": settings.execution.timeout_s,
        "columns": [
            asdict(column) for column in columns(points.swept, description, settings.features)
        ],
    }
    stored = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    return Plan(stored, notes, tuple(sorted(new)))


def described(folder: Path, results: Path) -> Description:
    """What planning must know of a model; kept under `results` by the model's content."""
    library = digest_of_library("dendroflow.model", "dendroflow.model.description")
    name = f"{folder.name}-{digest_of_model(folder)}-{library}.json"
    return describe(folder, results / "models" / name)


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


def _morphologies(points: Points) -> list[str]:
    table = points.table
    names = set(table["morphology"]) if "morphology" in table else {points.fixed["morphology"]}
    return sorted(name for name in names if name is not None)


@dataclass(frozen=True)
class Kept:
    """Where the batches of one recipe are kept.

    `measures` is empty where features are extracted on the spot, as the recipe says.
    """

    folder: Path
    measures: str

    def outcomes(self, batch: str) -> Path:
        """File of the outcomes of a batch."""
        return self.folder / "outcomes" / f"{batch}.parquet"

    def is_usable(self, batch: str) -> bool:
        """Whether its features are there, or can be extracted without simulating it again."""
        file = f"{batch}.parquet"
        return (self.folder / "features" / self.measures / file).exists() or (
            self.folder / "traces" / file
        ).exists()


def _held(kept: Kept, retry: Iterable[str]) -> tuple[dict[str, str], float | None]:
    """point_id -> batch of what is simulated already, and the mean seconds of a point."""
    sound: dict[str, str] = {}
    unsound: dict[str, str] = {}
    seconds: list[np.ndarray] = []
    again = set(retry)
    for path in sorted(kept.folder.glob("outcomes/[0-9a-f]*.parquet"), reverse=True):
        if not kept.is_usable(path.stem):
            continue
        outcomes = read_table(path, columns=["point_id", "status", "runtime_s"])
        ids = outcomes.column("point_id").to_pylist()
        for point_id, status in zip(ids, outcomes.column("status").to_pylist(), strict=True):
            if status == "ok":
                sound[point_id] = path.stem
            elif status not in again:
                unsound[point_id] = path.stem
        seconds.append(outcomes.column("runtime_s").drop_null().to_numpy())
    times = np.concatenate(seconds) if seconds else np.empty(0)
    return unsound | sound, float(times.mean()) if len(times) else None


def _guess(description: Description) -> float:
    if description.isolated:
        return GUESS_ISOLATED
    return GUESS_MORPHOLOGY if description.needs_morphology else GUESS_SHARED


def _cut(
    wanted: pd.DataFrame,
    description: Description,
    settings: Experiment,
    seconds: float,
    cores: int,
) -> list[np.ndarray]:
    """Positions of the points of each new batch."""
    points = len(wanted)
    size = settings.execution.batch_size
    if size is not None:
        number = math.ceil(points / size)
    else:
        work = points * seconds
        target = settings.execution.seconds_per_batch
        number = max(math.ceil(points / POINTS_AT_MOST), math.ceil(work / target))
        if work > SECONDS_WORTH_SHARING:
            number = math.ceil(number / cores) * cores
    number = min(number, points)
    order = np.arange(points)
    if description.isolated:
        # Neighbours in a design cost alike, so deal them out.
        return [order[start::number] for start in range(number)]
    clock = [f"simulation.{name}" for name in CLOCK if f"simulation.{name}" in wanted]
    if clock:
        # Lanes share a clock: keep together what can be advanced together.
        frame = wanted[clock].reset_index(drop=True)
        order = frame.sort_values(clock, kind="stable").index.to_numpy()
    return [part for part in np.array_split(order, number) if len(part)]
