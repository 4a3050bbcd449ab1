"""Planning what is not known yet: the points of an optimisation.

Where they are stored follows from the settings of the search; their values, from its history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from dendroflow.errors import ConfigurationError
from dendroflow.plan.code import code_digest
from dendroflow.plan.codes import Content, FeatureContent
from dendroflow.plan.description import Description
from dendroflow.plan.points import Points, continuous_parameters, identified_points
from dendroflow.plan.recordings import Recordings
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.optimise import INDIVIDUAL
from dendroflow.settings.project import Configuration

KEY = "optimise.parameters"


@dataclass(frozen=True)
class Search(Content):
    """What decides the course of a search, besides its number of generations.

    Attributes
    ----------
    fixed
        path -> value of all that is not optimised.
    morphology
        hash of the morphology, if the model needs one.
    settings
        of the search, with one of its seeds.
    protocols, targets
        as they are declared, without those for validation.
    """

    simulation_code: str
    feature_code: str
    fixed: Mapping[str, Any]
    morphology: str
    settings: Mapping[str, Any]
    protocols: Mapping[str, Any]
    targets: Mapping[str, Any]
    library: str = field(default_factory=lambda: code_digest("analysis/search.py"))
    bluepyopt: str = field(default_factory=lambda: version("bluepyopt"))
    deap: str = field(default_factory=lambda: version("deap"))


def searches(
    settings: Experiment,
    points: Points,
    simulation_code: str,
    morphology: str,
    recorded: Recordings | None,
) -> dict[str, Search]:
    """The search with each seed, by its name."""
    optimise, fitted = settings.optimise, settings.fitted
    assert optimise is not None, "asked of experiments that optimise"
    measured = {protocol: features.dumped for protocol, features in fitted.measured.items()}
    found = {}
    for seed in optimise.seed:
        rules = optimise.model_dump(mode="json", exclude={"generations"}) | {"seed": seed}
        if recorded:
            rules["recorded"] = recorded.code
        search = Search(
            simulation_code=simulation_code,
            feature_code=FeatureContent(measured).code,
            fixed=points.fixed,
            morphology=morphology,
            settings=rules,
            **fitted.model_dump(mode="json", include={"protocols", "targets"}),
        )
        found[search.code] = search
    return found


def individuals_to_come(
    configuration: Configuration, experiment: str, description: Description
) -> tuple[Points, Points]:
    """The points that an optimisation will store, without names and values; and two at the bounds.

    Raises
    ------
    ConfigurationError
        For a parameter that the model does not have or that is not a number, and bounds or a
        reference outside the model's own.
    """
    optimise = configuration.experiments[experiment].optimise
    assert optimise is not None, "asked of experiments that optimise"
    source = configuration.experiment_file(experiment)
    ends = {path: interval.ends for path, interval in optimise.parameters.items()}
    corners = identified_points(configuration, experiment, description, pd.DataFrame(ends), KEY)
    if stepped := ends.keys() - continuous_parameters(description):
        raise ConfigurationError(
            f"{source}: {KEY}: {min(stepped)}: takes no arbitrary number, so it cannot be optimised"
        )
    if optimise.reference is not None:
        reference = pd.DataFrame([optimise.reference])
        identified_points(configuration, experiment, description, reference, "optimise.reference")
    names = optimise.individuals
    table = pd.DataFrame({"point_id": [""] * len(names), INDIVIDUAL: names})
    return Points(table.assign(**dict.fromkeys(ends, np.nan)), corners.fixed), corners
