"""What the columns of an experiment are: kind, unit and meaning, for tables and figures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dendroflow.analysis.names import UNITS
from dendroflow.features.units import units
from dendroflow.plan.description import Description
from dendroflow.plan.names import TABLE_COLUMNS
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.features import Features
from dendroflow.settings.optimise import INDIVIDUAL
from dendroflow.settings.stimuli import Stimulus
from dendroflow.tables.population import ACCEPTED
from dendroflow.tables.schemas import column_of, column_under
from dendroflow.tables.scoring import LARGEST, SCORE, TOTAL, score_names

SETTINGS = {
    "duration": ("simulated time", "ms"),
    "dt": ("time step", "ms"),
    "v_init": ("initial potential", "mV"),
    "celsius": ("temperature", "°C"),
    "solver": ("solver", ""),
    "atol": ("absolute tolerance", ""),
    "rtol": ("relative tolerance", ""),
    "sampling": ("sampling interval", "ms"),
    "seed": ("seed", ""),
    INDIVIDUAL: ("individual of the optimisation", ""),
}


@dataclass(frozen=True)
class Column:
    """One column of an experiment's table, or one signal."""

    name: str
    kind: str
    unit: str
    meaning: str


_ACCEPTED = Column(ACCEPTED, "feature", "", "whether it meets all criteria of the population")


def columns(swept: list[str], description: Description, settings: Experiment) -> list[Column]:
    """All columns of an experiment's table, and its signals.

    Parameters
    ----------
    description
        of the model, without what the experiment records.
    """
    under = {name: settings.under(name) for name in settings.protocols} or {"": settings}
    described = {n: description.with_recordings(own.record) for n, own in under.items()}
    return [
        *(_swept(path, description, settings.stimuli) for path in swept),
        *(
            column
            for name, own in under.items()
            for column in (*_found(name, description, settings), *_features(name, described, own))
        ),
        *(
            Column(name, "morphometric", UNITS[name], f"{name.replace('_', ' ')} of the morphology")
            for name in settings.morphometrics
        ),
        *(
            Column(name, "feature", one.unit, one.description or one.expression)
            for name, one in settings.derived.items()
        ),
        *(Column(name, "feature", "SD", _score(name)) for name in score_names(settings.scored)),
        *([_ACCEPTED] if settings.analysis.population else []),
        *(
            Column(name, "bookkeeping", unit, meaning)
            for name, (meaning, unit) in TABLE_COLUMNS.items()
        ),
        *(
            Column(column_under(protocol, name), "signal", unit, of.meanings[name] + _by(protocol))
            for protocol, of in described.items()
            for name, unit in of.signals.items()
        ),
    ]


def labels_of(
    paths: Iterable[str], description: Description, settings: Experiment
) -> dict[str, dict[str, str]]:
    """Unit and meaning of the values at these paths."""
    found = {path: _swept(path, description, settings.stimuli) for path in paths}
    return {path: {"unit": c.unit, "meaning": c.meaning} for path, c in found.items()}


def _score(column: str) -> str:
    """What a column of scores is."""
    if column in (TOTAL, LARGEST):
        return "sum of the scores" if column == TOTAL else "largest score"
    return f"score of {column.removesuffix(SCORE).replace('_', ' ')}"


def _by(protocol: str) -> str:
    return f" ({protocol.replace('_', ' ')})" if protocol else ""


def _features(
    protocol: str, described: Mapping[str, Description], own: Experiment
) -> Iterator[Column]:
    description = described[protocol]
    meanings = _measured(description, own.features)
    measured = units(own.features, description.signals, description.time_unit)
    for name, unit in measured.items():
        yield Column(column_under(protocol, name), "feature", unit, meanings[name] + _by(protocol))


def _found(protocol: str, description: Description, settings: Experiment) -> Iterator[Column]:
    """What the search of a protocol finds."""
    if not protocol or (search := settings.protocols[protocol].search) is None:
        return
    unit = _swept(search.path, description, settings.under(protocol).stimuli).unit
    for name, meaning in settings.found(protocol).items():
        kind = "bookkeeping" if name == "end" else "feature"
        own = "" if name in ("end", "changes") else unit
        yield Column(column_under(protocol, name), kind, own, meaning)


def _measured(description: Description, features: Features) -> dict[str, str]:
    """What each feature is: eFEL's own word, or a statistic of a signal."""
    result: dict[str, str] = {}
    for block in features.blocks:
        signal = description.meanings[block.signal]
        result |= {column: column.replace("_", " ") for column in block.efel_columns.values()}
        result |= {
            column: signal if name == "final" else f"{name.replace('_', ' ')} of {signal}"
            for name, column in block.statistic_columns.items()
        }
        result |= {column: f"propagation {n}" for n, column in block.propagation_columns.items()}
    return result


def _swept(path: str, description: Description, stimuli: Mapping[str, Stimulus]) -> Column:
    group, _, name = path.partition(".")
    if group == "parameters":
        parameter = description.parameters[name]
        return Column(column_of(path), "swept", parameter.unit, parameter.description or name)
    if group == "stimuli":
        stimulus, _, key = name.partition(".")
        field = type(stimuli[stimulus]).model_fields[key]
        extra = field.json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        return Column(column_of(path), "swept", unit, f"{key} of {stimulus}".replace("_", " "))
    meaning, unit = SETTINGS.get(name or group, ("morphology", ""))
    return Column(
        column_of(path), "swept", description.time_unit if unit == "ms" else unit, meaning
    )
