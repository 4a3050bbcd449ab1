"""What is asked of the table of points: which swept value matters."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dendroflow.settings.any_figure import OwnFigure
from dendroflow.settings.base import Settings, each_once
from dendroflow.settings.sweep import Number, Whole

LEAVE_OUT: Literal["leave_out"] = "leave_out"


FIGURES = (
    OwnFigure(
        "sensitivity",
        "Which parameters matter",
        "Indices of sensitivity of each feature. Lines are bootstrapped confidence intervals; of "
        "PAWN, they run from the least to the largest distance over slices of the parameter.",
    ),
    OwnFigure(
        "sensitivity-pairs",
        "Which parameters matter together",
        "Indices of second order: the share of the variance that a pair explains beyond the "
        "shares of each.",
    ),
)


def _with_limits(
    accept: dict[str, tuple[float | None, float | None]],
) -> dict[str, tuple[float | None, float | None]]:
    for name, (low, high) in accept.items():
        if low is None and high is None:
            raise ValueError(f"{name}: has neither a lowest nor a highest value")
        if low is not None and high is not None and low > high:
            raise ValueError(f"{name}: {low:g} lies above {high:g}")
    return accept


# Method -> the design of the sweep that it needs.
DESIGNS = {"sobol": "saltelli", "morris": "morris"}


class Sensitivity(Settings):
    """Indices of how much each swept value decides each feature."""

    method: Literal["sobol", "morris", "pawn"] = Field(
        "sobol",
        description="`sobol`: first, second and total order, of a sweep that is one `saltelli` "
        "design; `morris`: elementary effects, of one `morris` design; `pawn`: of the points of "
        "any sweep",
    )
    features: Annotated[tuple[str, ...], AfterValidator(each_once)] = Field(
        (), description="columns of the table; all features and scores if left out"
    )
    missing: Literal["leave_out"] | Number = Field(
        LEAVE_OUT,
        description="what a feature counts as that does not exist at a point that ran: a number, "
        "or `leave_out`, which leaves out the rows of the design that need it, as failed points "
        "always are, and tells their share",
    )
    confidence: Annotated[Number, Field(gt=0.5, lt=1.0)] = Field(
        0.95, description="of the intervals"
    )
    resamples: Annotated[Whole, Field(ge=10, le=10_000)] = Field(
        100, description="bootstrap samples for the intervals"
    )
    seed: Annotated[Whole, Field(ge=1)] = Field(1, description="of the bootstrap, 1 or more")


POPULATION_FIGURES = (
    OwnFigure(
        "population",
        "Population of models",
        "Distributions of swept values and of the criteria, of all points and of those accepted.",
    ),
    OwnFigure(
        "population-pairs",
        "Pairs of parameters in the population",
        "Each pair of swept values at the accepted points, with its correlation.",
    ),
)


class Population(Settings):
    """The points that are accepted as models."""

    accept: Annotated[
        dict[str, tuple[Number | None, Number | None]], AfterValidator(_with_limits)
    ] = Field(
        min_length=1,
        description="column: [lowest, highest] value that is accepted, null for no limit; scores "
        "of targets are columns, too, such as `largest_score: [null, 2]`",
    )


class Analysis(Settings):
    """What is made of the table of an experiment."""

    sensitivity: Sensitivity | None = Field(None, description="which swept values matter")
    population: Population | None = Field(
        None, description="which points are accepted as models; they have 1 in a column `accepted`"
    )
    replicates: Annotated[tuple[str, ...], AfterValidator(each_once)] = Field(
        (),
        description="swept paths, such as `simulation.seed`, over which features have mean, SD, "
        "SEM and quantiles in the table `replicates` of the database",
    )
