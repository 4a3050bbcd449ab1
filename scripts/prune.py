"""List, and when told to remove, what no configuration asks for.

Reads   params: project and source (configuration), keep (other configurations), delete
        results; configurations beside `source`
Prints  what is kept for which, and what is not asked for; into the log, every file of the latter
"""

import sys
from pathlib import Path

from dendroflow.errors import DendroflowError
from dendroflow.plan.leftovers import leftovers, listing, remove
from dendroflow.plan.requested import asked, asked_of, configurations
from dendroflow.settings.project import load


def main(project: dict, source: Path, keep: list, log: Path, *, delete: bool) -> str:
    results = Path("results")
    kept = {str(source): asked(load(project, source), results)}
    for path in configurations(source, [Path(name) for name in keep]):
        kept[str(path)] = asked_of(path, results)
    found = leftovers(results, kept.values())
    said = listing(results, kept, found, removed=delete)
    log.write_text("".join(f"{results / file.path}\n" for file in found), encoding="utf-8")
    if delete:
        remove(results, found)
    elif found:
        said += "; `snakemake prune --config prune=delete` removes it"
    return said


if __name__ == "__main__":
    try:
        print(
            main(
                snakemake.params.project,
                Path(snakemake.params.source),
                snakemake.params.keep,
                Path(snakemake.log[0]),
                delete=snakemake.params.delete,
            ),
            flush=True,
        )
    except DendroflowError as error:
        # Snakemake's logger shows the log of a job that fails, and misses one that is not there.
        Path(snakemake.log[0]).write_text("", encoding="utf-8")
        sys.exit(f"{error} (nothing was removed)")
