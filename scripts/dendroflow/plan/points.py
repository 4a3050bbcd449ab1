"""The points of an experiment: every value that a model or NEURON's clock takes, checked."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from dendroflow.design import Blocks, distinct, expand, fill_missing, point_ids
from dendroflow.errors import ConfigurationError
from dendroflow.plan.description import Description, Parameter
from dendroflow.plan.names import nearest
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import Configuration, first_problem
from dendroflow.settings.simulation import Simulation

BOUNDS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "minimum": ("at least", operator.ge),
    "exclusiveMinimum": ("above", operator.gt),
    "maximum": ("at most", operator.le),
    "exclusiveMaximum": ("below", operator.lt),
}


@dataclass(frozen=True)
class Points:
    """The requested points.

    Attributes
    ----------
    table
        `point_id` and one column per swept path, a row per point in the order of the design.
    fixed
        path -> value of all that is not swept.
    design
        which points the rows of sampled blocks are, as `dendroflow.design.distinct` says it.
    """

    table: pd.DataFrame
    fixed: Mapping[str, Any]
    design: Sequence[Mapping[str, Any]] = ()

    @property
    def swept(self) -> list[str]:
        """Swept paths, in the order of the design."""
        return [str(column) for column in self.table.columns if column != "point_id"]

    def column(self, path: str) -> "pd.Series[Any]":
        """The values of a path, swept or not; a row per point."""
        if path in self.table:
            return self.table[path]
        return pd.Series([self.fixed[path]] * len(self.table), index=self.table.index)


def requested_points(
    configuration: Configuration, experiment: str, description: Description
) -> Points:
    """Expand an experiment's sweep, complete it with fixed values, and check every value.

    Raises
    ------
    ConfigurationError
        For a name that the model does not have, a value outside its bounds, a morphology that
        the catalogue does not hold, a sweep without points, or two points that are equal.
    """
    settings = configuration.experiments[experiment]
    source = configuration.experiment_file(experiment)
    with _naming(source):
        table, blocks = expand(settings.sweep or (), source.parent, configuration.folder)
    return identified_points(configuration, experiment, description, table, "sweep", blocks=blocks)


def identified_points(
    configuration: Configuration,
    experiment: str,
    description: Description,
    table: pd.DataFrame,
    key: str,
    *,
    blocks: Blocks = (),
) -> Points:
    """Complete and check points, and name them by their values; see `requested_points`.

    Parameters
    ----------
    table
        a row per point, a column per path.
    key
        where the points come from, for messages.
    blocks
        those of the design, where rows are sampled.
    """
    settings = configuration.experiments[experiment]
    source = configuration.experiment_file(experiment)
    fixed = _fixed_values(settings, description, source)
    for path in table.columns:
        if path not in fixed:
            raise ConfigurationError(f"{source}: {key}: {_unknown(path, fixed, settings.model)}")
    # A block that does not sweep a path takes the experiment's own value.
    with _naming(source):
        table = fill_missing(table, fixed)
    for path in fixed:
        check = _checker(path, description, settings, source)
        if path in table:
            table[path] = _checked(table[path], check, _is_continuous(path, description))
        else:
            fixed[path] = check(fixed[path])
    _check_morphologies(table, fixed, configuration, experiment, description)
    if settings.engine == "coreneuron":
        _check_coreneuron(table, fixed, description, f"{source}: engine")
    ids = point_ids(*_identity(table, fixed, configuration))
    once, design = distinct(table, ids, blocks, f"{source}: {key}")
    for path in table.columns:
        fixed.pop(path)
    return Points(once, fixed, design)


@contextmanager
def _naming(source: Path) -> Iterator[None]:
    """Put the experiment's file before an error about its sweep."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"{source}: {error}") from error


def _fixed_values(settings: Experiment, description: Description, source: Path) -> dict[str, Any]:
    """Every path with the value that it has where it is not swept."""
    for name in settings.parameters:
        if name not in description.parameters:
            hint = nearest(name, description.parameters)
            raise ConfigurationError(
                f"{source}: parameters.{name}: model {settings.model} has no such parameter{hint}"
            )
    fixed = {
        f"parameters.{name}": settings.parameters.get(name, parameter.default)
        for name, parameter in description.parameters.items()
    }
    fixed |= {f"simulation.{name}": value for name, value in settings.simulation}
    fixed["morphology"] = settings.morphology
    return fixed


def _unknown(path: str, fixed: Mapping[str, Any], model: str) -> str:
    group, _, name = path.partition(".")
    names = [known.partition(".")[2] for known in fixed if known.startswith(f"{group}.")]
    what = f"model {model} has no parameter" if group == "parameters" else "there is no setting"
    return f"{path}: {what} {name!r}{nearest(name, names)}"


def _checker(
    path: str, description: Description, settings: Experiment, source: Path
) -> Callable[[Any], Any]:
    """What checks a value of `path` and converts it to its type."""
    group, _, name = path.partition(".")
    where = f"{source}: {path}"
    if group == "parameters":
        parameter = description.parameters[name]
        return lambda value: _parameter_value(where, value, parameter)
    if group == "simulation":
        return lambda value: _simulation_value(where, name, value, settings.simulation)
    return lambda value: value


