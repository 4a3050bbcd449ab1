"""The units of the columns of features."""

from collections.abc import Mapping

from dendroflow.errors import ConfigurationError
from dendroflow.features.names import EFEL_UNITS, PROPAGATION_UNITS, statistic_unit
from dendroflow.settings.features import Features


def units(
    features: Features, signal_units: Mapping[str, str], time_unit: str = "ms"
) -> dict[str, str]:
    """Return the unit of each column, "" for counts, ratios and indices.

    Parameters
    ----------
    signal_units
        The unit of each signal that the model records.
    time_unit
        What a millisecond of NEURON stands for in the model.

    Raises
    ------
    ConfigurationError
        If a signal is not in mV but is to be measured by eFEL, or does not go together with those
        of a propagation.
    """
    result: dict[str, str] = {}
    for block in features.blocks:
        unit = signal_units[block.signal]
        if block.efel and unit != "mV":
            raise ConfigurationError(
                f"features: {block.signal} is in {unit or 'no unit'}, but `efel` needs mV: "
                "use `statistics`"
            )
        result |= {column: EFEL_UNITS[name] for name, column in block.efel_columns.items()}
        result |= {
            column: statistic_unit(name, unit, time_unit)
            for name, column in block.statistic_columns.items()
        }
        if block.propagation:
            since, distance = block.propagation.since, block.propagation.distance
            if signal_units[since] != unit:
                raise ConfigurationError(
                    f"features: {block.signal} is in {unit or 'no unit'} and {since} in "
                    f"{signal_units[since] or 'no unit'}: a propagation needs signals of one unit"
                )
            if distance and signal_units[distance] != "µm":
                raise ConfigurationError(
                    f"features: the distance {distance} is in "
                    f"{signal_units[distance] or 'no unit'}; it must be in µm"
                )
        result |= {
            column: PROPAGATION_UNITS[name] for name, column in block.propagation_columns.items()
        }
    return result
