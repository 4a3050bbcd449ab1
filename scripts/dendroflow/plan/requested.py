"""Which files of the results a configuration asks for."""

from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

from dendroflow import layout
from dendroflow.errors import ConfigurationError, StoreError
from dendroflow.layout import Pattern
from dendroflow.plan.cached import Cached
from dendroflow.plan.engine import engine_of
from dendroflow.plan.models import names_of
from dendroflow.plan.morphologies import names_of_morphology
from dendroflow.plan.planning import make_plan, names_to_come
from dendroflow.plan.stored import Plan
from dendroflow.settings.figures import output_names
from dendroflow.settings.project import Configuration, read_yaml
from dendroflow.tables.tables import read_notes


class Requested:
    """Files, and folders with all that is in them, relative to the results."""

    def __init__(self) -> None:
        self.files: set[Path] = set()
        self.folders: set[Path] = set()

    def __contains__(self, path: Path) -> bool:
        return path in self.files or not self.folders.isdisjoint(path.parents)

    def add(self, *patterns: Pattern, **values: Any) -> None:
        """Ask for files of these values."""
        self.files.update(pattern.below(Path(), **values) for pattern in patterns)

    def add_folder(self, pattern: Pattern, **values: Any) -> None:
        """Ask for all that lies beside a file."""
        self.folders.add(pattern.below(Path(), **values).parent)


def configurations(source: Path, others: Iterable[Path], results: Path) -> list[Path]:
    """The configurations that may share the results of `source`, without itself.

    Those in its folder, which are the YAML files with a key `experiments`; `others`; and those
    that the results name, as far as they still exist.

    Raises
    ------
    ConfigurationError
        If one of them cannot be read.
    """
    found = []
    for path in sorted(source.parent.glob("*.yaml")):
        content = read_yaml(path)
        if isinstance(content, dict) and "experiments" in content:
            found.append(path)
    for path in others:
        if not isinstance(read_yaml(path), dict):
            raise ConfigurationError(f"{path}: holds no configuration; name one with `experiments`")
        found.append(path)
    for table in sorted(results.glob("*/features.parquet")):
        path = Path(read_notes(table)["configuration"])
        if path.exists():
            found.append(path)
    return list({p.absolute(): p for p in found if p.absolute() != source.absolute()}.values())


def requested(configuration: Configuration, results: Path) -> Requested:
    """What a configuration asks for, of all that `results` holds.

    Raises
    ------
    ConfigurationError, ModelError, StoreError
        If an experiment with results cannot be planned: then nothing is known of it.
    """
    found = Requested()
    found.add(layout.DATABASE, layout.FAILURES, layout.VERDICT, layout.AUDIT_VERDICT)
    found.add(layout.REPORT, layout.EXPLORER)
    for name in configuration.experiments:
        _ask_for_experiment(configuration, name, found)
        if (results / name).is_dir():
            _ask_for_batches(make_plan(configuration, name, results, cores=1), results, found)
    for name in configuration.morphologies:
        # All of the catalogue, used or not: to fetch one again is what costs.
        values = names_of_morphology(configuration, name)
        found.add(layout.MORPHOLOGY, layout.METADATA, **values)
        found.add(layout.SECTIONS, layout.MORPHOMETRICS, **values)
        found.add_folder(layout.CHECKS, **values)
    for scope in layout.WILDCARDS["scope"].split("|"):
        found.add(layout.QUALITY_PAGE, scope=scope)
    for name, page in configuration.project.panels.items():
        folder = layout.PANELS.below(Path())
        found.files.add(folder)
        found.files.update(folder / f"{name}.{suffix}" for suffix in page.style.formats)
    for name in configuration.project.morphometry:
        found.add(layout.MORPHOMETRY_SCORES, comparison=name)
        for image in configuration.project.style.formats:
            found.add(layout.MORPHOMETRY_FIGURE, comparison=name, image=image)
    return found


def _ask_for_experiment(configuration: Configuration, name: str, found: Requested) -> None:
    experiment = configuration.experiments[name]
    tables = (layout.PLAN, layout.FEATURES, layout.FEATURE_VALUES, layout.RUNS)
    found.add(*tables, experiment=name)
    exports = (layout.SBI_EXPORT, layout.ACCEPTED_EXPORT)
    found.add(layout.AUDIT, layout.REQUIREMENTS, *exports, experiment=name)
    for table in ("csv", "xlsx"):
        found.add(layout.FEATURES_EXPORT, layout.TRACES_EXPORT, experiment=name, format=table)
    files = [file for figure in experiment.figures for file in output_names(figure)]
    files += [
        f"{f.name}.{suffix}" for f in experiment.own_figures for suffix in experiment.style.formats
    ]
    if experiment.analysis.sensitivity:
        found.add(layout.SENSITIVITY, experiment=name)
    if files:
        found.add(layout.FIGURES, experiment=name)
    folder = layout.FIGURES.below(Path(), experiment=name)
    found.files.update(folder / file for file in files)
    model = names_of(configuration.model_folder(name))
    found.add(layout.DESCRIPTION, model_copy=model.copy)
    found.add_folder(layout.MODEL_COPY, model_copy=model.copy)
    engine = engine_of(experiment, model).name
    if build := model.build(engine):
        coreneuron = engine == "coreneuron"
        library = layout.MECHANISMS_FOR_CORENEURON if coreneuron else layout.MECHANISMS
        found.add(library, layout.CORENEURON, layout.LOOPS, build=build)


def _ask_for_batches(plan: Plan, results: Path, found: Requested) -> None:
    experiment, code = plan.notes["experiment"], plan.simulation_code
    cached, batches = Cached(results, experiment, code, plan.feature_code), list(plan.batches)
    if "optimisation" in plan.notes:
        histories = plan.notes["optimisation"]["histories"]
        for history in histories:
            found.add_folder(Pattern(history))
        levels = {said["level"] for said in plan.notes["protocols"].values()} or {0}
        for level in levels:
            # Those that its batch replaces, too: the next plan would take a name that is free.
            names = names_to_come(cached, histories, level)
            batches += takewhile(lambda name: name not in plan.batches, names)
    if code_of_recordings := plan.notes["recorded"]:
        values = {"experiment": experiment, "recorded": code_of_recordings}
        found.add(layout.RECORDED, layout.RECORDED_TRACES, **values)
    found.add(layout.SHARING, **plan.codes)
    found.add_folder(layout.UNFINISHED, **plan.codes, batch="", number="")
    for batch in batches:
        kinds = (layout.TRACES, layout.OUTCOMES, layout.BATCH_FEATURES, layout.FEATURES_ALONE)
        found.add(*kinds, **plan.codes, batch=batch)
        try:
            copy = read_notes(cached.outcomes(batch))["model_copy"]
        except (StoreError, OSError):
            continue
        found.add_folder(layout.MODEL_COPY, model_copy=copy)
