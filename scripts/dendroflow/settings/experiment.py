"""An experiment: a model, what is swept, how it is simulated, what is measured and drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from dendroflow import layout
from dendroflow.settings.analysis import DESIGNS, POPULATION_FIGURES, Analysis
from dendroflow.settings.analysis import FIGURES as ANALYSIS_FIGURES
from dendroflow.settings.any_figure import OwnFigure
from dendroflow.settings.base import Interval, Name, Settings, each_once, nearest, spelled
from dendroflow.settings.expressions import Expression
from dendroflow.settings.features import AnyDerived, Features
from dendroflow.settings.figures import Figure, check_names
from dendroflow.settings.figures_of_columns import Distribution
from dendroflow.settings.morphologies import MorphologyName
from dendroflow.settings.morphometry import MetricName
from dendroflow.settings.optimise import FIGURES as OPTIMISATION_FIGURES
from dendroflow.settings.optimise import Optimise
from dendroflow.settings.protocols import Protocol
from dendroflow.settings.quality import Requirements
from dendroflow.settings.recordings import Recorded
from dendroflow.settings.simulation import Execution, Simulation
from dendroflow.settings.stimuli import AnyStimulus, Recording
from dendroflow.settings.style import Style, with_style
from dendroflow.settings.sweep import Scalar, Sweep, python_name, swept_paths
from dendroflow.settings.targets import ColumnMeant, Target

ColumnName = Annotated[
    str, spelled(r"^[A-Za-z]\w*$", "a name: a letter, then letters, digits and _", 60)
]

# Tables and views of the database that are not experiments, and what lies beside their folders.
RESERVED_NAMES = layout.TAKEN | {
    *("audits", "batches", "columns", "designs", "experiments", "features", "feature_values"),
    *("model_files", "morphologies", "provenance", "failures", "runs", "traces", "trials"),
    *("individuals", "criteria", "replicates", "sensitivity", "recordings", "recorded_targets"),
    *("points_long", "settings", "panels"),
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
    engine: Literal["auto", "neuron", "coreneuron"] = Field(
        "auto",
        description="what advances the cells; CoreNEURON is three times as fast where a cell has "
        "many mechanisms of its own; `auto` takes it where it is known to give the same",
    )
    sweep: Sweep | None = Field(
        None, description="the points; without it and `optimise` there is one, of all values here"
    )
    optimise: Optimise | None = Field(
        None, description="parameters that are fitted to features, in place of a sweep"
    )
    plausible: dict[str, Interval] = Field(
        default_factory=lambda: {"mV": (-200.0, 200.0), "mM": (-1e-9, 1000.0)},
        description="per unit, the range outside which a signal makes its point `out_of_range`",
    )
    protocols: dict[Name, Protocol] = Field(
        default_factory=dict,
        description="name: stimuli and settings under which every point is simulated",
    )
    features: Features = Field(
        Features(()), description="what is measured on the signals, under every protocol"
    )
    morphometrics: Annotated[tuple[MetricName, ...], AfterValidator(each_once)] = Field(
        (), description="columns that describe a point's morphology, such as `soma_area`"
    )
    derived: dict[ColumnName, AnyDerived] = Field(
        default_factory=dict, description="columns that follow from features and values"
    )
    targets: dict[ColumnMeant, Target] = Field(
        default_factory=dict,
        description="what features should be, by the names of their columns; points get scores",
    )
    figures: Annotated[tuple[Figure, ...], AfterValidator(check_names)] = Field(
        (), description="what is drawn"
    )
    style: Style = Field(Style(), description="how its figures look on the page")
    analysis: Analysis = Field(
        default_factory=Analysis, description="what is made of the table of points"
    )
    execution: Execution = Field(default_factory=lambda: Execution(), description="how it is run")

    @model_validator(mode="before")
    @classmethod
    def _style_of_figures(cls, content: Any) -> Any:
        return with_style(content, "figures")

    @model_validator(mode="after")
    def _sweep_for_its_analysis(self) -> "Experiment":
        asked = self.analysis.sensitivity
        if asked is None:
            return self
        if self.sweep is None:
            raise ValueError("analysis: sensitivity: needs a `sweep`")
        design = DESIGNS.get(asked.method)
        alone = len(self.sweep) == 1 and {n for n, d in self.sweep[0] if d} == {design}
        if design and not alone:
            raise ValueError(
                f"analysis: sensitivity: method {asked.method} needs a sweep that is one "
                f"`{design}` design and nothing beside it; write one, or `method: pawn`"
            )
        return self

    @model_validator(mode="after")
    def _swept_or_optimised(self) -> "Experiment":
        if self.sweep is not None and self.optimise is not None:
            raise ValueError("give either `sweep` or `optimise`")
        return self

    @model_validator(mode="after")
    def _figures_of_other_names(self) -> "Experiment":
        own = {figure.name for figure in self.own_figures}
        for name in own.intersection(figure.name for figure in self.figures):
            of = "analysis" if self.optimise is None else "optimise"
            raise ValueError(f"{name!r} is the name of a figure of `{of}`; choose another `name`")
        return self

    @model_validator(mode="after")
    def _targets_with_means(self) -> "Experiment":
        optimise = self.optimise
        if optimise is not None and not self.targets:
            raise ValueError("targets: `optimise` needs them, beside it: feature -> mean and sd")
        without = [n for n, t in self.targets.items() if t.mean is None and t.recordings is None]
        if without and (optimise is None or optimise.reference is None):
            raise ValueError(
                f"targets.{without[0]}: give its mean, or to `optimise` a `reference` to take it "
                "from"
            )
        if optimise is not None and optimise.reference is not None and not without:
            raise ValueError(
                "optimise.reference: not needed, since every target has a mean; remove it"
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
    def _complete(self) -> "Experiment":
        if self.protocols:
            for name in self.protocols:
                self.under(name)
            self.levels  # noqa: B018
            return self
        if self.simulation.duration is None:
            raise ValueError("simulation: duration is required, and missing")
        if not self.features.blocks:
            raise ValueError("features: is required, and missing")
        for block in self.features.blocks:
            if block.efel and block.stimulus is None:
                raise ValueError("features: `efel` needs `stimulus: [start, end]` in ms")
        for name, stimulus in self.stimuli.items():
            for key in stimulus.formulas:
                raise ValueError(
                    f"stimuli: {name}: {key}: {stimulus.formulas[key]!r} needs `protocols` of "
                    "which one searches"
                )
        return self

    def under(self, protocol: str) -> "Experiment":
        """What it is under one of its protocols: an experiment without protocols.

        Raises
        ------
        ValueError
            If the two do not go together.
        """
        with _located(f"protocols: {protocol}"):
            own = self.protocols[protocol]
            stimuli = own.stimulated(self.stimuli)
            features = own.measured(self.features, stimuli)
            if not features.blocks and not own.search:
                raise ValueError("features: nothing is measured under it")
            for block in features.blocks:
                if block.efel and block.stimulus is None:
                    raise ValueError(
                        "features: `efel` needs `stimulus: [start, end]` in ms, or the protocol "
                        "a `window`"
                    )
            there = {n: r for n, r in self.record.items() if r.stimulus in (None, *stimuli)}
            update = {
                "simulation": own.simulated(self.simulation),
                "stimuli": stimuli,
                "features": features,
                "record": there,
                **{"protocols": {}, "figures": (), "derived": {}},
            }
        return self.model_copy(update=update)

    @property
    def measured(self) -> dict[str, Features]:
        """What is measured under each protocol; under "" where there is none."""
        if not self.protocols:
            return {"": self.features}
        return {name: self.under(name).features for name in self.protocols}

    @property
    def fitted(self) -> "Experiment":
        """What a fit simulates: without protocols for validation that no other needs."""
        if not any(protocol.validation for protocol in self.protocols.values()):
            return self
        kept = {name for name, protocol in self.protocols.items() if not protocol.validation}
        for names in reversed(self.levels):
            kept |= {needed for name in kept.intersection(names) for needed in self.needs(name)}
        update: dict[str, Any] = {
            "protocols": {name: self.protocols[name] for name in self.protocols if name in kept},
            "targets": {n: t for n, t in self.targets.items() if not self.validates(n)},
        }
        columns = {
            f"{name}_{column}"
            for name in self.protocols
            if name not in kept
            for column in (*self.found(name), *self.under(name).features.columns)
        }
        update["derived"] = {
            name: one
            for name, one in self.derived.items()
            if not Expression(one.expression).names & columns
        }
        return self.model_copy(update=update)

    @property
    def own_figures(self) -> tuple[OwnFigure, ...]:
        """The figures that it draws besides those that it declares."""
        optimised = OPTIMISATION_FIGURES if self.optimise is not None else ()
        analysed = ANALYSIS_FIGURES if self.analysis.sensitivity else ()
        population = POPULATION_FIGURES if self.analysis.population else ()
        return (*optimised, *analysed, *population)

    @property
    def scored(self) -> list[str]:
        """The targets that do not wait for a reference: points have their scores."""
        return [n for n, t in self.targets.items() if t.mean is not None or t.recordings]

    def validates(self, column: str) -> bool:
        """Whether a column is of a protocol for validation."""
        name = self.protocol_of(column)
        return bool(name) and self.protocols[name].validation

    def protocol_of(self, column: str) -> str:
        """The protocol that a column is of; "" if none."""
        return max((n for n in self.protocols if column.startswith(f"{n}_")), key=len, default="")

    @property
    def swept(self) -> set[str]:
        """The paths that are swept or optimised, but for those of tables in files."""
        fitted = self.optimise.parameters if self.optimise else ()
        return swept_paths(self.sweep or ()).union(fitted)

    @property
    def recorded(self) -> list[tuple[str, str]]:
        """Each set of recordings that targets come from, with a protocol that it is for."""
        found = ((t.set_name, self.protocol_of(n)) for n, t in self.targets.items() if t.recordings)
        return sorted(set(found))

    def recorded_under(self, protocol: str) -> Recorded:
        """Which recordings are compared with a protocol."""
        own = self.protocols[protocol].recorded if protocol else None
        return own or Recorded()

    def formulas(self, protocol: str) -> dict[str, str]:
        """Path and expression of each number of a protocol that follows from others' searches."""
        searched = self.protocols[protocol].search
        return {
            path: formula
            for name, stimulus in self.under(protocol).stimuli.items()
            for key, formula in stimulus.formulas.items()
            if (path := f"stimuli.{name}.{key}") != (searched and searched.path)
        }

    def found(self, protocol: str) -> dict[str, str]:
        """Columns of what the search of a protocol finds, and what each is."""
        search = self.protocols[protocol].search
        if search is None:
            return {}
        column = search.column
        found = {
            column: f"{search.kind} {column} of {protocol}".replace("_", " "),
            "low": f"lower end of the bracket of {protocol}",
            "high": f"upper end of the bracket of {protocol}",
            "changes": f"how often the condition of {protocol} changes",
            "end": f"how the search of {protocol} ended",
        }
        if column == "amplitude":
            found["holding"] = f"steady current beside the one searched by {protocol}"
            found["total"] = f"both currents of {protocol} together"
        return found

    def needs(self, protocol: str) -> set[str]:
        """The protocols whose searches it needs.

        Raises
        ------
        ValueError
            If an expression names what no search finds, and no parameter.
        """
        columns = {f"{p}_{column}": p for p in self.protocols for column in self.found(p)}
        needed = set()
        for path, formula in self.formulas(protocol).items():
            for name in Expression(formula).names:
                if name in columns and not name.endswith("_end"):
                    needed.add(columns[name])
                else:
                    hint = nearest(name, [c.replace("_", ".", 1) for c in columns])
                    raise ValueError(
                        f"protocols: {protocol}: {path}: no search finds {name!r}{hint}"
                    )
        return needed

    @property
    def levels(self) -> list[list[str]]:
        """Protocols that can be simulated at once, those that need no search first.

        Raises
        ------
        ValueError
            If protocols need each other.
        """
        sorter = TopologicalSorter({name: self.needs(name) for name in self.protocols})
        try:
            sorter.prepare()
        except CycleError as error:
            circle = " needs ".join(reversed(error.args[1]))
            raise ValueError(f"protocols: {circle}: none of them can be the first") from None
        found = []
        while sorter.is_active():
            ready = sorter.get_ready()
            found.append([name for name in self.protocols if name in ready])
            sorter.done(*ready)
        return found

    @model_validator(mode="after")
    def _all_values_are_kept(self) -> "Experiment":
        counted = [f for f in self.figures if isinstance(f, Distribution) and f.all_values]
        for figure in counted:
            kept = [
                f"{protocol}_{column}" if protocol else column
                for protocol, features in self.measured.items()
                for column in features.kept_values
            ]
            if figure.x not in kept:
                raise ValueError(
                    f"figures: {figure.name}: `all_values` needs an eFEL feature with "
                    f"`keep_values`, which {figure.x} is not"
                )
        return self


@contextmanager
def _located(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
