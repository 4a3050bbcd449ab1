"""The points of an experiment: every value that a model or NEURON's clock takes, checked."""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from dendroflow.design import Blocks, distinct, expand, fill_missing, point_ids
from dendroflow.errors import ConfigurationError
from dendroflow.plan.description import Description, Parameter
from dendroflow.plan.engine import is_whole
from dendroflow.settings.base import Settings, control_character, demand, naming, nearest, shown
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.problems import EXPECTED, first_problem, mismatch
from dendroflow.settings.project import Configuration
from dendroflow.settings.stimuli import Stimulus

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
    source = configuration.experiment_file(experiment)
    with naming(source):
        sweep = configuration.experiments[experiment].sweep
        stimuli = _stimuli(configuration.experiments[experiment])
        texts = {"morphology", "simulation.solver", *_paths_of("string", description)}
        texts |= {path for path, value in stimuli.items() if isinstance(value, str)}
        blocks: Blocks
        if sweep is None:
            table, blocks = pd.DataFrame(index=pd.RangeIndex(1)), []
        else:
            table, blocks = expand(sweep, source.parent, configuration.folder, texts)
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
    with naming(configuration.experiment_file(experiment)):
        table, fixed = completed(configuration, experiment, description, table, key)
        ids = point_ids(*identity(table, fixed, configuration))
        once, design = distinct(table, ids, blocks, key)
    return Points(once, fixed, design)


