"""Names in an experiment that must exist: signals, columns of figures, times of stimuli."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dendroflow.errors import ConfigurationError
from dendroflow.plan.description import Description
from dendroflow.plan.points import Points
from dendroflow.settings import conditions, figures
from dendroflow.settings.base import demand, naming, shown
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.expressions import Expression
from dendroflow.settings.project import Configuration
from dendroflow.tables.population import ACCEPTED
from dendroflow.tables.schemas import STATUSES, column_of, column_under
from dendroflow.tables.scoring import score_names

# SQLite holds no more.
MOST_COLUMNS = 2000

# Columns that every experiment's table has besides what it sweeps and measures: meaning and unit.
TABLE_COLUMNS = {
    "point_id": ("hash of all values of the point", ""),
    "status": ("what became of the point", ""),
    "error": ("why it is not ok", ""),
    "runtime_s": ("wall-clock time of the simulation", "s"),
    "batch": ("the batch that holds it; joins provenance", ""),
}


def check_simulated(
    configuration: Configuration, experiment: str, description: Description, points: Points
) -> None:
    """Refuse stimuli, recordings and features of what does not exist, or after the end.

    Raises
    ------
    ConfigurationError
        One line that names the key, and the nearest names.
    """
    settings = configuration.experiments[experiment]
    duration, unit = settings.simulation.duration, description.time_unit
    assert duration is not None, "of each protocol, and of an experiment without any"
    _check_places(settings, duration, description, points)
    _check_files(settings, configuration.model_folder(experiment), points)
    for signal in settings.features.signals:
        where = f"features: signal: model {settings.model} has no signal "
        demand(signal, description.signals, where)
    end = settings.features.end
    if end is not None and end > duration and "simulation.duration" not in points.swept:
        raise ConfigurationError(
            f"features: a window ends at {end:g} {unit}, after the simulation's {duration:g} {unit}"
        )


def measured_columns(settings: Experiment) -> list[str]:
    """All columns of an experiment's table that are not swept: features, and what is found."""
    return [
        column_under(protocol, column)
        for protocol, features in settings.measured.items()
        for column in (*(settings.found(protocol) if protocol else ()), *features.columns)
    ]


def check_names(
    configuration: Configuration, experiment: str, description: Description, points: Points
) -> None:
    """Refuse figures and derived columns of what does not exist, or for values of no point.

    Raises
    ------
    ConfigurationError
        One line that names the file, the key, and the nearest names.
    """
    settings = configuration.experiments[experiment]
    signals = {
        column_under(protocol, signal)
        for protocol in settings.protocols or ("",)
        for signal in description.signals
    }
    no_signal = f"model {settings.model} has no signal "
    protocols = [settings.under(name) for name in settings.protocols] or [settings]
    duration = max(each.simulation.duration or 0.0 for each in protocols)
    unit, measured = description.time_unit, measured_columns(settings)
    with naming(configuration.experiment_file(experiment)):
        scores = score_names(settings.scored)
        found = [*measured, *settings.morphometrics, *settings.derived, *scores]
        found += [ACCEPTED] if settings.analysis.population else []
        known = _columns(points.swept, found)
        _check_what_is_made_of_them(settings, points, [*measured, *settings.derived], scores)
        swept = {column_of(path): points.table[path] for path in points.swept}
        ids = {} if settings.optimise else {"point_id": points.table["point_id"]}
        for figure in settings.figures:
            with naming(f"figures: {figure.name}"):
                for column in sorted(figures.columns(figure)):
                    demand(column, known, "neither swept nor measured: ")
                for column in getattr(figure, "reference", {}):
                    demand(column, swept, "reference: ", " is not swept")
                _check_values(figure, swept | ids)
                if "duration" not in swept:
                    for key, time in figures.times(figure).items():
                        if time > duration:
                            raise ConfigurationError(
                                f"{key}: {time:g} {unit} comes after the simulation's "
                                f"{duration:g} {unit}"
                            )
                for signal in sorted(figures.signals(figure)):
                    demand(signal, signals, no_signal)
                    if not settings.execution.keep_traces:
                        raise ConfigurationError(
                            f"draws signal {signal!r}, and execution.keep_traces is false"
                        )


def _check_what_is_made_of_them(
    settings: Experiment, points: Points, measured: list[str], scores: list[str]
) -> None:
    """Refuse targets, derived columns and analyses of what is neither swept nor measured."""
    numbers = {column_of(path) for path in (*points.swept, *points.fixed)}
    features = [name for name in measured if name not in settings.derived]
    for name in settings.targets:
        demand(name, measured, "targets: not measured: ")
    for name, derived in settings.derived.items():
        for needed in sorted(Expression(derived.expression).names):
            there = [*features, *numbers]
            demand(needed, there, f"derived: {name}: neither measured nor a value: ")
    asked = settings.analysis.sensitivity
    for name in asked.features if asked else ():
        demand(name, [*measured, *scores], "analysis: sensitivity: features: not measured: ")
    population = settings.analysis.population
    for name in population.accept if population else ():
        there = [*measured, *scores, *map(column_of, points.swept)]
        demand(name, there, "analysis: population: accept: neither swept nor measured: ")
    for path in settings.analysis.replicates:
        demand(path, points.swept, "analysis: replicates: not swept: ")


