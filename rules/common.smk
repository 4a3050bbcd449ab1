"""The configuration, parsed once, and what input functions ask of it."""

import json
import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from dendroflow import mechanisms as compiled
from dendroflow.jobs.lock import claim
from dendroflow.errors import DendroflowError, StoreError
from dendroflow.jobs.job import RUN, name_interpreter_without_spaces
from dendroflow.plan.code import digest_of_library
from dendroflow.plan.planning import described, make_plan
from dendroflow.plan.resources import cores_of_batch
from dendroflow.plan.resources import resources as estimate
from dendroflow.plan.stored import Plan
from dendroflow.files import has_changed
from dendroflow.settings.figures import PRINT_FORMATS, output_names, signals
from dendroflow.settings.observations import read_all
from dendroflow.settings.optimise import FIGURES as OPTIMISATION_FIGURES
from dendroflow.settings.project import load, read_yaml
from snakemake.logging import logger

name_interpreter_without_spaces()

RESULTS = Path("results")
NEURON_VERSION = version("neuron")


CORES = workflow.resource_settings.cores or 1


def config_file():
    """The last configuration file, relative to the working directory if it lies below it."""
    default = Path(workflow.basedir) / "config" / "config.yaml"
    path = Path((workflow.overwrite_configfiles or [default])[-1]).absolute()
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


CONFIG_FILE = config_file()

try:
    # Snakemake reads it too, but takes the last of two equal keys.
    read_yaml(CONFIG_FILE)
except DendroflowError as error:
    sys.exit(str(error))

if not workflow.overwrite_configfiles:

    configfile: CONFIG_FILE


def from_command_line(key, default):
    """What `--config` says beside the configuration, of which it is no part."""
    if key not in (workflow.config_settings.config or {}):
        return default
    return config.pop(key)


PRUNE = from_command_line("prune", "list")
KEEP = from_command_line("keep", [])
KEEP = KEEP.split() if isinstance(KEEP, str) else KEEP or []
if PRUNE not in ("list", "delete"):
    sys.exit(f"--config prune={PRUNE}: say prune=list or prune=delete")

try:
    CONFIG = load(config, CONFIG_FILE)
    OBSERVATIONS = read_all(CONFIG)
except DendroflowError as error:
    sys.exit(str(error))

EXPERIMENTS = list(CONFIG.experiments)
OPTIMISING = [name for name in EXPERIMENTS if CONFIG.experiments[name].optimise is not None]
FIGURES = {
    name: [(figure, output) for figure in experiment.figures for output in output_names(figure)]
    for name, experiment in CONFIG.experiments.items()
}


wildcard_constraints:
    experiment="[a-z][a-z0-9_]*",
    recipe="[0-9a-f]{16}",
    measures="[0-9a-f]{16}",
    batch="[0-9a-f]{16}",
    search="[0-9a-f]{16}",
    generations="[0-9]+",
    build="[0-9a-f]{16}",
    morphology="[A-Za-z0-9][A-Za-z0-9._-]*",
    pin="[0-9a-f]{16}|unpinned",
    suffix="swc|asc",
    neuron="[0-9][0-9A-Za-z.+-]*",


def untracked(value):
    """A parameter on which no result depends, so that no change of it runs a job again.

    Snakemake does not compare parameters that are functions of the output.
    """
    return lambda wildcards, output: value(wildcards)


def check_database(path):
    """Refuse a database that somebody else has changed: nobody may take it for the results."""
    if has_changed(path, Path(f"{path}.sha256")):
        raise StoreError(
            f"{path}: is not as it was written; delete it, or keep it under another name, and run "
            "snakemake again"
        )


def plan_now(experiment):
    """Plan an experiment from its configuration and from what the results hold."""
    plan = make_plan(CONFIG, experiment, RESULTS, CORES)
    plan.keep(RESULTS / experiment / "plans")
    if not workflow.output_settings.dryrun:
        plan.announce(RESULTS / experiment / "plans")
    batches = "1 batch" if len(plan.new) == 1 else f"{len(plan.new)} batches"
    logger.info(
        f"{experiment}: {plan.requested} points requested, "
        f"{plan.requested - plan.to_run} cached, {plan.to_run} to run in {batches}"
    )
    return plan


