"""From the runs of a plan to what is simulated, with the numbers that follow from searches."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from dendroflow.kernel.lanes import GroupResult, Outcome
from dendroflow.kernel.points import Point, points_of
from dendroflow.settings.expressions import Expression
from dendroflow.settings.problems import first_problem
from dendroflow.settings.protocols import Search
from dendroflow.settings.stimuli import AnyStimulus
from dendroflow.tables.schemas import UNANSWERED, column_under

_STIMULUS: TypeAdapter[Any] = TypeAdapter(AnyStimulus)


def points_to_run(
    rows: pa.Table,
    fixed: Mapping[str, Any],
    protocols: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, Outcome],
) -> tuple[list[Point], list[Outcome]]:
    """What is to be simulated of some runs, and outcomes of those that cannot be.

    Parameters
    ----------
    rows
        of the plan's table.
    fixed, protocols
        as in `Runs`.
    found
        run_id -> outcome of each search that they need.
    """
    rows = rows.drop_columns([name for name in ("batch",) if name in rows.column_names])
    if not protocols:
        return points_of(rows.to_pydict(), fixed), []
    first = rows.append_column("row", pa.array(range(rows.num_rows)))
    first = first.group_by("run_id", use_threads=False).aggregate([("row", "min")])
    table = rows.take(first["row_min"])
    to_run: list[Point] = []
    refused: list[Outcome] = []
    for name, said in protocols.items():
        own = table.filter(pc.equal(table["protocol"], name))
        if not own.num_rows:
            continue
        ids = own["run_id"].to_pylist()
        columns = {"point_id": ids} | {path: own[path].to_pylist() for path in said["swept"]}
        points = points_of(columns, said["fixed"], protocol=name)
        needs = dict(zip(ids, own["needs"].to_pylist(), strict=True))
        for point in points:
            answers = {
                needed: found[run]
                for needed, run in zip(said["needs"], needs[point.point_id], strict=True)
            }
            try:
                to_run.append(_filled_in(point, said["formulas"], answers, protocols))
            except _NotRunError as error:
                refused.append(Outcome(point.point_id, error.status, str(error), None, None, name))
    # Those of equal settings become neighbours.
    order = {settings: k for k, settings in enumerate(dict.fromkeys(p.settings for p in to_run))}
    return sorted(to_run, key=lambda point: order[point.settings]), refused


class _NotRunError(Exception):
    def __init__(self, text: str, status: str = UNANSWERED[1]) -> None:
        super().__init__(text)
        self.status = status


def _filled_in(
    point: Point,
    formulas: Mapping[str, str],
    answers: Mapping[str, Outcome],
    protocols: Mapping[str, Mapping[str, Any]],
) -> Point:
    """The point with the numbers that follow from searches."""
    values: dict[str, NDArray[np.float64]] = {}
    for needed, outcome in answers.items():
        search = json.loads(outcome.search or "{}")
        if search.get("found") is None or outcome.status != "ok":
            raise _NotRunError(f"{needed}: {outcome.error or outcome.status}")
        settings = Search(**protocols[needed]["search"])
        if settings.kind != "value" and settings.column == "amplitude" and search["found"] <= 0:
            raise _NotRunError(
                f"{needed}: {search['found']:g} nA is not above 0, so nothing is relative to it"
            )
        for column in ("found", "low", "high", "changes", "holding", "total"):
            name = settings.column if column == "found" else column
            value = np.nan if search[column] is None else search[column]
            values[column_under(needed, name)] = np.array(float(value))
    for path, formula in formulas.items():
        value = float(Expression(formula)(values))
        name = path.split(".")[1]
        if not np.isfinite(value):
            raise _NotRunError(f"{path}: {formula} does not exist")
        point = point.with_value(path, value)
        try:
            _STIMULUS.validate_python(point.stimuli[name])
        except ValidationError as error:
            raise _NotRunError(f"{path}: {formula}: {first_problem(error)}", "failed") from None
    return point


def run_levels(
    rows: pa.Table,
    notes: Mapping[str, Any],
    simulate: Callable[[Sequence[Point]], list[GroupResult]],
) -> Iterator[GroupResult]:
    """Simulate runs, first those that need no search.

    Parameters
    ----------
    rows
        of a plan's table.
    notes
        of the plan: `fixed` and `protocols`.
    simulate
        returns the results of points.
    """
    protocols: Mapping[str, Mapping[str, Any]] = notes["protocols"]
    found: dict[str, Outcome] = {}
    if not protocols:
        yield from simulate(points_to_run(rows, notes["fixed"], {}, {})[0])
        return
    for level in sorted({said["level"] for said in protocols.values()}):
        names = [name for name, said in protocols.items() if said["level"] == level]
        own = rows.filter(pc.is_in(rows["protocol"], pa.array(names, rows["protocol"].type)))
        points, refused = points_to_run(own, notes["fixed"], protocols, found)
        results = simulate(points) if points else []
        results += [GroupResult(tuple(refused), {})] * bool(refused)
        found |= {one.point_id: one for result in results for one in result.outcomes}
        yield from results


def searches_of(tables: Sequence[pa.Table]) -> dict[str, Outcome]:
    """run_id -> outcome, from tables of outcomes."""
    rows = (row for table in tables for row in table.to_pylist())
    return {row["point_id"]: Outcome(**row) for row in rows}
