"""What jobs do, without Snakemake: `dendroflow.simulate` and `dendroflow.run`, for notebooks."""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from dendroflow import layout
from dendroflow.analysis.recordings import measure_recordings
from dendroflow.errors import ConfigurationError
from dendroflow.features.extract import extract
from dendroflow.kernel.lanes import GroupResult
from dendroflow.kernel.points import Point
from dendroflow.mechanisms import compile_mechanisms
from dendroflow.morphology.fetch import fetch
from dendroflow.morphology.importing import import_sections
from dendroflow.morphology.sections import save_sections
from dendroflow.plan.answers import run_levels
from dendroflow.plan.models import check_copy, copy_model, names_of
from dendroflow.plan.morphologies import names_of_morphology
from dendroflow.plan.planning import make_plan
from dendroflow.plan.stored import Plan
from dendroflow.runs.proof import run_all
from dendroflow.runs.results import outcome_table, trace_table
from dendroflow.runs.search import searching
from dendroflow.runs.workload import Workload, loaded
from dendroflow.settings.features import Features
from dendroflow.settings.project import Configuration, load, validated
from dendroflow.settings.sweep import Block, Row
from dendroflow.settings.targets import column_meant
from dendroflow.tables.gathering import joined
from dendroflow.tables.protocols import of_points
from dendroflow.tables.recordings import with_recorded
from dendroflow.tables.schemas import TRACES, VALUES_SUFFIX, checked, column_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Simulation:
    """What became of one point.

    Attributes
    ----------
    point_id, status, error
        as in the experiment's table.
    features
        column -> value; None where a feature does not exist.
    traces
        a row per signal and place, as in `tables.schemas.TRACES`.
    """

    point_id: str
    status: str
    error: str | None
    features: dict[str, Any]
    traces: pa.Table

    def trace(self, signal: str, location: str | None = None) -> tuple[Array, Array]:
        """Times (ms) and values of a recorded signal, or of one of its places.

        Under a protocol it is called `step1.soma_v`.

        Raises
        ------
        KeyError
            If it was not recorded.
        """
        for row in self.traces.to_pylist():
            if row["signal"] == column_meant(signal) and (
                location is None or row["location"] == location
            ):
                values, times = np.array(row["values"]), row["t"]
                if times is None:
                    times = row["t0"] + row["dt"] * np.arange(len(values))
                return np.asarray(times, dtype=float), values
        raise KeyError(signal if location is None else f"{signal} at {location}")


def simulate(
    experiment: str | Path,
    point: Mapping[str, Any] | None = None,
    *,
    results: str | Path = "results",
) -> Simulation:
    """Simulate one point of an experiment, as a job does, in a process of its own.

    Parameters
    ----------
    experiment
        its file, or its name if it lies in `config/experiments/`.
    point
        path -> value, such as `{"parameters.gnabar": 0.1, "simulation.celsius": 20}`; all else has
        the experiment's own value.
    results
        where mechanisms, morphologies and models are kept between calls.

    Examples
    --------
    >>> one = dendroflow.simulate("hh_temperature", {"simulation.celsius": 20.0})
    >>> times, potential = one.trace("v")
    """
    configuration, name = _configured(experiment)
    settings = configuration.experiments[name]
    values = dict(point or {"simulation.seed": settings.simulation.seed})
    changed = settings.model_copy(
        update={
            "sweep": (Block(list=(validated(Row, values, "simulate: point"),)),),
            "optimise": None,
            "figures": (),
        }
    )
    changed_too = configuration.model_copy(update={"experiments": {name: changed}})
    table, traces = _in_a_process(changed_too, name, Path(results), 1, True)
    (row,) = table.to_pylist()
    known = ("point_id", "status", "error")
    apart = {*known, "runtime_s", *map(column_of, values)}
    measured = {key: value for key, value in row.items() if key not in apart}
    return Simulation(**{key: row[key] for key in known}, features=measured, traces=traces)


def run(
    experiment: str | Path, *, cores: int | None = None, results: str | Path = "results"
) -> pd.DataFrame:
    """Simulate and measure all points of an experiment; nothing of it is stored.

    Parameters
    ----------
    experiment
        its file, or its name if it lies in `config/experiments/`.
    cores
        all by default.
    results
        where mechanisms, morphologies and models are kept between calls.

    Returns
    -------
    pandas.DataFrame
        a row per point: point_id, what is swept by its own name, features, status, error.
    """
    configuration, name = _configured(experiment)
    if configuration.experiments[name].optimise is not None:
        raise ConfigurationError(
            f"{configuration.experiment_file(name)}: optimises; use the command `dendroflow run`"
        )
    workers = cores or os.cpu_count() or 1
    table, _ = _in_a_process(configuration, name, Path(results), workers, False)
    lists = [name for name in table.column_names if name.endswith(VALUES_SUFFIX)]
    found: pd.DataFrame = table.drop_columns(["runtime_s", *lists]).to_pandas()
    return found