def _check_files(settings: Experiment, folder: Path, points: Points) -> None:
    """Refuse stimuli whose files are not in the model's folder."""
    for name, stimulus in settings.stimuli.items():
        if hasattr(stimulus, "file"):
            for file in points.column(f"stimuli.{name}.file").dropna().unique():
                if not (folder / file).is_file():
                    raise ConfigurationError(f"stimuli: {name}: there is no file {folder / file}")


def _check_places(
    settings: Experiment, duration: float, description: Description, points: Points
) -> None:
    """Refuse places that the model does not name, and stimuli that begin after the end."""
    for key, declared in (("stimuli", settings.stimuli), ("record", settings.record)):
        for name, what in declared.items():
            path = f"stimuli.{name}.at"
            swept = key == "stimuli" and path in points.swept
            for place in points.column(path).unique() if swept else filter(None, [what.at]):
                where = f"{key}: {name}: model {settings.model} has no place "
                demand(place, description.places, where)
    for name, stimulus in settings.stimuli.items():
        late = stimulus.delay >= duration and "delay" not in stimulus.formulas
        if late and "simulation.duration" not in points.swept:
            raise ConfigurationError(
                f"stimuli: {name}: begins at {stimulus.delay:g} ms, after the simulation's "
                f"{duration:g} ms"
            )


def _check_values(figure: figures.Figure, swept: Mapping[str, "pd.Series[Any]"]) -> None:
    """Refuse a figure that selects no point, or takes for numbers what is none."""
    # What an optimisation finds is not known yet.
    values = {name: column for name, column in swept.items() if column.notna().all()}
    for key in ("where", "reference"):
        selected = np.ones(len(next(iter(swept.values()))), dtype=bool)
        asked = getattr(figure, key, {})
        for column in filter({*values, "status"}.__contains__, asked):
            wanted = asked[column]
            there = values[column].unique().tolist() if column in values else list(STATUSES)
            condition = isinstance(wanted, conditions.Condition)
            options = wanted if isinstance(wanted, tuple) else () if condition else (wanted,)
            for option in options:
                if not any(conditions.is_any(value, option) for value in there):
                    problem = f"{key}: no point has {column} = {shown(option)}"
                    raise ConfigurationError(problem + _nearest_values(option, there))
            if column in values:
                found = [value for value in there if conditions.is_wanted(value, wanted)]
                selected &= values[column].isin(found).to_numpy()
        if not selected.any():
            said = (
                f"{column} {wanted.words(shown)}"
                if isinstance(wanted, conditions.Condition)
                else f"{column} = {shown(wanted)}"
                for column, wanted in asked.items()
            )
            both = ", ".join(said)
            raise ConfigurationError(f"{key}: no point has all of {both}")
    for column in sorted(figures.numeric(figure)):
        texts = column in TABLE_COLUMNS and column != "runtime_s"
        if texts or (column in values and values[column].dtype.kind not in "iuf"):
            raise ConfigurationError(f"needs numbers, which column {column!r} does not hold")
    style = getattr(figure, "marks", None)
    if style in values and not figure.where and values[style].nunique() > figures.MOST_STYLES:
        raise ConfigurationError(
            f"style: {style} has {values[style].nunique()} values, of which {figures.MOST_STYLES} "
            "can be told apart; use `hue` or `col`"
        )


def _nearest_values(value: Any, there: list[Any]) -> str:
    """Return "; there are ..." with the three nearest of some values."""
    if all(isinstance(each, int | float) for each in [value, *there]):
        near = [shown(each) for each in sorted(there, key=lambda each: abs(each - value))[:3]]
    else:
        near = get_close_matches(shown(value), map(shown, there[:1000]), n=3, cutoff=0.0)
    more = ", ..." if len(there) > len(near) else ""
    return f"; there {'is' if len(there) == 1 else 'are'} {', '.join(near)}{more}"


def _columns(swept: Iterable[str], measured: Iterable[str]) -> list[str]:
    """All columns of an experiment's table; SQLite does not tell upper from lower case."""
    origin = dict.fromkeys(TABLE_COLUMNS, "every table")
    for path, name in [(path, column_of(path)) for path in swept] + [
        (name, name) for name in measured
    ]:
        other = origin.get(name.lower())
        if other is not None:
            raise ConfigurationError(
                f"sweep: {path} and {other} would share the column {name!r}; "
                "rename the model's parameter, or set a prefix for the feature"
            )
        origin[name.lower()] = path
    columns = [*TABLE_COLUMNS, *map(column_of, swept), *measured]
    if len(columns) > MOST_COLUMNS:
        raise ConfigurationError(
            f"sweep, features: {len(columns):,} columns, and a table of the database holds "
            f"{MOST_COLUMNS:,}: sweep or measure less, or in several experiments"
        )
    return columns
