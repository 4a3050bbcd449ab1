"""What the rules ask: which files, cores and settings a job needs, from the configuration."""

import shutil
import sys
from collections.abc import Callable, Iterable
from functools import cache, wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from dendroflow import layout
from dendroflow.errors import ConfigurationError, DendroflowError
from dendroflow.jobs.configured import digest_of_settings
from dendroflow.layout import Pattern
from dendroflow.plan.engine import engine_of
from dendroflow.plan.models import ModelNames, names_of
from dendroflow.plan.morphologies import check_sources, names_of_morphology
from dendroflow.plan.planning import make_plan
from dendroflow.plan.resources import Resources, cores_of_batch, resources
from dendroflow.plan.stored import Plan
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.figures import signals as drawn_signals
from dendroflow.settings.project import Configuration
from dendroflow.tables.sharing import Verdict

Wildcards = Any
Method = TypeVar("Method", bound=Callable[..., Any])

# A module's Snakefile is run for each `use rule`: what was planned is planned.
_PLANS: dict[tuple[str, str], Plan] = {}


def _in_one_line(method: Method) -> Method:
    """Let an error end Snakemake in the one line that it says."""

    @wraps(method)
    def ending(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except DendroflowError as error:
            sys.exit(str(error))
        except OSError as error:
            sys.exit(f"results cannot be read or written: {error}")

    return cast(Method, ending)


class Workflow:
    """A configuration, and the results that it makes.

    Parameters
    ----------
    results
        the folder of results, as this process sees it.
    cores
        cores of this machine; None where jobs run elsewhere.
    planner
        whether this process plans; others, on nodes of a cluster, read what was planned.
    finished
        marks a path as one that no job makes.
    begin
        is called before a plan is made; returns whether jobs are about to run, so that files may be
        written.
    tell
        receives a line for each plan.
    """

    def __init__(
        self,
        configuration: Configuration,
        results: Path,
        cores: int | None,
        *,
        planner: bool,
        finished: Callable[[str], str],
        begin: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> None:
        self.configuration, self.results, self.cores = configuration, results, cores
        self._planner, self._finished, self._begin, self._tell = planner, finished, begin, tell
        self._name = f"{results} {configuration.model_dump_json()}"
        self.experiments = list(configuration.experiments)
        found = configuration.experiments.items()
        self.keeping_traces = [name for name, said in found if said.execution.keep_traces]

    @_in_one_line
    def plan(self, experiment: str) -> Plan:
        """The plan of an experiment, made when the first job asks for it."""
        key = (self._name, experiment)
        if key not in _PLANS:
            keep = self._begin()
            _PLANS[key] = self._make(experiment, keep) if self._planner else self._read(experiment)
        return _PLANS[key]

    def _make(self, experiment: str, keep: bool) -> Plan:
        cores = self.cores or 1
        plan = make_plan(self.configuration, experiment, self.results, cores, keep=keep)
        batches = "1 batch" if len(plan.new) == 1 else f"{len(plan.new)} batches"
        noun = "run" if plan.notes["protocols"] else "point"
        self._tell(
            f"{experiment}: {plan.requested} {noun}{'s' * (plan.requested != 1)} requested, "
            f"{plan.requested - plan.to_run} cached, {plan.to_run} to run in {batches}"
        )
        if why := plan.notes["engine_why"]:
            self._tell(f"{experiment}: engine {plan.notes['engine']}, since {why}")
        return plan

    def _read(self, experiment: str) -> Plan:
        if self.configuration.experiments[experiment].optimise is not None:
            # The table of its points comes after the search, whose job asks already.
            return make_plan(self.configuration, experiment, self.results, cores=1)
        return Plan.read(layout.PLAN.below(self.results, experiment=experiment))

    def to_run(self) -> dict[str, int]:
        """Number of points in new batches of each experiment that is planned."""
        plans = {
            experiment: _PLANS.get((self._name, experiment)) for experiment in self.experiments
        }
        return {experiment: plan.to_run + plan.kept for experiment, plan in plans.items() if plan}

    def made(self, pattern: Pattern, **values: Any) -> str:
        """A path; one that is there already, and named by its content, has no producer."""
        path = pattern.of(**values)
        return self._finished(path) if pattern.below(self.results, **values).exists() else path

    def declared(self, wildcards: Wildcards) -> Experiment:
        """The experiment of a job."""
        return self.configuration.experiments[wildcards.experiment]

    def uses(self, *keys: str) -> Callable[[Wildcards], str]:
        """What Snakemake tracks of the configuration: a digest of the keys that a rule uses."""

        def settings(wildcards: Wildcards) -> str:
            experiment = wildcards.get("experiment")
            return digest_of_settings(self.configuration, experiment, keys)

        return settings

    # Models and mechanisms ---------------------------------------------------------------------

    @cache  # noqa: B019
    @_in_one_line
    def model(self, experiment: str) -> ModelNames:
        """What names the model of an experiment."""
        return names_of(self.configuration.model_folder(experiment))

    def model_copy(self, wildcards: Wildcards) -> str:
        """The copy of the model of a job."""
        return self.made(layout.MODEL_COPY, model_copy=self._model_of(wildcards).copy)

    def name_of_model(self, wildcards: Wildcards) -> str:
        """The name of the model of a job."""
        return self._model_of(wildcards).folder.name

    @_in_one_line
    def _model_of(self, wildcards: Wildcards) -> ModelNames:
        if wildcards.get("experiment") is not None:
            return self.model(wildcards.experiment)
        name = wildcards.get("model_copy") or wildcards.get("build")
        for model in map(self.model, self.experiments):
            if name in (model.copy, model.mechanisms, model.coreneuron):
                return model
        raise ConfigurationError("no model of this configuration has these files any more")

    def mechanisms(self, wildcards: Wildcards) -> list[str]:
        """The compiled mechanisms of an experiment's model; nothing if it has none."""
        model = self.model(wildcards.experiment)
        engine = self._engine(wildcards.experiment)
        build, coreneuron = model.build(engine), engine == "coreneuron"
        pattern = layout.MECHANISMS_FOR_CORENEURON if coreneuron else layout.MECHANISMS
        return [self.made(pattern, build=build)] if build else []

    @cache  # noqa: B019
    @_in_one_line
    def _engine(self, experiment: str) -> str:
        return engine_of(self.configuration.experiments[experiment], self.model(experiment)).name

    def all_mechanisms(self, wildcards: Wildcards) -> list[str]:
        """Those of all experiments."""
        each = (SimpleNamespace(experiment=name) for name in self.experiments)
        return sorted({path for one in each for path in self.mechanisms(one)})

    # Morphologies ------------------------------------------------------------------------------

    def of_morphology(self, pattern: Pattern, name: str) -> str:
        """A file of a morphology."""
        values = names_of_morphology(self.configuration, name)
        # Their names do not follow the code that makes them.
        remade = pattern in (layout.MORPHOMETRICS, layout.CHECKS, layout.PICTURE)
        return pattern.of(**values) if remade else self.made(pattern, **values)

    def of_this_morphology(self, pattern: Pattern) -> Callable[[Wildcards], str]:
        """A file of the morphology of a job."""
        return lambda wildcards: self.of_morphology(pattern, wildcards.morphology)

    def all_morphologies(self, pattern: Pattern) -> Callable[[Wildcards], list[str]]:
        """A file of each morphology that any experiment needs, or of the whole catalogue."""

        def paths(wildcards: Wildcards) -> list[str]:
            if wildcards.get("scope") == "catalogue":
                names = set(self.configuration.morphologies)
            else:
                names = {m for e in self.experiments for m in self.plan(e).morphologies()}
            return [self.of_morphology(pattern, name) for name in sorted(names)]

        return paths

    def sections(self, wildcards: Wildcards) -> list[str]:
        """Sections of the morphologies of a batch, or of an experiment."""
        names = self.plan(wildcards.experiment).morphologies(wildcards.get("batch"))
        return [self.of_morphology(layout.SECTIONS, name) for name in names]

    @_in_one_line
    def compared(self, wildcards: Wildcards) -> list[str]:
        """Morphometrics of the morphologies of a comparison."""
        names = self.configuration.project.morphometry[wildcards.comparison].morphologies
        if self._planner:
            check_sources(self.configuration, names, self.results)
        return [self.of_morphology(layout.MORPHOMETRICS, name) for name in names]

    def morphometrics(self, wildcards: Wildcards) -> list[str]:
        """Morphometrics of the morphologies of an experiment that asks for some."""
        if not self.declared(wildcards).morphometrics:
            return []
        names = self.plan(wildcards.experiment).morphologies()
        return [self.of_morphology(layout.MORPHOMETRICS, name) for name in names]

    @_in_one_line
    def required(self, wildcards: Wildcards) -> list[str]:
        """Findings on the morphologies of an experiment that requires something of them."""
        names = self.plan(wildcards.experiment).morphologies()
        if not names:
            path = self.configuration.experiment_file(wildcards.experiment)
            raise ConfigurationError(
                f"{path}: morphology_requires: none of its points has a morphology; remove the key"
            )
        return [self.of_morphology(layout.CHECKS, name) for name in names]

    def requirements(self, wildcards: Wildcards) -> list[str]:
        """What says that an experiment's morphologies meet what it requires, if it does."""
        if self.declared(wildcards).morphology_requires is None:
            return []
        return [layout.REQUIREMENTS.of(experiment=wildcards.experiment)]

    # Batches -----------------------------------------------------------------------------------

    def batches(self, pattern: Pattern) -> Callable[[Wildcards], list[str]]:
        """A file of each batch of an experiment."""
        return lambda wildcards: self._batches(wildcards.experiment, pattern)

    def _batches(self, experiment: str, pattern: Pattern) -> list[str]:
        plan = self.plan(experiment)
        return [self.of_batch(pattern, plan, batch) for batch in plan.batches]

    def of_batch(self, pattern: Pattern, plan: Plan, batch: str) -> str:
        """A file of a batch; of one that is still to be simulated, all files have a producer."""
        values = plan.codes | {"batch": batch}
        if pattern is layout.BATCH_FEATURES and not plan.feature_code:
            pattern = layout.FEATURES_ALONE
        return pattern.of(**values) if batch in plan.work else self.made(pattern, **values)

    def this_batch(self, pattern: Pattern) -> Callable[[Wildcards], str]:
        """A file of the batch of a job."""
        return lambda wildcards: self.of_batch(
            pattern, self.plan(wildcards.experiment), wildcards.batch
        )

    def searches(self, wildcards: Wildcards) -> list[str]:
        """Outcomes of the batches whose searches the runs of a batch need."""
        plan = self.plan(wildcards.experiment)
        needed = plan.searches(wildcards.batch)
        return [self.of_batch(layout.OUTCOMES, plan, batch) for batch in needed]

    def outcomes(self, wildcards: Wildcards) -> list[str]:
        """Outcomes of all batches of all experiments."""
        return [path for e in self.experiments for path in self._batches(e, layout.OUTCOMES)]

    def recorded(self, pattern: Pattern) -> Callable[[Wildcards], list[str]]:
        """What recordings give for the targets of an experiment; nothing if none do."""
        return lambda wildcards: self._recorded(pattern, wildcards.experiment)

    def _recorded(self, pattern: Pattern, experiment: str) -> list[str]:
        code = self.plan(experiment).notes["recorded"]
        return [self.made(pattern, experiment=experiment, recorded=code)] if code else []

    def composed(self, wildcards: Wildcards) -> list[str]:
        """What the figures that stand on pages with others are drawn from."""
        tables = (layout.FEATURES, layout.FEATURE_VALUES, layout.RUNS)
        return [table.of(experiment=name) for name in self._composed() for table in tables]

    def composed_traces(self, wildcards: Wildcards) -> list[str]:
        """Traces of the experiments of `composed`."""
        return [path for name in self._composed() for path in self._traces_to_draw(name)]

    def composed_recordings(self, wildcards: Wildcards) -> list[str]:
        """Recordings of the experiments of `composed`."""
        pattern = layout.RECORDED_TRACES
        return [path for name in self._composed() for path in self._recorded(pattern, name)]

    def _composed(self) -> list[str]:
        pages = self.configuration.project.panels.values()
        return sorted({said.split(".")[0] for page in pages for said in page.figures.values()})

    def history(self, wildcards: Wildcards) -> list[str]:
        """The individuals of an experiment that optimises."""
        if self.declared(wildcards).optimise is None:
            return []
        paths = self.plan(wildcards.experiment).notes["optimisation"]["histories"]
        return [self.made(Pattern(path)) for path in paths]

    def batch_resources(self, wildcards: Wildcards, attempt: int = 1) -> Resources:
        """Cores, memory and time that a batch asks for."""
        name = wildcards.experiment
        plan, allowed = self.plan(name), self.declared(wildcards).execution.cores_per_batch
        cores = cores_of_batch(plan, wildcards.batch, allowed, self.cores_of_job(wildcards))
        signals = sum(column["kind"] == "signal" for column in plan.notes["columns"])
        known = Verdict.read(layout.SHARING.below(self.results, **plan.codes))
        measured = known.samples if known else 0
        return resources(plan, wildcards.batch, signals, cores, attempt, measured=measured)

    def cores_of_job(self, wildcards: Wildcards) -> int:
        """All cores of this machine; elsewhere as many as a batch may have.

        A job on a node must come to the same number as the process that asked for its cores.
        """
        return self.cores or self.declared(wildcards).execution.cores_per_batch

    def cores_of_audit(self, wildcards: Wildcards) -> int:
        """The same, but no more than there are points to simulate."""
        points = self.plan(wildcards.experiment).requested
        return min(self.cores_of_job(wildcards), self.configuration.project.audit.size(points))

    # What comes out ----------------------------------------------------------------------------

    def traces_to_draw(self, wildcards: Wildcards) -> list[str]:
        """Traces of all batches, if any figure of the experiment draws signals."""
        return self._traces_to_draw(wildcards.experiment)

    def _traces_to_draw(self, experiment: str) -> list[str]:
        drawn = any(map(drawn_signals, self.configuration.experiments[experiment].figures))
        return self._batches(experiment, layout.TRACES) if drawn else []

    def analysed(self, pattern: Pattern) -> list[str]:
        """A file of each experiment whose sensitivity is asked for."""
        found = self.configuration.experiments.items()
        return [pattern.of(experiment=name) for name, said in found if said.analysis.sensitivity]

    def sensitivity(self, wildcards: Wildcards) -> list[str]:
        """The indices of an experiment, if they are asked for."""
        path = layout.SENSITIVITY.of(experiment=wildcards.experiment)
        return [path] if self.declared(wildcards).analysis.sensitivity else []

    def traces_to_explore(self, wildcards: Wildcards) -> list[str]:
        """Traces of all experiments that keep them."""
        return [path for e in self.keeping_traces for path in self._batches(e, layout.TRACES)]

    @_in_one_line
    def traces_to_export(self, wildcards: Wildcards) -> list[str]:
        """Traces of all batches of an experiment that keeps them."""
        if wildcards.experiment not in self.keeping_traces:
            path = self.configuration.experiment_file(wildcards.experiment)
            raise ConfigurationError(
                f"{path}: execution.keep_traces is false, so there is nothing to write into "
                f"traces.{wildcards.format}: set it to true"
            )
        return self._batches(wildcards.experiment, layout.TRACES)

    def figures(self, wildcards: Wildcards) -> list[str]:
        """The folders of figures of all experiments that draw any."""
        found = self.configuration.experiments.items()
        drawing = [name for name, said in found if said.figures or said.own_figures]
        if self._begin():
            other = [] if self.configuration.project.panels else ["panels"]
            for name in {*self.experiments, *other}.difference(drawing):
                self._remove_figures(layout.FIGURES.below(self.results, experiment=name))
        pages = [layout.PANELS] if self.configuration.project.panels else []
        return [*(layout.FIGURES.of(experiment=name) for name in drawing), *pages]

    @_in_one_line
    def _remove_figures(self, folder: Path) -> None:
        """Remove what an experiment drew that draws nothing any more, if a job has made it."""
        if (folder / ".snakemake_timestamp").exists():
            shutil.rmtree(folder)
            self._tell(f"{folder}: removed, since {folder.name} asks for no figures any more")

    def audits(self, asked: bool) -> list[str]:
        """Audits of all experiments if they are asked for, else those that there are."""
        if asked:
            return [layout.AUDIT.of(experiment=name) for name in self.experiments]
        audits = {e: layout.AUDIT.below(self.results, experiment=e) for e in self.experiments}
        there = [experiment for experiment, path in audits.items() if path.exists()]
        return [self.made(layout.AUDIT, experiment=experiment) for experiment in there]


def one_of(names: Iterable[str]) -> str:
    """A pattern that matches these names; one that nothing matches if there are none."""
    return "|".join(names) or "0"
