"""How the configuration reaches rules and jobs: by name, with one digest of what a rule uses."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from dendroflow.settings.experiment import Experiment
from dendroflow.settings.observations import read_all
from dendroflow.settings.project import Configuration, load

# Keys that the workflow adds to Snakemake's `config`: where experiments lie, and its file.
FOLDER, FILE = "folder", "configuration"


def configured(config: Mapping[str, Any]) -> Configuration:
    """The configuration that Snakemake's `config` stands for, with all that it names.

    Raises
    ------
    ConfigurationError
        One line that names the file and the key.
    """
    folder = Path(config[FOLDER])
    source = Path(config.get(FILE) or folder / "config.yaml")
    content = {key: value for key, value in config.items() if key not in (FOLDER, FILE)}
    return load(content, source, folder)


def digest_of_settings(
    configuration: Configuration, experiment: str | None, keys: Iterable[str]
) -> str:
    """The keys that a rule uses, and a digest of their values: what Snakemake tracks.

    Parameters
    ----------
    keys
        of the experiment, or where there is none of all experiments, such as `figures`; or of the
        configuration: `project.audit`, `quality`, `morphologies`, `observations`.
    """
    listed = list(keys)
    values = to_jsonable_python([_value(configuration, experiment, key) for key in listed])
    text = json.dumps(values, sort_keys=True)
    return " ".join([*listed, hashlib.sha256(text.encode()).hexdigest()[:16]])


def _value(configuration: Configuration, experiment: str | None, key: str) -> Any:
    if key == "observations":
        return read_all(configuration)
    experiments = configuration.experiments
    if key not in Experiment.model_fields:
        return attrgetter(key)(configuration)
    if experiment is None:
        return {name: getattr(said, key) for name, said in experiments.items()}
    return getattr(experiments[experiment], key)