def _configured(experiment: str | Path) -> tuple[Configuration, str]:
    path = Path(experiment)
    if path.suffix != ".yaml":
        path = Path("config", "experiments", f"{experiment}.yaml")
    folder = path.parent.parent
    content = {"experiments": [path.stem]}
    return load(content, folder / "config.yaml", folder), path.stem


def _in_a_process(
    configuration: Configuration, name: str, results: Path, workers: int, keep: bool
) -> tuple[pa.Table, pa.Table]:
    """All points with what was measured, and traces if they are kept, from a process of its own.

    NEURON keeps what it has loaded, so that a second experiment could not be simulated in this one.
    """
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(_run, configuration, name, results, workers, keep).result()


def _run(
    configuration: Configuration, name: str, results: Path, workers: int, keep: bool
) -> tuple[pa.Table, pa.Table]:
    settings = configuration.experiments[name]
    plan = make_plan(configuration, name, results, workers, keep=True)
    asked, features, kept = settings.measured, [], [TRACES.empty_table()]
    with opened(configuration, plan, results, asked) as workload:
        timeout_s = settings.execution.timeout_s

        def simulate(points: Sequence[Point]) -> list[GroupResult]:
            return run_all(workload, points, workers=workers, timeout_s=timeout_s)[1]

        for result in run_levels(plan.table, plan.notes, simulate):
            traces = checked(trace_table(result), TRACES)
            features.append(extract(traces, outcome_table(result), asked))
            kept += [traces] if keep else []
    # All of them are here, whatever batch they would come into.
    here = pa.array([""] * len(plan.table), pa.string())
    rows = plan.table.drop_columns(["batch"]).append_column("batch", here)
    notes = dict(plan.notes)
    if settings.recorded:
        measured = measure_recordings(configuration.folder, settings, configuration.recordings)
        notes["targets"] = with_recorded(notes["targets"], measured[2])
    table, lists, ran = joined(rows, {"": pa.concat_tables(features)}, notes)
    for column, values in lists.items():
        table = table.append_column(column, values)
    return table.drop_columns(["batch"]), of_points(pa.concat_tables(kept), ran)


def opened(
    configuration: Configuration, plan: Plan, results: Path, asked: Mapping[str, Features]
) -> AbstractContextManager[Workload]:
    """What a plan needs to be simulated, made where it is not there yet."""
    copy = layout.MODEL_COPY.below(results, model_copy=plan.notes["model_copy"])
    folder = configuration.folder / "models" / plan.notes["model"]
    if not copy.exists():
        copy_model(folder, copy.parent, plan.notes["model_copy"])
    check_copy(copy.parent)
    coreneuron = plan.notes["simulation_content"]["engine"] != "neuron"
    build = names_of(folder).build("coreneuron" if coreneuron else "neuron")
    libraries = []
    if build is not None:
        pattern = layout.MECHANISMS_FOR_CORENEURON if coreneuron else layout.MECHANISMS
        libraries = [pattern.below(results, build=build)]
        if not libraries[0].exists():
            patterns = (layout.CORENEURON, layout.LOOPS)
            made = tuple(pattern.below(results, build=build) for pattern in patterns)
            beside = (made[0], made[1]) if coreneuron else None
            compile_mechanisms(copy.parent, libraries[0], beside, origin=folder)
    sections = {name: _imported(configuration, name, results) for name in plan.morphologies()}
    searches = searching(asked, plan.notes["protocols"])
    return loaded(
        results, plan.notes, (copy.parent, folder), libraries, sections, searches=searches
    )


def _imported(configuration: Configuration, name: str, results: Path) -> Path:
    """The sections of a morphology."""
    values = names_of_morphology(configuration, name)
    sections = layout.SECTIONS.below(results, **values)
    if not sections.exists():
        file = layout.MORPHOLOGY.below(results, **values)
        if not file.exists():
            fetch(
                name,
                configuration.morphologies[name],
                file,
                layout.METADATA.below(results, **values),
                neuromorpho=configuration.project.neuromorpho,
                root=configuration.folder,
            )
        save_sections(import_sections(file), sections)
    return sections
