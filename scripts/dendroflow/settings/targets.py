"""Targets: what features should be, in means and standard deviations."""

from typing import Annotated

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from dendroflow.settings.base import Positive, Settings, spelled


def column_meant(name: str) -> str:
    """The column that is meant: `step1.AP_width` is `step1_AP_width`."""
    return name.replace(".", "_")


ColumnMeant = Annotated[str, AfterValidator(column_meant)]


class Target(Settings):
    """What a feature should be: a mean and a standard deviation, given or from recordings."""

    mean: FiniteFloat | None = Field(
        None,
        description="value to reach, in the feature's unit; null: that of the reference of "
        "`optimise`, or of the recordings",
    )
    sd: Positive | None = Field(
        None,
        description="standard deviation of the target: the unit of the score; with `from`, the "
        "least, where cells are one or agree",
    )
    recordings: (
        Annotated[
            str, spelled(r"^recordings\.[a-z][a-z0-9_]*$", "recordings.<name of a set of them>")
        ]
        | None
    ) = Field(
        None, alias="from", description="recordings from which mean and SD come, over their cells"
    )

    @model_validator(mode="after")
    def _complete(self) -> "Target":
        if self.recordings is None and self.sd is None:
            raise ValueError("sd is required, and missing")
        if self.recordings is not None and self.mean is not None:
            raise ValueError("give either `mean` or `from`")
        return self

    @property
    def set_name(self) -> str:
        """The set of recordings that it comes from; "" if none."""
        return (self.recordings or "").removeprefix("recordings.")
