"""From the columns of a plan to points: parameters, settings of the solver, seed, morphology."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain, repeat
from typing import Any

_PARAMETERS = "parameters."


@dataclass(frozen=True)
class SolverSettings:
    """NEURON's clock and globals; points of equal ones can be advanced together (ms, mV, °C)."""

    duration: float
    dt: float
    v_init: float
    celsius: float
    solver: str
    atol: float
    rtol: float
    sampling: float | None

    @property
    def variable_step(self) -> bool:
        """Whether CVODE chooses the steps."""
        return self.solver == "cvode"


@dataclass(frozen=True)
class Point:
    """One set of parameter values, ready to run."""

    point_id: str
    parameters: Mapping[str, Any]
    settings: SolverSettings
    seed: int
    morphology: str | None


def points_of(columns: Mapping[str, Sequence[Any]], fixed: Mapping[str, Any]) -> list[Point]:
    """Make points from the columns of a plan; those of equal settings become neighbours.

    Parameters
    ----------
    columns
        point_id and the swept paths; a value per point.
    fixed
        path -> value of all that is not swept.
    """
    ids = columns["point_id"]

    def column(path: str) -> Iterable[Any]:
        return columns[path] if path in columns else repeat(fixed[path], len(ids))

    names = [path for path in {**fixed, **columns} if path.startswith(_PARAMETERS)]
    values = zip(*map(column, names), strict=True) if names else repeat((), len(ids))
    names = [path.removeprefix(_PARAMETERS) for path in names]
    settings = map(
        cache(SolverSettings),
        *(column(f"simulation.{field.name}") for field in fields(SolverSettings)),
    )
    seeds, morphologies = column("simulation.seed"), column("morphology")
    neighbours: dict[int, list[Point]] = {}
    for point_id, own, solver, seed, morphology in zip(
        ids, values, settings, seeds, morphologies, strict=True
    ):
        parameters = dict(zip(names, own, strict=True))
        point = Point(point_id, parameters, solver, int(seed), morphology)
        neighbours.setdefault(id(solver), []).append(point)
    return list(chain.from_iterable(neighbours.values()))
