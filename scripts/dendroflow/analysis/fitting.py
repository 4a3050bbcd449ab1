"""From an experiment that optimises to the history of its search."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from dendroflow.analysis.search import SCORE, Goals, Measure, ModelEvaluator, search
from dendroflow.errors import ConfigurationError
from dendroflow.kernel.lanes import GroupResult
from dendroflow.kernel.points import Point
from dendroflow.plan.answers import run_levels
from dendroflow.plan.description import Description
from dendroflow.plan.optimisation import KEY
from dendroflow.plan.points import identified_points
from dendroflow.plan.runs import runs_of
from dendroflow.runs.batch import features_of
from dendroflow.runs.proof import run_all
from dendroflow.runs.workload import Workload
from dendroflow.settings.optimise import BEST, INDIVIDUAL, REFERENCE, Optimise
from dendroflow.settings.project import Configuration
from dendroflow.settings.targets import Target
from dendroflow.tables.gathering import joined
from dendroflow.tables.schemas import column_of
from dendroflow.tables.sharing import Verdict
from dendroflow.tables.tables import read_table, write_table


class Checkpoints:
    """A folder with a table per generation; generation 0 is the reference.

    They are all that a search needs to go on: it takes the same course again from its first
    generation, and what is kept is not simulated twice.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, generation: int) -> Path:
        return self.folder / f"generation-{generation:06d}.parquet"

    def keep(self, generation: int, points: pd.DataFrame) -> None:
        """Store the points of a generation, unless they are there."""
        if not self._path(generation).exists():
            store(points, self._path(generation), {})

    def of(self, generation: int) -> pd.DataFrame | None:
        """The points of one generation; None if they are not kept."""
        path = self._path(generation)
        return read_table(path).to_pandas() if path.exists() else None

    def read(self) -> pd.DataFrame | None:
        """All points that are kept; None if there are none.

        Raises
        ------
        StoreError
            If a table is damaged.
        """
        paths = sorted(self.folder.glob("generation-*.parquet"))
        tables = [read_table(path).to_pandas() for path in paths]
        return pd.concat(tables, ignore_index=True) if tables else None


def store(points: pd.DataFrame, path: Path, notes: Mapping[str, Any]) -> None:
    """Write a table whose texts are texts even where all of them are null."""
    texts = {"error": pa.string(), "status": pa.string(), "point_id": pa.string()}
    columns = {
        str(name): pa.array(column, texts.get(str(name)), from_pandas=True)
        for name, column in points.items()
    }
    table = pa.table(columns)
    write_table(table, path, table.schema, notes)


def measuring(
    configuration: Configuration,
    experiment: str,
    description: Description,
    workload: Workload,
    workers: int,
) -> Measure:
    """What simulates and measures points as a batch of a sweep does, on all workers at once.

    Parameters
    ----------
    configuration
        whose experiment has what is fitted alone.
    description
        of the model, without what the experiment records.
    workload
        with the function that measures.
    """
    settings = configuration.experiments[experiment]
    timeout_s = settings.execution.timeout_s
    derived = {name: one.expression for name, one in settings.derived.items()}
    known: Verdict | None = None

    def measure(values: pd.DataFrame) -> pd.DataFrame:
        nonlocal known
        points = identified_points(configuration, experiment, description, values, KEY)
        runs = runs_of(configuration, experiment, description, points)
        notes = {"fixed": points.fixed, "protocols": runs.protocols, "derived": derived}

        def simulate(these: Sequence[Point]) -> list[GroupResult]:
            nonlocal known
            known, results = run_all(
                workload, these, workers=workers, timeout_s=timeout_s, known=known
            )
            return results

        rows = pa.Table.from_pandas(runs.table.assign(batch=""), preserve_index=False)
        results = run_levels(rows, notes, simulate)
        found = pa.concat_tables([features_of(result, workload) for result in results])
        table: pd.DataFrame = joined(rows, {"": found}, notes)[0].to_pandas()
        return table.drop(columns=["runtime_s", "batch", *map(column_of, points.swept)])

    return measure


