"""The units of the columns of features."""

import difflib
from collections.abc import Mapping

from dendroflow.errors import ConfigurationError
from dendroflow.features.statistics import STATISTICS
from dendroflow.settings.features import EFEL_UNITS, Features


def units(
    features: Features, signal_units: Mapping[str, str], time_unit: str = "ms"
) -> dict[str, str]:
    """Return the unit of each column, "" for counts, ratios and indices.

    Parameters
    ----------
    features
        What is measured.
    signal_units
        The unit of each signal that the model records.
    time_unit
        What a millisecond of NEURON stands for in the model.

    Raises
    ------
    ConfigurationError
        If a signal is not recorded, or is not in mV but is to be measured by eFEL.
    """
    result: dict[str, str] = {}
    for block in features.blocks:
        unit = signal_units.get(block.signal)
        if unit is None:
            near = difflib.get_close_matches(block.signal, signal_units, n=1, cutoff=0)
            raise ConfigurationError(
                f"features: the model records no signal {block.signal}"
                + (f"; nearest: {near[0]}" if near else "")
            )
        if block.efel and unit != "mV":
            raise ConfigurationError(
                f"features: {block.signal} is in {unit or 'no unit'}, but `efel` needs mV: "
                "use `statistics`"
            )
        result |= {column: EFEL_UNITS[name] for name, column in block.efel_columns.items()}
        result |= {
            column: STATISTICS[name].unit(unit, time_unit)
            for name, column in block.statistic_columns.items()
        }
    return result
