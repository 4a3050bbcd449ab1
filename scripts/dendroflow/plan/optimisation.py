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
from dendroflow.plan.codes import Content
from dendroflow.plan.description import Description
from dendroflow.plan.points import Points, continuous_parameters, identified_points
from dendroflow.settings.base import demand
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
    """

    simulation_code: str
    feature_code: str
    fixed: Mapping[str, Any]
    morphology: str
    settings: Mapping[str, Any]
    library: str = field(default_factory=lambda: code_digest("analysis/search.py"))
    bluepyopt: str = field(default_factory=lambda: version("bluepyopt"))
    deap: str = field(default_factory=lambda: version("deap"))


def individuals_to_come(
    configuration: Configuration, experiment: str, description: Description
) -> Points:
    """The points that an optimisation will store, without their names and values.

    Raises
    ------
    ConfigurationError
        For a parameter that the model does not have or that is not a number, bounds or a
        reference outside the model's own, and a target that is not measured.
    """
    optimise = configuration.experiments[experiment].optimise
    assert optimise is not None, "asked of experiments that optimise"
    source = configuration.experiment_file(experiment)
    measured = configuration.experiments[experiment].features.columns
    for name in optimise.targets:
        demand(name, measured, f"{source}: optimise.targets: not measured: ")
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
    return Points(table.assign(**dict.fromkeys(ends, np.nan)), corners.fixed)
