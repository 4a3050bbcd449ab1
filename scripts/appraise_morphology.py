"""Make all checks of one morphology and draw its portrait.

Reads   input.morphology, with its metadata beside it; params.settings: thresholds, as JSON
Writes  output.findings: a row per check; output.pictures: the portrait
"""

from pathlib import Path

from dendroflow.jobs.job import job
from dendroflow.morphology.files import check_fetched
from dendroflow.quality.cell import Cell
from dendroflow.quality.checks import appraise
from dendroflow.quality.picture import draw
from dendroflow.quality.tables import write_findings
from dendroflow.settings.appraisal import Appraisal


def main(name: str, morphology: str, settings: str, findings: str, pictures: list[str]) -> None:
    cell = Cell.from_file(Path(morphology), name)
    found = appraise(cell, Appraisal.model_validate_json(settings))
    draw(cell, found, list(map(Path, pictures)))
    notes = {"address": cell.address, "file": morphology}
    write_findings(((name, finding) for finding in found), Path(findings), notes)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        check_fetched(Path(snakemake.input.morphology))
        main(
            snakemake.wildcards.morphology,
            snakemake.input.morphology,
            snakemake.params.settings,
            snakemake.output.findings,
            list(snakemake.output.pictures),
        )
