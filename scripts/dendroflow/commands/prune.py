"""List, and when told to remove, what no configuration asks for."""

from collections.abc import Sequence
from pathlib import Path

from dendroflow.errors import DendroflowError
from dendroflow.jobs.lock import take
from dendroflow.plan.leftovers import leftovers, listing, remove
from dendroflow.plan.requested import configurations, requested
from dendroflow.settings.project import load, read_yaml

RESULTS = Path("results")


def prune(source: Path, keep: Sequence[Path], *, delete: bool) -> str:
    """Find what no configuration asks for: `source`, `keep`, and those that share the results.

    `logs/prune.log` lists every file.

    Remove it if told to `delete`: nobody else may be at work in the results then. Return what is
    kept for which configuration, and what is not asked for.

    Raises
    ------
    DendroflowError
        In one line, if a configuration cannot be understood; nothing is removed then.
    """
    if delete:
        take(RESULTS, jobs_elsewhere=False)
    try:
        paths = [source, *configurations(source, keep, RESULTS)]
        kept = {str(path): requested(load(read_yaml(path), path), RESULTS) for path in paths}
    except DendroflowError as error:
        raise type(error)(f"{error} (nothing was removed)") from error
    found = leftovers(RESULTS, kept.values())
    said = listing(RESULTS, kept, found, removed=delete)
    log = RESULTS / "logs" / "prune.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(f"{RESULTS / file.path}\n" for file in found), encoding="utf-8")
    if delete:
        remove(RESULTS, found)
    elif found:
        said += "; `dendroflow prune --delete` removes it"
    return said
