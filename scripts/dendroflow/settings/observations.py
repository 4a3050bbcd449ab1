"""Tables of observations that a configuration names, read and checked."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dendroflow.errors import ConfigurationError
from dendroflow.settings.base import demand
from dendroflow.settings.files import within
from dendroflow.settings.morphometry import Observation
from dendroflow.settings.project import Configuration, read_text, read_yaml, validated


def read_all(configuration: Configuration) -> dict[str, Mapping[str, Observation]]:
    """The observations of each comparison of a configuration, by morphometric.

    Raises
    ------
    ConfigurationError
        One line: a morphology that the catalogue lacks, or a table that cannot be used.
    """
    catalogue = configuration.folder / "morphologies.yaml"
    found = {}
    for name, comparison in configuration.project.morphometry.items():
        for morphology in comparison.morphologies:
            before = f"morphometry: {name}: {catalogue} has no entry "
            demand(morphology, configuration.morphologies, before)
        path = configuration.folder / comparison.reference
        found[name] = read_observations(within(configuration.folder, path))
    return found


def read_observations(path: Path) -> Mapping[str, Observation]:
    """A table of observations, by morphometric.

    Parameters
    ----------
    path
        `.csv` with the fields of `Observation` as columns, or `.yaml` with a list of them.

    Raises
    ------
    ConfigurationError
        One line that names the file, the row and the column.
    """
    if path.suffix not in (".csv", ".yaml", ".yml"):
        raise ConfigurationError(f"{path}: a table of observations ends in .csv or .yaml")
    rows = _csv_rows(path) if path.suffix == ".csv" else read_yaml(path)
    if not isinstance(rows, list) or not rows:
        raise ConfigurationError(f"{path}: holds no list of observations")
    found: dict[str, Observation] = {}
    for position, row in enumerate(rows, start=1):
        observation = validated(Observation, row, f"{path}: observation {position}")
        if observation.metric in found:
            raise ConfigurationError(f"{path}: {observation.metric} is given twice")
        found[observation.metric] = observation
    return found


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    """Rows by the names in the first; without empty cells and lines that begin with `#`."""
    lines = read_text(path).splitlines()
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    rows = []
    for row in csv.DictReader(kept, skipinitialspace=True):
        if None in row:
            raise ConfigurationError(f"{path}: a row has more cells than the first: {row[None]}")
        rows.append({key: value for key, value in row.items() if value})
    return rows
