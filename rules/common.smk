"""The configuration, parsed once, and `df`, which answers what the rules ask."""

import sys
from pathlib import Path

# The library beside this workflow, before any other that is installed; for jobs as well.
SCRIPTS = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent / "scripts"
if (SCRIPTS / "dendroflow").is_dir():
    sys.path.insert(0, str(SCRIPTS))

from dendroflow import layout
from dendroflow.errors import DendroflowError
from dendroflow.jobs.configured import FILE, FOLDER, configured
from dendroflow.jobs.job import prepare_environment
from dendroflow.jobs.lock import take
from dendroflow.jobs.shown import hide_interrupts, only_causes, tell_progress
from dendroflow.jobs.workflow import Workflow, one_of
from dendroflow.plan.code import code_digest
from dendroflow.settings.observations import read_all
from dendroflow.settings.project import read_yaml
from snakemake.logging import logger

prepare_environment(SCRIPTS)


# What a checkout comes with, where the working directory has no configuration.
DEFAULT = Path("config/config.yaml")
if not DEFAULT.exists():
    DEFAULT = SCRIPTS.parent / DEFAULT


def read_first(path):
    """Refuse what Snakemake would read another way, or not in words."""
    try:
        read_yaml(path)
    except DendroflowError as error:
        sys.exit(str(error))


if workflow.modifier.namespace is not None and not config:
    sys.exit(
        "dendroflow: the module has no configuration; write `config: config` into "
        '`module dendroflow`, and `configfile: "config/config.yaml"` before it'
    )
if workflow.modifier.namespace is None and not (
    workflow.configfiles or workflow.overwrite_configfiles
):
    read_first(DEFAULT)

    configfile: DEFAULT


# Jobs know by name the file that `config` is, and where experiments lie.
FILES = [*workflow.configfiles, *workflow.overwrite_configfiles]
if FILES:
    path, here = Path(FILES[-1]).absolute(), Path.cwd()
    config[FILE] = str(path.relative_to(here) if path.is_relative_to(here) else path)
config.setdefault(FOLDER, str(Path(config.get(FILE, "config.yaml")).parent))

for path in map(Path, FILES):
    read_first(path)
try:
    CONFIG = configured(config)
    read_all(CONFIG)
except DendroflowError as error:
    sys.exit(str(error))


ELSEWHERE = workflow.resource_settings.nodes is not None
hide_interrupts()
only_causes(logger, SCRIPTS.parent / "rules")


def begin():
    """Whether jobs are about to run; if so, one run at a time works in a folder of results."""
    # Neither listing, nor reporting, nor a dry run.
    executing = (
        workflow.is_main_process
        and workflow.execution_settings is not None
        and not workflow.output_settings.dryrun
    )
    if executing:
        if take(df.results, jobs_elsewhere=ELSEWHERE):
            tell_progress(df.results, df.to_run, logger.info)
    return executing


df = Workflow(
    CONFIG,
    # Under the prefix of a module, if it has one.
    Path(workflow.modifier.path_modifier.modify("results", "output")),
    None if ELSEWHERE or not workflow.is_main_process else workflow.resource_settings.cores or 1,
    planner=workflow.is_main_process,
    finished=before_update,
    begin=begin,
    tell=logger.info,
)


wildcard_constraints:
    # Not only any name: `results/audits/plan.parquet` is not the plan of `audits`.
    **layout.WILDCARDS | {"experiment": one_of(df.experiments)},
