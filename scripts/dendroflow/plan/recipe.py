"""What decides a result besides the values of its point."""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from dendroflow import mechanisms
from dendroflow.plan.code import digest_of_library, digest_of_model
from dendroflow.settings.features import Features

SIMULATING = ("dendroflow.kernel.lanes", "dendroflow.morphology.sections")
MEASURING = ("dendroflow.features.extract",)


@dataclass(frozen=True)
class Recipe:
    """Code and versions behind a simulation. Values, morphologies included, are the point's."""

    model: str
    model_code: str
    mechanisms: str | None
    library_code: str
    neuron: str
    machine: str
    engine: str
    plausible: Mapping[str, tuple[float, float]]
    measures: str | None

    @property
    def name(self) -> str:
        """16 hexadecimal digits."""
        return _name(asdict(self))


def simulation_recipe(
    folder: Path,
    plausible: Mapping[str, tuple[float, float]],
    measures: str | None = None,
    engine: str = "neuron",
) -> Recipe:
    """The recipe of a model folder, with the library and NEURON as they are now.

    Parameters
    ----------
    plausible
        per unit, the range outside which a signal makes its point `out_of_range`.
    measures
        name of the way to measure, where features are all that is kept of a simulation.
    engine
        what advances the cells: `"neuron"` or `"coreneuron"`.
    """
    return Recipe(
        model=folder.name,
        model_code=digest_of_model(folder),
        mechanisms=mechanisms.digest(mechanisms.sources(folder)),
        library_code=digest_of_library(*SIMULATING),
        neuron=importlib.metadata.version("neuron"),
        machine=platform.machine(),
        engine=engine,
        plausible=plausible,
        measures=measures,
    )


@dataclass(frozen=True)
class Measures:
    """Code and settings behind the features."""

    features: list[dict[str, object]]
    library_code: str
    efel: str

    @property
    def name(self) -> str:
        """16 hexadecimal digits."""
        return _name(asdict(self))


def measures(features: Features) -> Measures:
    """How features are measured, with the library and eFEL as they are now."""
    return Measures(
        features=features.model_dump(mode="json"),
        library_code=digest_of_library(*MEASURING),
        efel=importlib.metadata.version("efel"),
    )


def _name(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
