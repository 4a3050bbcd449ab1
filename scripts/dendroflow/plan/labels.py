"""What the columns of an experiment are: kind, unit and meaning, for tables and figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from dendroflow.features.units import units
from dendroflow.plan.description import Description
from dendroflow.plan.names import TABLE_COLUMNS
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.features import Features
from dendroflow.settings.optimise import INDIVIDUAL
from dendroflow.settings.stimuli import Stimulus
from dendroflow.tables.schemas import column_of

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


def columns(swept: list[str], description: Description, settings: Experiment) -> list[Column]:
    """All columns of an experiment's table, and its signals."""
    features, stimuli = settings.features, settings.stimuli
    meanings = _measured(description, features)
    measured = units(features, description.signals, description.time_unit)
    return [
        *(_swept(path, description, stimuli) for path in swept),
        *(Column(name, "feature", unit, meanings[name]) for name, unit in measured.items()),
        *(
            Column(name, "feature", one.unit, one.description or one.expression)
            for name, one in settings.derived.items()
        ),
        *(
            Column(name, "bookkeeping", unit, meaning)
            for name, (meaning, unit) in TABLE_COLUMNS.items()
        ),
        *(
            Column(name, "signal", unit, description.meanings[name])
            for name, unit in description.signals.items()
        ),
    ]


def _measured(description: Description, features: Features) -> dict[str, str]:
    """What each feature is: eFEL's own word, or a statistic of a signal."""
    result: dict[str, str] = {}
    for block in features.blocks:
        signal = description.meanings[block.signal]
        result |= {column: name.replace("_", " ") for name, column in block.efel_columns.items()}
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
