"""Names in an experiment that must exist: signals, columns of figures, times of stimuli."""

from collections.abc import Iterable

from dendroflow.errors import ConfigurationError
from dendroflow.plan.description import Description
from dendroflow.settings import figures
from dendroflow.settings.base import demand, naming
from dendroflow.settings.project import Configuration

# Columns that every experiment's table has besides what it sweeps and measures: meaning and unit.
TABLE_COLUMNS = {
    "point_id": ("hash of all values of the point", ""),
    "status": ("what became of the point", ""),
    "error": ("why it is not ok", ""),
    "runtime_s": ("wall-clock time of the simulation", "s"),
    "batch": ("the batch that holds it; joins provenance", ""),
}


def leaf(path: str) -> str:
    """Column name of a swept path: `parameters.gnabar` is `gnabar`."""
    return path.rpartition(".")[2]


def check_names(
    configuration: Configuration, experiment: str, description: Description, swept: Iterable[str]
) -> None:
    """Refuse features and figures that ask for what does not exist, of `swept` paths too.

    Raises
    ------
    ConfigurationError
        One line that names the file, the key, and the nearest names.
    """
    settings = configuration.experiments[experiment]
    signals, no_signal = description.signals, f"model {settings.model} has no signal "
    duration, unit = settings.simulation.duration, description.time_unit
    with naming(configuration.experiment_file(experiment)):
        for signal in settings.features.signals:
            demand(signal, signals, f"features: signal: {no_signal}")
        end = settings.features.end
        if end is not None and end > duration and "simulation.duration" not in swept:
            raise ConfigurationError(
                f"features: a window ends at {end:g} {unit}, after the simulation's "
                f"{duration:g} {unit}"
            )
        known = _columns(swept, settings.features.columns)
        for figure in settings.figures:
            with naming(f"figures: {figure.name}"):
                for column in sorted(figures.columns(figure)):
                    demand(column, known, "neither swept nor measured: ")
                for column in getattr(figure, "reference", {}):
                    demand(column, [leaf(path) for path in swept], "reference: ", " is not swept")
                for signal in sorted(figures.signals(figure)):
                    demand(signal, signals, no_signal)
                    if not settings.execution.keep_traces:
                        raise ConfigurationError(
                            f"draws signal {signal!r}, and execution.keep_traces is false"
                        )


def _columns(swept: Iterable[str], measured: Iterable[str]) -> list[str]:
    """All columns of an experiment's table; SQLite does not tell upper from lower case."""
    origin = dict.fromkeys(TABLE_COLUMNS, "every table")
    for path, name in [(path, leaf(path)) for path in swept] + [(name, name) for name in measured]:
        other = origin.get(name.lower())
        if other is not None:
            raise ConfigurationError(
                f"sweep: {path} and {other} would share the column {name!r}; "
                "rename the model's parameter, or set a prefix for the feature"
            )
        origin[name.lower()] = path
    return [*TABLE_COLUMNS, *(leaf(path) for path in swept), *measured]
