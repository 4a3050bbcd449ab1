"""Gather the quality of morphologies: one page, one table of results, one of suitability.

Reads   input.checks, input.pictures: of each morphology; params: names, settings (as JSON)
Writes  output.page: HTML; output.checks, output.uses: a row per check, and per use
"""

from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import job
from dendroflow.quality.page import Entry, render
from dendroflow.quality.suitability import suitabilities
from dendroflow.quality.tables import read_checks, write_checks, write_uses
from dendroflow.settings.quality import Quality


def main(names: list, checks: list, pictures: list, settings: str) -> list[Entry]:
    limits = Quality.model_validate_json(settings)
    entries = []
    for name, table, picture in zip(names, checks, pictures, strict=True):
        found, notes = read_checks(Path(table))
        suited = suitabilities(found, limits)
        entries.append(Entry(name, notes["address"], found, suited, Path(picture).read_bytes()))
    return entries


def write(entries: list[Entry], page: str, checks: str, uses: str) -> None:
    write_checks(((e.name, f) for e in entries for f in e.results), Path(checks))
    write_uses(((e.name, e.suitabilities) for e in entries), Path(uses))
    with replacing(Path(page)) as temporary:
        temporary.write_text(render(entries), encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        write(
            main(
                snakemake.params.names,
                snakemake.input.checks,
                snakemake.input.pictures,
                snakemake.params.settings,
            ),
            **dict(snakemake.output.items()),
        )