def _is_continuous(path: str, description: Description) -> bool:
    """Whether a path is a parameter that may be any number within bounds."""
    group, _, name = path.partition(".")
    schema = description.parameters[name].schema if group == "parameters" else {}
    return schema.get("type") == "number" and not {"enum", "const"} & schema.keys()


def _checked(
    values: "pd.Series[Any]", check: Callable[[Any], Any], continuous: bool
) -> "pd.Series[Any]":
    """Check and convert each distinct value."""
    if continuous and values.dtype == np.float64:
        # A million floats lie within bounds if the least and the largest do.
        with suppress(ConfigurationError):
            check(values.min())
            check(values.max())
            return values
    converted = {value: check(value) for value in values.drop_duplicates().tolist()}
    return values.map(converted)


def _parameter_value(where: str, value: Any, parameter: Parameter) -> Any:
    schema = parameter.schema
    if value is None:
        raise ConfigurationError(f"{where}: has no default; give it under parameters or sweep it")
    choice = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choice is not None:
        for option in choice:
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return option
        raise ConfigurationError(f"{where}: {value!r} is none of {choice}")
    converted = _of_type(where, value, schema.get("type"))
    unit = f" {parameter.unit}" if parameter.unit else ""
    for key, (words, holds) in BOUNDS.items():
        if key in schema and not holds(converted, schema[key]):
            raise ConfigurationError(f"{where}: {value!r} must be {words} {schema[key]:g}{unit}")
    return converted


def _of_type(where: str, value: Any, kind: str | None) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "number":
        if not number:
            raise ConfigurationError(f"{where}: {value!r} is not a number")
        return float(value)
    if kind == "integer":
        if not number or value != int(value):
            raise ConfigurationError(f"{where}: {value!r} is not a whole number")
        return int(value)
    expected = {"boolean": bool, "string": str}.get(kind or "")
    if expected is not None and not isinstance(value, expected):
        raise ConfigurationError(f"{where}: {value!r} is not a {kind}")
    return value


def _simulation_value(where: str, name: str, value: Any, simulation: Simulation) -> Any:
    try:
        changed = Simulation.model_validate(simulation.model_dump() | {name: value})
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {first_problem(error)}") from error
    return getattr(changed, name)


def _check_morphologies(
    table: pd.DataFrame,
    fixed: Mapping[str, Any],
    configuration: Configuration,
    experiment: str,
    description: Description,
) -> None:
    settings = configuration.experiments[experiment]
    source = configuration.experiment_file(experiment)
    names = set(table["morphology"]) if "morphology" in table else {fixed["morphology"]}
    if not description.needs_morphology:
        if names != {None}:
            raise ConfigurationError(
                f"{source}: morphology: model {settings.model} takes none; remove the key"
            )
        return
    catalogue = configuration.folder / "morphologies.yaml"
    for name in names:
        if name is None:
            raise ConfigurationError(
                f"{source}: morphology: model {settings.model} needs one of those in {catalogue}"
            )
        if name not in configuration.morphologies:
            hint = nearest(str(name), configuration.morphologies)
            raise ConfigurationError(f"{source}: morphology: {name!r} is not in {catalogue}{hint}")


def _check_coreneuron(
    table: pd.DataFrame, fixed: Mapping[str, Any], description: Description, where: str
) -> None:
    """Refuse what CoreNEURON cannot advance."""
    if description.runs_alone or description.builds_rxd:
        raise ConfigurationError(
            f'{where}: CoreNEURON runs no rxd, and no models with `process = "alone"`; use neuron'
        )
    solvers = table.get("simulation.solver", pd.Series([fixed["simulation.solver"]]))
    if (solvers == "cvode").any():
        raise ConfigurationError(f"{where}: CoreNEURON has no cvode; choose another solver")
    samplings = table.get("simulation.sampling", pd.Series([fixed["simulation.sampling"]]))
    steps = table.get("simulation.dt", pd.Series([fixed["simulation.dt"]]))
    for sampling in samplings.dropna().unique():
        for dt in steps.unique():
            if abs(sampling / dt - round(sampling / dt)) > 1e-9:
                raise ConfigurationError(
                    f"{where}: CoreNEURON records at its steps, and sampling {sampling:g} ms is no "
                    f"multiple of dt {dt:g} ms"
                )


def _identity(
    table: pd.DataFrame, fixed: Mapping[str, Any], configuration: Configuration
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """All values of all points, swept or common; a morphology counts by its content, not its name.

    What is not set has no value to hash; a value of its own would collide with a real one.
    """
    pins = {
        name: source.sha256 or f"unpinned {name}"
        for name, source in configuration.morphologies.items()
    }

    def content(name: Any) -> str:
        return pins.get(name, "none")

    swept, common = table, {path: value for path, value in fixed.items() if path not in table}
    if "morphology" in table:
        swept = table.assign(morphology=table["morphology"].map(content))
    else:
        common["morphology"] = content(common["morphology"])
    common = {path: value for path, value in common.items() if value is not None}
    return swept[[path for path in swept if swept[path].notna().all()]], common