def completed(
    configuration: Configuration,
    experiment: str,
    description: Description,
    table: pd.DataFrame,
    key: str,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A table of swept values and a mapping of all others, each of its type and within bounds."""
    settings = configuration.experiments[experiment]
    fixed = _fixed_values(settings, description)
    _refuse_unknown(key, map(str, table.columns), fixed, settings.model)
    # A block that does not sweep a path takes the experiment's own value.
    table = fill_missing(table, fixed)
    continuous = continuous_parameters(description)
    continuous += [p for p, value in _stimuli(settings).items() if isinstance(value, float)]
    for path in fixed:
        with naming(path):
            check = partial(check_value, path, description, settings)
            if path not in table:
                fixed[path] = check(fixed[path])
            elif table[path].dtype == np.float64 and path in continuous:
                # A million floats lie within bounds if the least and the largest do.
                for value in (table[path].min(), table[path].max()):
                    check(float(value))
            else:
                values = table[path].drop_duplicates().tolist()
                table[path] = table[path].map({value: check(value) for value in values})
    _check_morphologies(_distinct("morphology", table, fixed), configuration, settings, description)
    if settings.engine == "coreneuron":
        _check_coreneuron(table, fixed, description)
    for path in table.columns:
        fixed.pop(path)
    return table, fixed


def _distinct(path: str, table: pd.DataFrame, fixed: Mapping[str, Any]) -> list[Any]:
    return table[path].drop_duplicates().tolist() if path in table else [fixed[path]]


def _fixed_values(settings: Experiment, description: Description) -> dict[str, Any]:
    """Every path with the value that it has where it is not swept."""
    fixed = {f"parameters.{name}": p.default for name, p in description.parameters.items()}
    own = {f"parameters.{name}": value for name, value in settings.parameters.items()}
    _refuse_unknown("parameters", own, fixed, settings.model)
    clock = {f"simulation.{name}": value for name, value in settings.simulation}
    return fixed | own | clock | _stimuli(settings) | {"morphology": settings.morphology}


def _stimuli(settings: Experiment) -> dict[str, Any]:
    """Path and value of everything that stimuli say."""
    return {
        f"stimuli.{name}.{key}": value
        for name, stimulus in settings.stimuli.items()
        for key, value in stimulus.values.items()
    }


def _refuse_unknown(key: str, paths: Iterable[str], fixed: Iterable[str], model: str) -> None:
    for path in paths:
        group, _, name = path.partition(".")
        names = [known.partition(".")[2] for known in fixed if known.startswith(f"{group}.")]
        parameters = group == "parameters"
        what = f"model {model} has no parameter " if parameters else "there is no setting "
        if path not in fixed:
            demand(name, names, f"{key}: {path}: {what}")


def check_value(path: str, description: Description, settings: Experiment, value: Any) -> Any:
    """A value of `path`, checked and converted to its type."""
    group, _, name = path.partition(".")
    if isinstance(value, str) and (problem := control_character(value)):
        raise ConfigurationError(problem)
    if group == "parameters":
        return _parameter_value(description.parameters[name], value)
    if group in ("simulation", "stimuli"):
        stimulus, _, key = name.rpartition(".")
        before: Settings = settings.stimuli[stimulus] if stimulus else settings.simulation
        try:
            written = before.written if isinstance(before, Stimulus) else before.model_dump()
            changed = type(before).model_validate(written | {key: value})
        except ValidationError as error:
            raise ConfigurationError(first_problem(error).removeprefix(f"{key}: ")) from error
        return getattr(changed, key)
    return value


def _parameter_value(parameter: Parameter, value: Any) -> Any:
    schema = parameter.schema
    if value is None:
        raise ConfigurationError("has no default; give it under parameters or sweep it")
    choice = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if choice is not None:
        for option in choice:
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return option
        hint = nearest(str(value), map(str, choice))
        raise ConfigurationError(f"{shown(value)} is none of the choices{hint}")
    kind = schema.get("type", "")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "number": number,
        "integer": number and value == int(value),
        "boolean": isinstance(value, bool),
        "string": isinstance(value, str),
    }
    if not fits.get(kind, True):
        raise ConfigurationError(mismatch(value, EXPECTED[kind]))
    unit = f" {parameter.unit}" if parameter.unit else ""
    for key, (words, holds) in BOUNDS.items():
        if key in schema and not holds(value, schema[key]):
            raise ConfigurationError(f"{value!r} must be {words} {schema[key]:g}{unit}")
    return {"number": float, "integer": int}.get(kind, type(value))(value)


def continuous_parameters(description: Description) -> list[str]:
    """The paths of parameters that may be any number within bounds."""
    return [
        path
        for path in _paths_of("number", description)
        if not {"enum", "const"} & description.parameters[path.partition(".")[2]].schema.keys()
    ]


def _paths_of(kind: str, description: Description) -> list[str]:
    """The paths of parameters whose values are of a type of JSON's."""
    return [
        f"parameters.{name}"
        for name, parameter in description.parameters.items()
        if parameter.schema.get("type") == kind
    ]


def _check_morphologies(
    names: list[Any], configuration: Configuration, settings: Experiment, description: Description
) -> None:
    if not description.needs_morphology:
        if settings.morphometrics:
            raise ConfigurationError(f"morphometrics: model {settings.model} takes no morphology")
        if names != [None]:
            raise ConfigurationError(
                f"morphology: model {settings.model} takes none; remove the key"
            )
        return
    catalogue = configuration.folder / "morphologies.yaml"
    for name in names:
        if name is None:
            raise ConfigurationError(
                f"morphology: model {settings.model} needs one of those in {catalogue}"
            )
        demand(str(name), configuration.morphologies, "morphology: ", f" is not in {catalogue}")


def _check_coreneuron(
    table: pd.DataFrame, fixed: Mapping[str, Any], description: Description
) -> None:
    """Refuse what CoreNEURON cannot advance."""
    if description.runs_alone or description.builds_rxd:
        raise ConfigurationError(
            'engine: CoreNEURON runs no rxd, and no models with `process = "alone"`; use neuron'
        )
    if "cvode" in _distinct("simulation.solver", table, fixed):
        raise ConfigurationError("engine: CoreNEURON has no cvode; choose another solver")
    for sampling in _distinct("simulation.sampling", table, fixed):
        for dt in _distinct("simulation.dt", table, fixed):
            if sampling and not is_whole(sampling / dt):
                raise ConfigurationError(
                    f"engine: CoreNEURON records at its steps, and sampling {sampling:g} ms is no "
                    f"multiple of dt {dt:g} ms"
                )


def identity(
    table: pd.DataFrame, fixed: Mapping[str, Any], configuration: Configuration
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """All values of all points, swept or common; a morphology counts by its content, not its name.

    What is not set has no value to hash; a value of its own would collide with a real one.
    """
    pins = {
        name: source.sha256 or f"unpinned {name}"
        for name, source in configuration.morphologies.items()
    }
    swept = table.dropna(axis="columns")
    common = {path: v for path, v in fixed.items() if path not in table and v is not None}
    if "morphology" in swept:
        swept = swept.assign(morphology=swept["morphology"].map(pins))
    elif "morphology" not in table:
        common["morphology"] = pins.get(fixed["morphology"], "none")
    return swept, common
