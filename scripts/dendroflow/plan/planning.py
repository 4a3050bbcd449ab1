"""Which points are held by existing batches, and how the rest is cut into new ones."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dendroflow.errors import StoreError
from dendroflow.model.description import Description, describe
from dendroflow.plan.code import digest_of_library, digest_of_model
from dendroflow.plan.labels import columns
from dendroflow.plan.names import check_names
from dendroflow.plan.points import requested_points
from dendroflow.plan.recipe import measures, simulation_recipe
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import Configuration
from dendroflow.stores.tables import read_notes, read_table, write_table

POINTS_AT_MOST = 20_000
# A batch of this many seconds is worth the start of its job, and little is lost with it.
SECONDS_PER_BATCH = 60.0
SECONDS_WORTH_SHARING = 6.0
# First guesses, until run times are recorded (s per point).
GUESS_ISOLATED, GUESS_MORPHOLOGY, GUESS_SHARED = 1.0, 0.3, 0.002

CLOCK = ("duration", "dt", "v_init", "celsius", "solver", "atol", "rtol", "sampling")


@dataclass(frozen=True)
class Plan:
    """What an experiment asks for and which batches provide it.

    Attributes
    ----------
    table
        a row per requested point: point_id, batch, and the swept paths.
    notes
        what a job must know besides: recipe, fixed values, limits.
    new
        names of the batches that are still to be simulated; empty if read from a file.
    """

    table: pd.DataFrame
    notes: Mapping[str, Any]
    new: tuple[str, ...] = ()

    @property
    def recipe(self) -> str:
        """Name of the code behind the simulations."""
        return str(self.notes["recipe"])

    @property
    def measures(self) -> str:
        """Name of the way in which features are extracted."""
        return str(self.notes["measures"])

    @property
    def batches(self) -> tuple[str, ...]:
        """All batches that hold a requested point, by name."""
        return tuple(sorted(self.table["batch"].unique()))

    @property
    def requested(self) -> int:
        """Number of requested points."""
        return len(self.table)

    @property
    def to_run(self) -> int:
        """Number of requested points that no existing batch holds."""
        return int(self.table["batch"].isin(self.new).sum())

    @property
    def digest(self) -> str:
        """Changes whenever the stored plan has to be written again."""
        state = hashlib.sha256(json.dumps(self.notes, sort_keys=True).encode())
        for column in ("point_id", "batch"):
            state.update("".join(self.table[column]).encode())
        return state.hexdigest()[:16]

    def of_batch(self, batch: str) -> pd.DataFrame:
        """The requested points of one batch.

        Raises
        ------
        StoreError
            If there are none.
        """
        rows = self.table[self.table["batch"] == batch]
        if rows.empty:
            raise StoreError(
                f"the plan of {self.notes['experiment']} holds no batch {batch}; "
                "plan anew with `snakemake --forcerun plan_points`"
            )
        return rows

    def morphologies(self, batch: str | None = None) -> tuple[str, ...]:
        """Names of the morphologies that the points need, or those of one batch."""
        table = self.table if batch is None else self.of_batch(batch)
        return _morphologies(table, self.notes["fixed"])

    def write(self, path: Path) -> None:
        """Store the plan as Parquet; the notes are in the metadata."""
        table = pa.Table.from_pandas(self.table, preserve_index=False)
        write_table(table, path, table.schema.remove_metadata(), self.notes)

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Read a stored plan."""
        return cls(read_table(path).to_pandas(), read_notes(path))


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
            name: configuration.morphologies[name].sha256 or ""
            for name in _morphologies(table, points.fixed)
        },
        "timeout_s": settings.execution.timeout_s,
        "columns": [
            asdict(column) for column in columns(points.swept, description, settings.features)
        ],
    }
    return Plan(table, notes, tuple(sorted(new)))


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


def _morphologies(table: pd.DataFrame, fixed: Mapping[str, Any]) -> tuple[str, ...]:
    names = set(table["morphology"]) if "morphology" in table else {fixed["morphology"]}
    return tuple(sorted(name for name in names if name is not None))


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
        number = max(math.ceil(points / POINTS_AT_MOST), math.ceil(work / SECONDS_PER_BATCH))
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
