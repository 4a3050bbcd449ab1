"""`simulation_code` and `feature_code`: what decides samples and features besides the values."""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

from dendroflow.plan.code import code_digest
from dendroflow.plan.engine import engine_of
from dendroflow.plan.models import ModelNames
from dendroflow.settings.experiment import Experiment
from dendroflow.vector import targets_of_machine


class Content:
    """What a dataclass says decides a result, and its name."""

    @property
    def code(self) -> str:
        """16 hexadecimal digits."""
        content = json.dumps(vars(self), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class FeatureContent(Content):
    """Code and settings that turn samples into features; its name is `feature_code`.

    `features` are those of each protocol; under "" where there is none.
    """

    features: Mapping[str, list[dict[str, object]]]
    library: str = field(default_factory=lambda: code_digest("features"))
    efel: str = field(default_factory=lambda: importlib.metadata.version("efel"))


@dataclass(frozen=True)
class SimulationContent(Content):
    """Code and versions that turn values into samples; its name is `simulation_code`.

    Morphologies belong to the values.

    Attributes
    ----------
    plausible
        per unit, the range outside which a signal makes its point `out_of_range`.
    record
        signals that the experiment records.
    feature_code
        where features are all that is kept of a simulation, what extracts them.
    """

    model: str
    model_code: str
    mechanisms: str | None
    kernel: str
    neuron: str
    machine: str
    engine: str
    plausible: Mapping[str, tuple[float, float]]
    record: Mapping[str, Mapping[str, object]]
    feature_code: str | None


def _coreneuron(model: ModelNames) -> str:
    # Without mechanisms of its own a model runs NEURON's, as they come.
    return f"coreneuron for {targets_of_machine()[0].code}" if model.coreneuron else "coreneuron"


def simulation_content(
    model: ModelNames, settings: Experiment, feature_code: str | None = None
) -> SimulationContent:
    """What simulates an experiment's model, with the library and NEURON as they are now."""
    engine = engine_of(settings, model).name
    return SimulationContent(
        model=model.folder.name,
        model_code=model.code,
        mechanisms=model.mechanisms,
        kernel=code_digest("kernel"),
        neuron=importlib.metadata.version("neuron"),
        machine=platform.machine(),
        engine=engine if engine == "neuron" else _coreneuron(model),
        plausible=settings.plausible,
        record={
            name: recording.model_dump(include={"at", "variable", "stimulus"})
            | {"unit": recording.known_unit}
            for name, recording in settings.record.items()
        },
        feature_code=feature_code,
    )
