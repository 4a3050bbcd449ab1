"""What recordings give for the targets of an experiment: its name, and whether it can be had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from dendroflow.errors import ConfigurationError
from dendroflow.plan.code import code_digest
from dendroflow.plan.codes import Content
from dendroflow.settings.base import demand, naming
from dendroflow.settings.project import Configuration
from dendroflow.settings.recordings import FILE, check_pin
from dendroflow.tables.schemas import column_under


@dataclass(frozen=True)
class Recordings(Content):
    """What decides what recordings give.

    Attributes
    ----------
    features
        of each protocol that they are compared with.
    recordings
        set and protocol -> recordings with their pins, and which of them are taken.
    targets
        those that come from them.
    """

    features: Mapping[str, Any]
    recordings: Mapping[str, Any]
    targets: Mapping[str, Any]
    library: str = field(
        default_factory=lambda: code_digest(
            "features", "analysis/recordings.py", "analysis/recording_files.py"
        )
    )
    efel: str = field(default_factory=lambda: version("efel"))
    neo: str = field(default_factory=lambda: version("neo"))


def recordings_of(configuration: Configuration, experiment: str) -> Recordings | None:
    """What an experiment takes from recordings; None if it is nothing.

    Raises
    ------
    ConfigurationError
        One line: a set that the catalogue lacks, nothing recorded under a protocol, a feature that
        recordings cannot have, one cell without an SD, a file that is not the one that was pinned.
    """
    settings = configuration.experiments[experiment]
    if not settings.recorded:
        return None
    source = configuration.experiment_file(experiment)
    targets = {name: target for name, target in settings.targets.items() if target.recordings}
    measured: dict[str, Any] = {}
    taken: dict[str, Any] = {}
    for name, target in targets.items():
        protocol = settings.protocol_of(name)
        where = f"{source}: targets: {name}: "
        demand(target.set_name, configuration.recordings, f"{where}{FILE} has no set ")
        features = settings.measured[protocol]
        columns = [
            column_under(protocol, column)
            for block in features.blocks
            if not block.propagation
            for column in block.columns
        ]
        demand(name, columns, f"{where}recordings have no column ")
        wanted = settings.recorded_under(protocol)
        found = configuration.recordings[target.set_name].of_protocol(wanted.protocol or protocol)
        if not found:
            raise ConfigurationError(
                f"{where}the recordings {target.set_name} have none of protocol "
                f"{wanted.protocol or protocol}"
            )
        if len({one.cell for one in found}) == 1 and target.sd is None:
            raise ConfigurationError(
                f"{where}the recordings {target.set_name} are of one cell, so there is no SD; "
                "give `sd` beside `from`"
            )
        measured[protocol] = features.dumped
        taken[f"{target.set_name} {protocol}"] = [
            wanted.model_dump(mode="json"),
            *(_pinned(configuration, target.set_name, one) for one in found),
        ]
    return Recordings(
        measured, taken, {name: one.model_dump(mode="json") for name, one in targets.items()}
    )


def _pinned(configuration: Configuration, name: str, recording: Any) -> dict[str, Any]:
    with naming(f"{configuration.folder / FILE}: {name}"):
        check_pin(configuration.folder, recording)
    said: dict[str, Any] = recording.model_dump(mode="json")
    return said