# Jobs end with the process that runs them: on a cluster, with the one on the node.
os.environ[RUN] = str(os.getpid())
# A job has the cores that its rule asks for, and OpenBLAS would start a thread for each there is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if workflow.is_main_process:
    try:
        if not workflow.output_settings.dryrun:
            elsewhere = workflow.resource_settings.nodes is not None
            removed = claim(RESULTS, Path(".snakemake/locks"), jobs_elsewhere=elsewhere)
            if removed:
                logger.warning(removed)
        check_database(RESULTS / "dendroflow.sqlite")
        PLANS = {experiment: plan_now(experiment) for experiment in EXPERIMENTS}
    except DendroflowError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"results cannot be written: {error}")


@cache
def planned(experiment):
    """The plan; a job on a cluster reads it, since results have changed since it was made.

    Not `plan.parquet`, which need not be there yet, or may still be that of an earlier run.
    """
    if workflow.is_main_process:
        return PLANS[experiment]
    return Plan.of_this_run(RESULTS / experiment / "plans")


def plan_path(experiment):
    """The table of an experiment's points."""
    return f"results/{experiment}/plan.parquet"


def plan_of_new_batch(wildcards):
    """The plan, for a batch that is still to be simulated; a lost plan must not simulate others."""
    held = workflow.is_main_process and wildcards.batch not in PLANS[wildcards.experiment].new
    return [] if held else plan_path(wildcards.experiment)


def batch_files(experiment, kind):
    """Traces, outcomes or features of all batches of an experiment."""
    plan = planned(experiment)
    kept = Path("results", experiment, plan.recipe)
    folder = kept / "features" / plan.measures if kind == "features" else kept / kind
    return [str(folder / f"{batch}.parquet") for batch in plan.batches]


@cache
def signals_of(experiment):
    """Number of signals that an experiment's model declares."""
    return len(described(CONFIG.model_folder(experiment), RESULTS).signals)


def batch_resources(wildcards, attempt=1):
    """Cores, memory and time that a batch asks for."""
    name = wildcards.experiment
    plan, allowed = planned(name), CONFIG.experiments[name].execution.cores_per_batch
    cores = cores_of_batch(plan, wildcards.batch, allowed, cores_of_job(wildcards))
    return estimate(plan, wildcards.batch, signals_of(name), cores, attempt)


def morphology_path(name):
    """A morphology's file, in a folder of its name and of the content that is expected."""
    source = CONFIG.morphologies[name]
    pin = source.sha256[:16] if source.sha256 else "unpinned"
    return f"results/morphologies/{name}/{pin}/{name}.{source.suffix}"


def sections_path(name):
    """What NEURON's importer makes of a morphology."""
    return str(Path(morphology_path(name)).with_name(f"sections-{NEURON_VERSION}.npz"))


def morphology_names():
    """Morphologies that any experiment needs."""
    return sorted(
        {name for experiment in EXPERIMENTS for name in planned(experiment).morphologies()}
    )


def kept_plan(wildcards):
    """The plan of an experiment, as it was kept when Snakemake started."""
    return f"results/{wildcards.experiment}/plans/{planned(wildcards.experiment).digest}.parquet"


def history_file(experiment):
    """The individuals of an optimisation, from which its points are taken."""
    return f"results/{planned(experiment).notes['optimisation']['history']}"


def fixed_morphologies(wildcards):
    """The morphology of an experiment, if its model needs one."""
    name = CONFIG.experiments[wildcards.experiment].morphology
    return [] if name is None else [name]


def batch_morphologies(wildcards):
    """Morphologies that the points of a batch need."""
    return list(planned(wildcards.experiment).morphologies(wildcards.batch))


def batch_sections(wildcards):
    """Their geometries."""
    return [sections_path(name) for name in batch_morphologies(wildcards)]


def mechanisms_library(experiment):
    """The compiled mechanisms of an experiment's model; nothing if it has none."""
    build = compiled.digest(compiled.sources(CONFIG.model_folder(experiment)))
    of_engine = {"neuron": "", "coreneuron": "coreneuron/"}[CONFIG.experiments[experiment].engine]
    return [f"results/mechanisms/{build}/{of_engine}{compiled.LIBRARY}"] if build else []


