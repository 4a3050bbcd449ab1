"""The runs of an experiment: each of its points under each of its protocols.

Without protocols a point is its own run. A run is named by all that decides its samples, as a point
is: a search by how it searches, and what follows from it by the name of the run that searches.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dendroflow.design import point_ids
from dendroflow.errors import ConfigurationError
from dendroflow.plan.code import code_digest
from dendroflow.plan.codes import FeatureContent
from dendroflow.plan.cutting import CLOCK, SIMULATIONS
from dendroflow.plan.description import Description
from dendroflow.plan.names import check_simulated
from dendroflow.plan.points import Points, check_value, completed, identity
from dendroflow.settings.base import demand, naming
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import Configuration
from dendroflow.settings.protocols import Search


@dataclass(frozen=True)
class Runs:
    """What is to be simulated of some points.

    Attributes
    ----------
    table
        a row per run: point_id and the swept paths; with protocols also protocol, run_id, and in
        `needs` the runs whose searches it needs.
    costs
        their clock and morphology, a row per row of `table`, by the names of the runs.
    fixed
        path -> value of all that is not swept.
    protocols
        name -> what a job has to know of it.
    """

    table: pd.DataFrame
    costs: Points
    fixed: Mapping[str, Any]
    protocols: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def level(self) -> NDArray[np.intp]:
        """How many searches come before each run, one after the other; a row per run."""
        if not self.protocols:
            return np.zeros(len(self.table), dtype=np.intp)
        levels = {name: said["level"] for name, said in self.protocols.items()}
        return self.table["protocol"].map(levels).to_numpy(dtype=np.intp)

    def of_others(self, points: Points) -> "Runs":
        """Those of points that are not known yet: without names, and without what they need."""
        if not self.protocols:
            return replace(self, table=points.table)
        nothing: list[Any] = [[] for _ in range(len(points.table))]
        parts = [
            points.table.assign(protocol=name, run_id="", needs=nothing) for name in self.protocols
        ]
        return replace(self, table=pd.concat(parts, ignore_index=True)[self.columns(points)])

    @staticmethod
    def columns(points: Points) -> list[str]:
        """Of a table of runs under protocols."""
        return ["point_id", "protocol", "run_id", "needs", *points.swept]

    @property
    def ids(self) -> NDArray[np.object_]:
        """The name of each run; several points may have one."""
        return self.costs.table["point_id"].to_numpy()


def runs_of(
    configuration: Configuration, experiment: str, description: Description, points: Points
) -> Runs:
    """The runs of some points.

    Parameters
    ----------
    description
        of the model, without what the experiment records.

    Raises
    ------
    ConfigurationError
        If a protocol asks for what does not exist.
    """
    settings = configuration.experiments[experiment]
    if not settings.protocols:
        return Runs(points.table, points, points.fixed)
    found: dict[str, _Protocol] = {}
    for level, names in enumerate(settings.levels):
        for name in names:
            with naming(configuration.experiment_file(experiment)), naming(f"protocols: {name}"):
                of = (experiment, name)
                found[name] = _protocol(configuration, of, description, points, found)
                found[name].notes["level"] = level
    for path in points.swept:
        if not any(path in own.notes["swept"] for own in found.values()):
            raise ConfigurationError(
                f"{configuration.experiment_file(experiment)}: {path}: sweeping it changes "
                "nothing, since every protocol removes it or says it itself"
            )
    swept = points.table[points.swept]
    parts, costs = [], []
    for name in settings.protocols:
        own = found[name]
        needs = [found[needed].ids for needed in own.notes["needs"]]
        rows = pd.DataFrame({"point_id": points.table["point_id"], "protocol": name})
        rows["run_id"] = own.ids
        rows["needs"] = [list(each) for each in zip(*needs, strict=True)] or [[]] * len(rows)
        parts.append(pd.concat([rows, swept], axis=1))
        costs.append(own.costs)
    return Runs(
        pd.concat(parts, ignore_index=True),
        Points(pd.concat(costs, ignore_index=True), {}),
        points.fixed,
        {name: found[name].notes for name in settings.protocols},
    )


@dataclass(frozen=True)
class _Protocol:
    """The runs of one protocol, and what a job has to know of it."""

    ids: NDArray[np.object_]
    costs: pd.DataFrame
    notes: dict[str, Any]


def _protocol(
    configuration: Configuration,
    of: tuple[str, str],
    description: Description,
    points: Points,
    before: Mapping[str, _Protocol],
) -> _Protocol:
    experiment, name = of
    settings = configuration.experiments[experiment]
    own, protocol = settings.under(name), settings.protocols[name]
    under = configuration.model_copy(
        update={"experiments": {**configuration.experiments, experiment: own}}
    )
    formulas, search = settings.formulas(name), protocol.search
    fixed_here = {*formulas, *([search.path] if search else []), *_said_by(protocol)}
    swept = [
        path
        for path in points.swept
        if path not in fixed_here and not _is_removed(path, own, settings)
    ]
    described = description.with_recordings(own.record)
    table, fixed = completed(under, experiment, described, points.table[swept], "sweep")
    costed = Points(table.assign(point_id=""), fixed)
    check_simulated(under, experiment, described, costed)
    extra: dict[str, Any] = {"protocol": name}
    if search is not None:
        with naming("search"):
            _check_search(search, own, described)
        measured = FeatureContent({name: own.features.only(search.condition.names).dumped})
        extra |= {
            "search": json.dumps(search.model_dump(mode="json"), sort_keys=True),
            "search features": measured.code,
            "search code": code_digest("runs/search.py"),
        }
    if not settings.execution.keep_traces:
        extra["features"] = FeatureContent({name: own.features.dumped}).code
    needs = sorted(settings.needs(name))
    for needed in needs:
        table = table.assign(**{f"found {needed}": before[needed].ids})
    varied = {*formulas, *([search.path] if search else [])}
    identified, common = identity(table, fixed, configuration)
    common = {path: value for path, value in common.items() if path not in varied}
    ids = point_ids(identified, common | formulas | extra)
    paths = [f"simulation.{key}" for key in CLOCK]
    costs = pd.DataFrame({"point_id": ids})
    for path in (*paths, "morphology"):
        costs[path] = costed.column(path).to_numpy()
    costs[SIMULATIONS] = search.simulations if search else 1
    return _Protocol(
        ids,
        costs,
        {
            "fixed": fixed,
            "swept": swept,
            "formulas": formulas,
            "needs": needs,
            "search": search and search.model_dump(mode="json"),
            "features": list(own.features.columns),
            "values": list(own.features.kept_values),
            "found": {
                column: "found" if search and column == search.column else column
                for column in settings.found(name)
            },
        },
    )


def _said_by(protocol: Any) -> set[str]:
    """Paths of what a protocol says itself."""
    said = {f"simulation.{key}" for key in protocol.simulation}
    said |= {"simulation.duration"} if protocol.duration is not None else set()
    for name, keys in protocol.stimuli.items():
        said |= {f"stimuli.{name}.{key}" for key in keys or ()}
    return said


def _is_removed(path: str, own: Experiment, base: Experiment) -> bool:
    """Whether a swept path is of a stimulus that the protocol does without, or replaces."""
    if not path.startswith("stimuli."):
        return False
    _, name, key = path.split(".")
    stimulus = own.stimuli.get(name)
    return stimulus is None or not hasattr(stimulus, key) or key not in stimulus.values


def _check_search(search: Search, own: Experiment, description: Description) -> None:
    for needed in sorted(search.condition.names):
        demand(needed, own.features.columns, "such_that: not measured under this protocol: ")
    group, _, name = search.path.partition(".")
    if group == "parameters":
        demand(name, description.parameters, f"model {own.model} has no parameter ")
    for value in (*search.range, search.end):
        with naming(f"{search.path} = {value:g}"):
            checked = check_value(search.path, description, own, value)
        if not isinstance(checked, float):
            raise ConfigurationError(f"{search.path}: takes no arbitrary number; search another")
