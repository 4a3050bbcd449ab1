"""Names in an experiment that must exist: signals, columns of figures, times of stimuli."""

from collections.abc import Iterable

from dendroflow.errors import ConfigurationError
from dendroflow.plan.description import Description
from dendroflow.settings import figures
from dendroflow.settings.base import nearest
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
    """Refuse features and figures that ask for what does not exist.

    Parameters
    ----------
    swept
        swept paths.

    Raises
    ------
    ConfigurationError
        One line that names the file, the key, and the nearest names.
    """
    settings = configuration.experiments[experiment]
    source = configuration.experiment_file(experiment)
    for signal in settings.features.signals:
        _demand(signal, description.signals, f"{source}: features: signal", settings.model)
    end = settings.features.end
    if (
        end is not None
        and end > settings.simulation.duration
        and "simulation.duration" not in swept
    ):
        raise ConfigurationError(
            f"{source}: features: a window ends at {end:g} {description.time_unit}, "
            f"after the simulation's {settings.simulation.duration:g} {description.time_unit}"
        )
    known = _columns(swept, settings.features.columns, f"{source}: sweep")
    for figure in settings.figures:
        where = f"{source}: figures: {figure.name}"
        for column in sorted(figures.columns(figure)):
            if column not in known:
                raise ConfigurationError(
                    f"{where}: neither swept nor measured: {column!r}{nearest(column, known)}"
                )
        for column in getattr(figure, "reference", {}):
            if column not in map(leaf, swept):
                hint = nearest(column, map(leaf, swept))
                raise ConfigurationError(f"{where}: reference: {column!r} is not swept{hint}")
        for signal in sorted(figures.signals(figure)):
            _demand(signal, description.signals, where, settings.model)
            if not settings.execution.keep_traces:
                raise ConfigurationError(
                    f"{where}: draws signal {signal!r}, and execution.keep_traces is false"
                )


def _demand(signal: str, signals: Iterable[str], where: str, model: str) -> None:
    if signal not in signals:
        hint = nearest(signal, signals)
        raise ConfigurationError(f"{where}: model {model} has no signal {signal!r}{hint}")


def _columns(swept: Iterable[str], measured: Iterable[str], where: str) -> list[str]:
    """All columns of an experiment's table; SQLite does not tell upper from lower case."""
    origin = dict.fromkeys(TABLE_COLUMNS, "every table")
    for path, name in [(path, leaf(path)) for path in swept] + [(name, name) for name in measured]:
        other = origin.get(name.lower())
        if other is not None:
            raise ConfigurationError(
                f"{where}: {path} and {other} would share the column {name!r}; "
                "rename the model's parameter, or set a prefix for the feature"
            )
        origin[name.lower()] = path
    return [*TABLE_COLUMNS, *(leaf(path) for path in swept), *measured]