def mechanism_sources(build):
    """The .mod files of a build."""
    for experiment in EXPERIMENTS:
        files = compiled.sources(CONFIG.model_folder(experiment))
        if files and compiled.digest(files) == build:
            return [str(file) for file in files]
    raise ValueError(f"no model of this configuration has the mechanisms {build}")


def one_of(experiments):
    """A pattern that matches these experiments; a name that none can have if there are none."""
    return "|".join(experiments) or "0"


def figure_traces(experiment):
    """Traces of all batches, if any figure of the experiment draws signals."""
    figures = CONFIG.experiments[experiment].figures
    return batch_files(experiment, "traces") if any(map(signals, figures)) else []


def audit_paths():
    """The audit of each experiment."""
    return [f"results/audits/{name}.parquet" for name in EXPERIMENTS]


def cores_of_job(wildcards):
    """All cores of this machine; elsewhere as many as a batch may have.

    A job on a node must come to the same number as the process that asked for its cores.
    """
    here = workflow.is_main_process and workflow.resource_settings.nodes is None
    return CORES if here else CONFIG.experiments[wildcards.experiment].execution.cores_per_batch


def cores_of_audit(wildcards):
    """The same, but no more than there are points to simulate."""
    drawn = CONFIG.project.audit.size(planned(wildcards.experiment).requested)
    return min(cores_of_job(wildcards), drawn)


def audits_asked_for(wildcards):
    """All audits where a run is to make them; any other run takes those that there are."""
    targets = workflow.dag_settings.targets
    return audit_paths() if "audit" in targets else []


def caption_file(experiment, figure):
    """Where the caption of a figure is kept for the report."""
    return f"results/report/{experiment}/{figure.name}.rst"


def figure_output(experiment, figure, file):
    """A file of a figure, with its caption for the report."""
    return report(
        f"results/figures/{experiment}/{file}",
        caption=Path(caption_file(experiment, figure)).absolute(),
        category=CONFIG.experiments[experiment].title.replace("<", "‹"),
        labels={
            "figure": (figure.title or figure.name).replace("<", "‹"),
            "format": file.rpartition(".")[2],
        },
    )


def unmarked(value):
    """JSON text without `<`: Snakemake puts parameters into the script of its report."""
    return json.dumps(value, sort_keys=True).replace("<", "\\u003c")


def declared_features(wildcards):
    """The features of an experiment."""
    return CONFIG.experiments[wildcards.experiment].features.model_dump(mode="json")


def experiment_facts(experiment):
    """What the database and the figures say about an experiment."""
    keys = ["title", "description", "sweep", "optimise", "features"]
    settings = CONFIG.experiments[experiment]
    return dict.fromkeys(keys) | settings.model_dump(
        mode="json", include=set(keys), exclude_none=True
    )


# In the order of the report, and without `<`, as Snakemake asks of its parameters.
QUALITY = CONFIG.quality.model_dump_json().replace("<", "\\u003c")


def quality_path(name, file):
    """A file of the quality control of a morphology."""
    pin = Path(morphology_path(name)).parent.name
    return f"results/quality/{name}/{pin}/{file}"


def reported_names(wildcards):
    """Morphologies that a report shows: those of the experiments, or all of the catalogue."""
    return sorted(CONFIG.morphologies) if wildcards.scope == "catalogue" else morphology_names()


def requirements_file(experiment):
    """What says that the morphologies of an experiment meet its requirements, if it has any."""
    required = CONFIG.experiments[experiment].morphology_requires is not None
    return [f"results/quality/requirements/{experiment}.txt"] if required else []


def measures_path(name):
    """Morphometrics of a morphology, beside its file."""
    return str(Path(morphology_path(name)).with_name("morphometrics.parquet"))


def traces_to_export(wildcards):
    """Traces of all batches of an experiment that keeps them."""
    if not CONFIG.experiments[wildcards.experiment].execution.keep_traces:
        sys.exit(
            f"{CONFIG.experiment_file(wildcards.experiment)}: execution.keep_traces is false, so "
            f"there is nothing to write into traces.{wildcards.format}: set it to true"
        )
    return batch_files(wildcards.experiment, "traces")
