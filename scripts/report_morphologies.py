"""Gather the appraisals of morphologies: one page, one table of findings, one of verdicts.

Reads   input.findings, input.pictures: of each morphology; params: names, settings (as JSON)
Writes  output.page: HTML; output.findings, output.uses: a row per check, and per use
"""

from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import job
from dendroflow.quality.judgement import judge_all
from dendroflow.quality.page import Entry, render
from dendroflow.quality.tables import read_findings, write_findings, write_uses
from dendroflow.settings.appraisal import Appraisal


def main(names: list, findings: list, pictures: list, settings: str) -> list[Entry]:
    limits = Appraisal.model_validate_json(settings)
    entries = []
    for name, table, picture in zip(names, findings, pictures, strict=True):
        found, notes = read_findings(Path(table))
        judged = judge_all(found, limits)
        entries.append(Entry(name, notes["address"], found, judged, Path(picture).read_bytes()))
    return entries


def write(entries: list[Entry], page: str, findings: str, uses: str) -> None:
    write_findings(((e.name, f) for e in entries for f in e.findings), Path(findings))
    write_uses(((e.name, e.judgements) for e in entries), Path(uses))
    with replacing(Path(page)) as temporary:
        temporary.write_text(render(entries), encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        write(
            main(
                snakemake.params.names,
                snakemake.input.findings,
                snakemake.input.pictures,
                snakemake.params.settings,
            ),
            **dict(snakemake.output.items()),
        )
