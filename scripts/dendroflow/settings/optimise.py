"""What is fitted to what: the `optimise` of an experiment, in place of its `sweep`."""

from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from dendroflow.settings.base import Settings
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


class Target(Settings):
    """What a feature should be."""

    mean: FiniteFloat | None = Field(
        None, description="value to reach, in the feature's unit; null: that of the reference"
    )
    sd: FiniteFloat = Field(
        gt=0, description="standard deviation of the target: the unit of the score"
    )


class Optimise(Settings):
    """Which parameters are fitted within which bounds, to which targets, and how."""

    parameters: Annotated[Ranges, AfterValidator(_fittable)] = Field(
        description="path to bounds: `range`, or `log_range` to search in the logarithm"
    )
    targets: dict[str, Target] = Field(
        min_length=1, description="features of the experiment, by the names of their columns"
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
    seed: int = Field(1, ge=0, lt=2**32, description="seed of the search")

    @model_validator(mode="after")
    def _consistent(self) -> "Optimise":
        if self.reference is None:
            without = [name for name, target in self.targets.items() if target.mean is None]
            if without:
                raise ValueError(
                    f"targets.{without[0]}: give its mean, or a `reference` to take it from"
                )
        elif differing := self.reference.keys() ^ self.parameters.keys():
            raise ValueError(
                "reference: must give a value to each of the optimised parameters and to no "
                f"other; differs in {', '.join(sorted(differing))}"
            )
        elif all(target.mean is not None for target in self.targets.values()):
            raise ValueError("reference: not needed, since every target has a mean; remove it")
        return self

    @property
    def individuals(self) -> tuple[str, ...]:
        """The points that are stored: values of the column `individual`."""
        return (BEST,) if self.reference is None else (REFERENCE, BEST)


class OptimisationFigure(NamedTuple):
    """A figure that every optimisation draws; its files have this name."""

    name: str
    title: str
    caption: str


FIGURES = (
    OptimisationFigure(
        "optimisation-convergence",
        "Score against generation",
        "The best score so far, and the median and the middle half of the scores of each "
        "generation.",
    ),
    OptimisationFigure(
        "optimisation-scores",
        "Scores of the best individual",
        "Distance of each feature of the best individual from its target in standard deviations.",
    ),
    OptimisationFigure(
        "optimisation-parameters",
        "Parameters against generation",
        "Every individual that was simulated, coloured by its score. The line is the best so far.",
    ),
)
