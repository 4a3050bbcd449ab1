"""Which files of the results a configuration asks for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import count
from pathlib import Path

from dendroflow import mechanisms
from dendroflow.errors import ConfigurationError
from dendroflow.plan.planning import batch_name, description_path, make_plan
from dendroflow.plan.stored import CURRENT, Plan
from dendroflow.settings.figures import PRINT_FORMATS, output_names
from dendroflow.settings.optimise import FIGURES as OPTIMISATION_FIGURES
from dendroflow.settings.project import Configuration, load, read_yaml

# Rules that have a log for each experiment, and the endings of its name.
OF_EXPERIMENTS = {
    "plan_points": ("",),
    "plan_individuals": ("",),
    "gather_features": ("",),
    "render_figures": ("",),
    "draw_optimisation": ("",),
    "audit_experiment": ("",),
    "check_requirements": ("",),
    "export_features": (".csv", ".xlsx"),
    "export_traces": (".csv", ".xlsx"),
}
TABLES = (
    *("plan.parquet", "features.parquet", "feature_values.parquet"),
    *("features.csv", "features.xlsx", "traces.csv", "traces.xlsx"),
)


@dataclass
class Asked:
    """Files and whole folders, relative to the results, and logs as (rule, name)."""

    files: set[Path] = field(default_factory=set)
    folders: set[Path] = field(default_factory=set)
    logs: set[tuple[str, str]] = field(default_factory=set)

    def __contains__(self, path: Path) -> bool:
        return path in self.files or not self.folders.isdisjoint(path.parents)

    def add(self, folder: Path, names: Iterable[str]) -> None:
        """Ask for files of a folder."""
        self.files.update(folder / name for name in names)


def configurations(source: Path, others: Iterable[Path]) -> list[Path]:
    """The configurations that may share the results of `source`, without itself.

    Those in its folder, which are the YAML files with a key `experiments`; and `others`.

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
    own = source.absolute()
    return [path for path in dict.fromkeys(found) if path.absolute() != own]


def asked_of(path: Path, results: Path) -> Asked:
    """What a configuration file asks for; see `asked`."""
    return asked(load(read_yaml(path), path), results)


def asked(configuration: Configuration, results: Path) -> Asked:
    """What a configuration asks for, of all that `results` holds.

    Raises
    ------
    ConfigurationError, ModelError, StoreError
        If an experiment with results cannot be planned: then nothing is known of it.
    """
    found = Asked()
    for name in configuration.experiments:
        _ask_for_what_is_named_after(name, configuration, found)
        if (results / name).is_dir():
            plan = make_plan(configuration, name, results, cores=1)
            _ask_for_batches(plan, found)
            if configuration.experiments[name].optimise is not None:
                _ask_for_search(plan, found)
    _ask_for_builds(configuration, found)
    _ask_for_morphologies(configuration, found)
    return found


def _ask_for_what_is_named_after(name: str, configuration: Configuration, found: Asked) -> None:
    experiment = configuration.experiments[name]
    found.add(Path(name), TABLES)
    found.files.add(Path("audits", f"{name}.parquet"))
    figures = {figure.name: output_names(figure) for figure in experiment.figures}
    if experiment.optimise is not None:
        for figure in OPTIMISATION_FIGURES:
            figures[figure.name] = tuple(f"{figure.name}.{suffix}" for suffix in PRINT_FORMATS)
    for figure_name, files in figures.items():
        found.add(Path("figures", name), files)
        found.files.add(Path("report", name, f"{figure_name}.rst"))
    if experiment.morphology_requires is not None:
        found.files.add(Path("quality", "requirements", f"{name}.txt"))
    found.files.add(description_path(configuration.model_folder(name)))
    for rule, endings in OF_EXPERIMENTS.items():
        found.logs.update((rule, f"{name}{ending}") for ending in endings)


def _ask_for_batches(plan: Plan, found: Asked) -> None:
    experiment, recipe = str(plan.notes["experiment"]), plan.recipe
    found.add(Path(experiment, "plans"), (f"{plan.digest}.parquet", CURRENT))
    for batch in _batches(plan):
        file = f"{batch}.parquet"
        folder = Path(experiment, recipe)
        found.add(folder, (f"outcomes/{file}", f"traces/{file}"))
        found.files.add(folder / "features" / plan.measures / file)
        found.logs.add(("simulate_batch", f"{experiment}-{recipe}-{batch}"))
        found.logs.add(("extract_features", f"{experiment}-{recipe}-{plan.measures}-{batch}"))


def _batches(plan: Plan) -> list[str]:
    """Batches with a requested point; of an optimisation also those that it replaces.

    Without them the next plan would take their names, and simulate again.
    """
    batches = list(plan.batches)
    if "optimisation" in plan.notes:
        key = [plan.notes["optimisation"]["history"]]
        for attempt in count(1):
            name = batch_name(plan.notes["experiment"], plan.recipe, key, attempt)
            if name in plan.batches:
                break
            batches.append(name)
    return batches


def _ask_for_search(plan: Plan, found: Asked) -> None:
    history = Path(plan.notes["optimisation"]["history"])
    experiment, recipe, _, search, _ = history.parts
    generations = history.stem.removeprefix("history-")
    found.files.add(history)
    found.folders.add(history.parent / "checkpoints")
    found.logs.add(("optimise", f"{experiment}-{recipe}-{search}-{generations}"))


def _ask_for_builds(configuration: Configuration, found: Asked) -> None:
    for name, experiment in configuration.experiments.items():
        build = mechanisms.digest(mechanisms.sources(configuration.model_folder(name)))
        if build is None:
            continue
        folder, log = Path("mechanisms", build), build
        if experiment.engine == "coreneuron":
            folder, log = folder / "coreneuron", f"{build}-coreneuron"
        found.add(folder, (mechanisms.LIBRARY, mechanisms.CORENEURON_LIBRARY))
        found.logs.add(("compile_mechanisms", log))


def _ask_for_morphologies(configuration: Configuration, found: Asked) -> None:
    """All of the catalogue, used or not: to fetch one again is what costs."""
    neuron = version("neuron")
    for name, source in configuration.morphologies.items():
        pin = source.sha256[:16] if source.sha256 else "unpinned"
        file = f"{name}.{source.suffix}"
        found.add(
            Path("morphologies", name, pin),
            (file, f"{file}.json", f"sections-{neuron}.npz", "morphometrics.parquet"),
        )
        found.folders.add(Path("quality", name, pin))
        found.logs.add(("fetch_morphology", f"{name}-{pin}.{source.suffix}"))
        found.logs.add(("import_morphology", f"{name}-{pin}-{neuron}"))
        found.logs.update(
            (rule, f"{name}-{pin}") for rule in ("measure_morphology", "appraise_morphology")
        )
    for name in configuration.project.morphometry:
        found.files.add(Path("morphometry", f"{name}.parquet"))
        found.add(Path("figures", "morphometry"), (f"{name}.{end}" for end in PRINT_FORMATS))
        found.files.add(Path("report", "morphometry", f"{name}.rst"))
        found.logs.add(("compare_morphologies", name))
