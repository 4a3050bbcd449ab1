"""Starting Snakemake: what `dendroflow run`, `plan` and `audit` do."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dendroflow import layout
from dendroflow.commands import CONFIG, WORKFLOW
from dendroflow.commands.process import STOPS, execute
from dendroflow.commands.summary import summary
from dendroflow.errors import ConfigurationError, DendroflowError
from dendroflow.jobs.lock import remove_dead
from dendroflow.jobs.shown import causes
from dendroflow.plan.models import names_of
from dendroflow.plan.planning import make_plan
from dendroflow.settings.project import Configuration, load, read_yaml, validated

RESULTS, RECORDS = Path("results"), Path(".snakemake")
# Where Snakemake looks for one.
SNAKEFILES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")


@dataclass(frozen=True)
class Workflow:
    """A configuration, and how Snakemake is to run it in the working directory.

    Without `cores` it takes all of this machine or, with a profile of one's own, what that says.
    `profile` is a folder, or its name in `profiles/` of the working directory or of dendroflow;
    `arguments` are more words for Snakemake.
    """

    config: Path
    cores: int | None = None
    profile: str = "default"
    arguments: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """Return the command line, up to what is asked for."""
        own = next((name for name in SNAKEFILES if Path(name).is_file()), None)
        words = ["--snakefile", own or str(WORKFLOW / "Snakefile")]
        words += ["--workflow-profile", str(self._profile_folder())]
        if own is None or self.config != CONFIG:
            words += ["--configfile", str(self.config)]
        if self.cores or self.profile == "default":
            words += ["--cores", str(self.cores or len(os.sched_getaffinity(0)))]
        program = [sys.executable, "-m", "dendroflow.commands.snakemake"]
        return [*program, *words, "--rerun-incomplete", *self.arguments]

    def _profile_folder(self) -> Path:
        below = Path("profiles", self.profile)
        for folder in (below, WORKFLOW / below, Path(self.profile)):
            if folder.is_dir():
                return folder.absolute()
        raise ConfigurationError(f"--profile {self.profile}: there is no such folder of profiles/")


def run(workflow: Workflow) -> int:
    """Run a configuration; if that is all, sum up.

    Where points failed, all of that is there. Where a job did, the sum says what is of before.
    Where the configuration is refused, nothing is to be said of it.
    """
    started = time.time()
    code = _start(workflow)
    if workflow.arguments or code > 1:
        return code
    failed = causes(RESULTS, started) if code else {}
    if code and not failed:
        return code
    print(summary(workflow.config, RESULTS, started), flush=True)
    for cause in failed:
        print(f"dendroflow: {cause}", file=sys.stderr)
    return code


def plan(workflow: Workflow) -> int:
    """Say how many points are new, and write the tables of points.

    Where CoreNEURON's mechanisms are compiled, say which of their loops are vectors.
    """
    code = _start(workflow, "plan")
    if code == 0 and not workflow.arguments:
        configuration = load(read_yaml(workflow.config), workflow.config)
        for line in _loops(configuration):
            print(line)
    return code


def _loops(configuration: Configuration) -> Iterator[str]:
    for model in sorted({configuration.model_folder(name) for name in configuration.experiments}):
        path = layout.LOOPS.below(RESULTS, build=names_of(model).coreneuron)
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            yield f"{model.name}: mechanisms {lines[0]}"
            yield from (f"  {line}" for line in lines[1:])


def audit(workflow: Workflow) -> int:
    """Simulate a sample of the points again, and print what came out."""
    code = _start(workflow, "audit")
    if code == 0 and not workflow.arguments:
        print(Path(layout.AUDIT_VERDICT).read_text(encoding="utf-8"), end="")
    return code


COMMANDS: dict[str, Callable[[Workflow], int]] = {"run": run, "plan": plan, "audit": audit}


def _start(workflow: Workflow, *targets: str) -> int:
    """Run Snakemake where a dead run may have left its lock; return its exit code."""
    if workflow.config == CONFIG and not CONFIG.parent.exists():
        raise ConfigurationError(
            f"{CONFIG}: there is no such file; make a repository with `dendroflow new`, or name "
            "another file with --config"
        )
    # Snakemake's own error names no line, and it would run the Python of a file that is a template.
    validated(dict[str, Any], read_yaml(workflow.config), workflow.config)
    if removed := remove_dead(RESULTS, RECORDS / "locks"):
        print(f"dendroflow: {removed}", file=sys.stderr)
    code = execute([*workflow.command(), *(["--", *targets] if targets else [])])
    if code > 128:
        said = "interrupted" if code - 128 in STOPS else f"Snakemake died of signal {code - 128}"
        print(f"dendroflow: {said}: {_kept(workflow.config)}", file=sys.stderr)
    return code


def _kept(config: Path) -> str:
    """How many points the results hold of those that are asked for."""
    kept = "what is finished is kept"
    with suppress(DendroflowError, OSError, KeyboardInterrupt):
        configuration = load(read_yaml(config), config)
        plans = [make_plan(configuration, name, RESULTS, 1) for name in configuration.experiments]
        requested = sum(plan.requested for plan in plans)
        missing = sum(plan.to_run for plan in plans)
        kept = f"{requested - missing:,} of {requested:,} points are kept"
    return f"{kept}; the same command goes on"