def fit(
    configuration: Configuration,
    experiment: str,
    measure: Measure,
    history: Path,
    notes: Mapping[str, Any],
    *,
    seed: int,
    description: Description,
    targets: Mapping[str, Target],
    check: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Search, or go on with a search that was interrupted or shall take more generations.

    Parameters
    ----------
    history
        receives all individuals; checkpoints are kept beside it.
    notes
        kept in its metadata, together with the targets.
    seed
        of the search.
    description
        of the model, without what the experiment records.
    targets
        of the fit; those without a mean take it from the reference.
    check
        is called before the history is written, and raises if it must not be.

    Returns
    -------
    pandas.DataFrame
        what went into `history`.

    Raises
    ------
    ConfigurationError
        If the reference cannot be simulated, or lacks a feature.
    """
    settings = configuration.experiments[experiment].optimise
    assert settings is not None, "asked of experiments that optimise"
    checkpoints = Checkpoints(history.parent)
    where = f"{configuration.experiment_file(experiment)}: optimise"
    goals = goals_of(settings, targets, measure, checkpoints, where)
    evaluator = ModelEvaluator(settings.parameters, goals, measure, checkpoints.read())
    rows = search(settings, seed, evaluator, partial(_keep, checkpoints))
    check()
    store(
        rows,
        history,
        {
            **notes,
            "settings": settings.model_dump(mode="json") | {"seed": seed},
            "score": float(rows["score"].min()),
            "targets": {
                name: {"mean": mean, "sd": goals.sds[name]} for name, mean in goals.means.items()
            },
            "individuals": _rows_of(
                configuration,
                experiment,
                description,
                individuals(rows, checkpoints.of(0), settings),
            ),
        },
    )
    return rows


def individuals(
    history: pd.DataFrame, reference: pd.DataFrame | None, settings: Optimise
) -> dict[str, dict[str, float]]:
    """The points that the experiment stores: the first of the lowest score, and the reference.

    Returns
    -------
    dict
        individual -> value of each optimised path; the best alone if it is the reference.
    """
    columns = list(settings.parameters)
    best = history.iloc[int(history["score"].to_numpy().argmin())]
    found = {BEST: dict(best[columns])}
    if reference is not None and reference.iloc[0]["point_id"] != best["point_id"]:
        found = {REFERENCE: dict(reference.iloc[0][columns])} | found
    return found


def _rows_of(
    configuration: Configuration,
    experiment: str,
    description: Description,
    found: Mapping[str, Mapping[str, float]],
) -> list[dict[str, Any]]:
    """Rows of the plan of individuals, under all protocols."""
    values = pd.DataFrame([dict(values) for values in found.values()]).astype(float)
    points = identified_points(configuration, experiment, description, values, KEY)
    table = runs_of(configuration, experiment, description, points).table
    names = dict(zip(points.table["point_id"], found, strict=True))
    rows = table.to_dict("records")
    return [{INDIVIDUAL: names[row["point_id"]]} | {str(k): row[k] for k in row} for row in rows]


def _keep(checkpoints: Checkpoints, generation: int, rows: pd.DataFrame) -> None:
    scores = [name for name in map(str, rows) if name.endswith(SCORE)]
    checkpoints.keep(generation, rows.drop(columns=["generation", "score", *scores]))


def goals_of(
    settings: Optimise,
    targets: Mapping[str, Target],
    measure: Measure,
    checkpoints: Checkpoints,
    where: str,
) -> Goals:
    """The targets; those without a mean get that of the reference, which is simulated for it.

    Raises
    ------
    ConfigurationError
        If the reference cannot be simulated, or lacks a feature.
    """
    means = {name: target.mean for name, target in targets.items()}
    if settings.reference is not None:
        reference = checkpoints.of(0)
        if reference is None:
            values = pd.DataFrame([settings.reference])[list(settings.parameters)].astype(float)
            measured = measure(values)[["point_id", "status", "error", *targets]]
            reference = pd.concat([values, measured], axis=1)
        row = reference.iloc[0]
        if row["status"] != "ok":
            raise ConfigurationError(
                f"{where}.reference: its simulation is {row['status']}: {row['error']}"
            )
        checkpoints.keep(0, reference)
        for name in [name for name, mean in means.items() if mean is None]:
            if pd.isna(row[name]):
                raise ConfigurationError(
                    f"{where}: targets.{name}: the reference does not have this feature; "
                    "give a mean, or leave the target out"
                )
            means[name] = float(row[name])
    sds = {name: target.sd for name, target in targets.items() if target.sd is not None}
    return Goals({name: mean for name, mean in means.items() if mean is not None}, sds)
