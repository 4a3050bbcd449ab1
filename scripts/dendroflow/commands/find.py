"""Find cells of NeuroMorpho.Org by their metadata, and say how to use them."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dendroflow.commands import CONFIG
from dendroflow.errors import ConfigurationError
from dendroflow.morphology.search import Found, search, texts
from dendroflow.settings.morphologies import NeuroMorpho, NeuroMorphoCell
from dendroflow.settings.project import Project, read_yaml, validated

CRITERION = re.compile(r"\s*(\w+)\s*([=~])\s*(\S.*?)\s*", re.DOTALL)
COLUMNS = {
    "name": "neuron_name",
    "archive": "archive",
    "species": "species",
    "region": "brain_region",
    "cell type": "cell_type",
    "condition": "experiment_condition",
    "integrity": "physical_Integrity",
    "traced": "attributes",
    "paper (PMID)": "reference_pmid",
}


def split(arguments: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Split `field=value` and `field~text`.

    Raises
    ------
    ConfigurationError
        If an argument is neither, or a field is named twice.
    """
    equal: dict[str, str] = {}
    containing: dict[str, str] = {}
    for argument in arguments:
        parts = CRITERION.fullmatch(argument)
        if parts is None:
            raise ConfigurationError(
                f"{argument!r} is neither field=value nor field~text, such as species=mouse"
            )
        field, sign, value = parts.groups()
        chosen = equal if sign == "=" else containing
        if field in chosen:
            raise ConfigurationError(f"the field {field!r} is given twice; name it once")
        chosen[field] = value
    return equal, containing


def tell(found: Found, shown: int) -> str:
    """What was found as text: a table, and the entries of the catalogue."""
    records = found.records[:shown]
    lines = [f"{len(found.records)} of {found.selected} selected cells meet all criteria"]
    if found.read < found.selected:
        lines[0] += f"; only the first {found.read} were read (--read)"
    if not records:
        lines.append(
            "check the spelling: <address>/api/neuron/fields/<field> lists the values of a field"
        )
        return "\n".join(lines)
    if len(records) < len(found.records):
        lines[0] += f"; the first {shown} are shown (--show)"
    columns = []
    for heading, field in COLUMNS.items():
        cells = [heading, *(", ".join(texts(record, field)) or "-" for record in records)]
        width = max(map(len, cells))
        columns.append([cell.ljust(width) for cell in cells])
    table = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
    entries = ["# for config/morphologies.yaml; the first run prints the pin to add"]
    return "\n".join([*lines, "", *table, "", *entries, *map(_entry, records)])


def _entry(record: dict[str, Any]) -> str:
    """The entry of the catalogue for a cell."""
    name, archive = ("".join(texts(record, key)) for key in ("neuron_name", "archive"))
    try:
        cell = NeuroMorphoCell(archive=archive, name=name)
    except ValidationError:
        return f"# {archive}, {name}: a name that the catalogue cannot hold"
    return f"'{cell.name}':\n  neuromorpho: {{archive: '{cell.archive}', name: '{cell.name}'}}"


def service_of(config: Path) -> NeuroMorpho:
    """NeuroMorpho.Org as a configuration names it; as it is by default without one."""
    if config == CONFIG and not CONFIG.exists():
        return NeuroMorpho()
    return validated(Project, read_yaml(config), config).neuromorpho


def find(options: argparse.Namespace) -> int:
    """Search and print; the exit code is 1 if nothing was found."""
    found = search(*split(options.criteria), service_of(options.config), most=options.read)
    print(tell(found, options.show))
    return 0 if found.records else 1
