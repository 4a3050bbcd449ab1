"""Observations that the morphometrics of morphologies are compared with."""

import math
from typing import Annotated

from pydantic import AfterValidator, Field, FiniteFloat, WithJsonSchema, model_validator

from dendroflow.analysis.names import UNITS
from dendroflow.settings.base import Positive, Settings, each_once, known
from dendroflow.settings.morphologies import MorphologyName

MetricName = Annotated[
    str, AfterValidator(known("morphometric", UNITS)), WithJsonSchema({"enum": list(UNITS)})
]


class Comparison(Settings):
    """Morphologies that are compared with a table of observations."""

    morphologies: Annotated[tuple[MorphologyName, ...], AfterValidator(each_once)] = Field(
        min_length=1, description="entries of `config/morphologies.yaml`"
    )
    reference: str = Field(
        min_length=1,
        description="CSV or YAML file of observations, beside this file or by its path from there",
    )
    limit: Positive = Field(
        2.0, description="largest score that still counts as within, in standard deviations"
    )
    title: str | None = Field(None, min_length=1, description="heads the figure")


class Observation(Settings):
    """What was observed of a morphometric: mean and spread, or a range.

    A range stands for its middle and, as two standard deviations, half its width.
    """

    metric: MetricName = Field(description="a morphometric, such as `basal_total_length`")
    mean: FiniteFloat | None = Field(None, description="mean over cells")
    sd: FiniteFloat | None = Field(None, gt=0, description="standard deviation over cells")
    sem: FiniteFloat | None = Field(
        None, gt=0, description="standard error of the mean, in place of `sd`; needs `n`"
    )
    low: FiniteFloat | None = Field(None, description="lower end of a range")
    high: FiniteFloat | None = Field(None, description="upper end of a range")
    n: int | None = Field(None, ge=2, description="number of cells")
    source: str = Field(min_length=1, description="where the numbers come from")

    @model_validator(mode="after")
    def _one_kind(self) -> "Observation":
        numbers = {"mean", "sd", "sem", "low", "high"}
        given = {name for name in numbers if getattr(self, name) is not None}
        if given not in ({"mean", "sd"}, {"mean", "sem"}, {"low", "high"}):
            raise ValueError(
                f"{self.metric}: give either `mean` with one of `sd` and `sem`, or `low` and `high`"
            )
        if self.sem is not None and self.n is None:
            raise ValueError(f"{self.metric}: `sem` needs `n`, the number of cells")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"{self.metric}: low {self.low:g} is not less than high {self.high:g}")
        return self

    @property
    def centre(self) -> float:
        """The mean, or the middle of the range."""
        if self.low is not None and self.high is not None:
            return (self.low + self.high) / 2
        return self.mean or 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation, or a quarter of the range."""
        if self.low is not None and self.high is not None:
            return (self.high - self.low) / 4
        return self.sd or (self.sem or 0.0) * math.sqrt(self.n or 1)
