"""An experiment: a model, what is swept, how it is simulated, what is measured and drawn."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from dendroflow import layout
from dendroflow.settings.base import Interval, Name, Settings, nearest, spelled
from dendroflow.settings.features import AnyDerived, Features
from dendroflow.settings.figures import Figure, Histogram, check_names
from dendroflow.settings.morphologies import MorphologyName
from dendroflow.settings.optimise import FIGURES, Optimise
from dendroflow.settings.quality import Requirements
from dendroflow.settings.simulation import Execution, Simulation
from dendroflow.settings.stimuli import AnyStimulus, Recording
from dendroflow.settings.sweep import Scalar, Sweep, python_name

ColumnName = Annotated[
    str, spelled(r"^[A-Za-z]\w*$", "a name: a letter, then letters, digits and _", 60)
]

# Tables of the database that are not experiments, and what lies beside their folders.
RESERVED_NAMES = layout.TAKEN | {
    *("audits", "batches", "columns", "designs", "experiments", "features", "feature_values"),
    *("model_files", "morphologies", "provenance", "failures"),
}


class Experiment(Settings):
    """The content of `config/experiments/<experiment>.yaml`."""

    title: str = Field(min_length=1, description="heads the figures and the report")
    description: str = Field("", description="what the experiment asks, for the report")
    model: Name = Field(description="a folder of `config/models/`")
    morphology: MorphologyName | None = Field(
        None, description="an entry of `config/morphologies.yaml`, for models that need one"
    )
    morphology_requires: Requirements | None = Field(
        None, description="what the morphologies must be suitable for before anything is simulated"
    )
    parameters: dict[Annotated[str, AfterValidator(python_name)], Scalar] = Field(
        default_factory=dict, description="values that differ from the model's defaults"
    )
    simulation: Simulation = Field(description="NEURON's clock and globals")
    stimuli: dict[Name, AnyStimulus] = Field(
        default_factory=dict, description="what is done at places that the model names"
    )
    record: dict[Name, Recording] = Field(
        default_factory=dict, description="signals besides the model's, at its places"
    )
    engine: Literal["neuron", "coreneuron"] = Field(
        "neuron",
        description="what advances the cells; CoreNEURON is faster, to within 1e-6 mV, for models "
        "without `rxd` and with fixed steps",
    )
    sweep: Sweep | None = Field(None, description="the points; either this or `optimise`")
    optimise: Optimise | None = Field(
        None, description="parameters that are fitted to features, in place of a sweep"
    )
    plausible: dict[str, Interval] = Field(
        default_factory=lambda: {"mV": (-200.0, 200.0), "mM": (-1e-9, 1000.0)},
        description="per unit, the range outside which a signal makes its point `out_of_range`",
    )
    features: Features = Field(description="what is measured on the signals")
    derived: dict[ColumnName, AnyDerived] = Field(
        default_factory=dict, description="columns that follow from features and values"
    )
    figures: Annotated[tuple[Figure, ...], AfterValidator(check_names)] = Field(
        (), description="what is drawn"
    )
    execution: Execution = Field(default_factory=lambda: Execution(), description="how it is run")

    @model_validator(mode="after")
    def _swept_or_optimised(self) -> "Experiment":
        if (self.sweep is None) == (self.optimise is None):
            raise ValueError("give either `sweep` or `optimise`")
        if self.optimise is not None:
            taken = {figure.name for figure in FIGURES} & {figure.name for figure in self.figures}
            for name in taken:
                raise ValueError(
                    f"{name!r} is the name of a figure of `optimise`; choose another `name`"
                )
        return self

    @model_validator(mode="after")
    def _stimuli_that_are_recorded(self) -> "Experiment":
        for name, recording in self.record.items():
            if recording.stimulus is not None and recording.stimulus not in self.stimuli:
                hint = nearest(recording.stimulus, self.stimuli)
                raise ValueError(
                    f"record: {name}: there is no stimulus {recording.stimulus!r}{hint}"
                )
        return self

    @model_validator(mode="after")
    def _all_values_are_kept(self) -> "Experiment":
        counted = [f for f in self.figures if isinstance(f, Histogram) and f.all_values]
        for figure in counted:
            if figure.x not in self.features.kept_values:
                raise ValueError(
                    f"figures: {figure.name}: `all_values` needs an eFEL feature with "
                    f"`keep_values`, which {figure.x} is not"
                )
        return self
