"""What is fitted to what: the `optimise` of an experiment, in place of its `sweep`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dendroflow.settings.any_figure import OwnFigure
from dendroflow.settings.base import Settings, WrongKeyError, each_once
from dendroflow.settings.sweep import Number, Range, Ranges, Swept

# The column that says which of the experiment's points is the fitted one.
INDIVIDUAL = "individual"
BEST, REFERENCE = "best", "reference"


def _fittable(ranges: dict[str, Range]) -> dict[str, Range]:
    for path, interval in ranges.items():
        if not path.startswith("parameters."):
            raise ValueError(f"{path}: only parameters of the model can be optimised")
        if interval.integer_range is not None:
            raise ValueError(f"{path}: whole numbers cannot be optimised; give range or log_range")
    return ranges


Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _listed(seeds: Any) -> Any:
    return seeds if isinstance(seeds, list | tuple) else [seeds]


class Optimise(Settings):
    """Which parameters are fitted to the targets, within which bounds, and how."""

    parameters: Annotated[Ranges, AfterValidator(_fittable)] = Field(
        description="path to bounds: `range`, or `log_range` to search in the logarithm"
    )
    reference: Swept[Number] | None = Field(
        None,
        description="values of the same parameters, from which the targets without a mean get "
        "theirs: the point is simulated and measured first, and stored with the best",
    )
    algorithm: Literal["IBEA", "NSGA2"] = Field(
        "IBEA", description="BluePyOpt's selector of the next generation"
    )
    offspring: int = Field(32, ge=2, le=100_000, description="individuals in each generation")
    generations: int = Field(
        20, ge=1, le=100_000, description="number of generations, the random first one included"
    )
    seed: Annotated[tuple[Seed, ...], BeforeValidator(_listed), AfterValidator(each_once)] = Field(
        (1,), min_length=1, description="seed of the search; several seeds are several searches"
    )

    @model_validator(mode="before")
    @classmethod
    def _targets_elsewhere(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and "targets" in data:
            raise WrongKeyError("targets", "write them beside `optimise`, not in it")
        return data

    @model_validator(mode="after")
    def _consistent(self) -> "Optimise":
        if self.reference is None:
            return self
        if differing := self.reference.keys() ^ self.parameters.keys():
            raise ValueError(
                "reference: must give a value to each of the optimised parameters and to no "
                f"other; differs in {', '.join(sorted(differing))}"
            )
        return self

    @property
    def individuals(self) -> tuple[str, ...]:
        """The points that are stored: values of the column `individual`."""
        return (BEST,) if self.reference is None else (REFERENCE, BEST)


FIGURES = (
    OwnFigure(
        "optimisation-convergence",
        "Score against generation",
        "The best score so far, and the median and the middle half of the scores of each "
        "generation.",
    ),
    OwnFigure(
        "optimisation-scores",
        "Scores of the best individual",
        "Distance of each feature of the best individual from its target in standard deviations.",
    ),
    OwnFigure(
        "optimisation-parameters",
        "Parameters against generation",
        "Every individual that was simulated, coloured by its score. The line is the best so far.",
    ),
    OwnFigure(
        "optimisation-front",
        "Trade-offs between the targets",
        "The scores of the individuals that none other beats in all targets at once; the line in "
        "black is that of the lowest sum.",
    ),
)
