"""From the columns of a plan to points: parameters, settings of the solver, seed, morphology."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from itertools import chain, repeat
from typing import Any

_PARAMETERS, _STIMULI = "parameters.", "stimuli."


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
    """One set of parameter values, ready to run; `stimuli` are their keys and values, by name.

    `protocol` is that of which it is a run, "" where there are none.
    """

    point_id: str
    parameters: Mapping[str, Any]
    settings: SolverSettings
    seed: int
    morphology: str | None
    stimuli: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    protocol: str = ""

    def with_value(self, path: str, value: Any) -> "Point":
        """The same with another value of a parameter, or of a number of a stimulus."""
        group, _, name = path.partition(".")
        if group == "parameters":
            return replace(self, parameters={**self.parameters, name: value})
        stimulus, _, key = name.partition(".")
        changed = {**self.stimuli[stimulus], key: value}
        return replace(self, stimuli={**self.stimuli, stimulus: changed})


def points_of(
    columns: Mapping[str, Sequence[Any]], fixed: Mapping[str, Any], protocol: str = ""
) -> list[Point]:
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

    def rows(group: str) -> tuple[list[str], Iterable[Any]]:
        paths = [path for path in {**fixed, **columns} if path.startswith(group)]
        values = zip(*map(column, paths), strict=True) if paths else repeat((), len(ids))
        return [path.removeprefix(group) for path in paths], values

    (names, values), (keys, currents) = rows(_PARAMETERS), rows(_STIMULI)
    settings = map(
        cache(SolverSettings),
        *(column(f"simulation.{key.name}") for key in fields(SolverSettings)),
    )
    seeds, morphologies = column("simulation.seed"), column("morphology")
    neighbours: dict[int, list[Point]] = {}
    for point_id, own, current, solver, seed, morphology in zip(
        ids, values, currents, settings, seeds, morphologies, strict=True
    ):
        parameters = dict(zip(names, own, strict=True))
        stimuli = _nested(keys, current) if keys else {}
        point = Point(point_id, parameters, solver, int(seed), morphology, stimuli, protocol)
        neighbours.setdefault(id(solver), []).append(point)
    return list(chain.from_iterable(neighbours.values()))


def _nested(keys: Sequence[str], values: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """`step.amplitude` -> value as step -> amplitude -> value."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in zip(keys, values, strict=True):
        name, _, part = key.partition(".")
        found.setdefault(name, {})[part] = value
    return found
