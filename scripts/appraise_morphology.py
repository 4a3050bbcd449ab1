"""Make all checks of one morphology and draw it.

Reads   input.morphology, with its metadata beside it; params.settings: thresholds, as JSON
Writes  output.checks: a row per check; output.pictures: the picture
"""

from pathlib import Path

from dendroflow.jobs.job import job
from dendroflow.morphology.files import check_fetched
from dendroflow.quality.checks import check_all
from dendroflow.quality.picture import draw
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.tables import write_checks
from dendroflow.settings.quality import Quality


def main(name: str, morphology: str, settings: str, checks: str, pictures: list[str]) -> None:
    cell = Reconstruction.from_file(Path(morphology), name)
    found = check_all(cell, Quality.model_validate_json(settings))
    draw(cell, found, list(map(Path, pictures)))
    notes = {"address": cell.address, "file": morphology}
    write_checks(((name, result) for result in found), Path(checks), notes)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        check_fetched(Path(snakemake.input.morphology))
        main(
            snakemake.wildcards.morphology,
            snakemake.input.morphology,
            snakemake.params.settings,
            snakemake.output.checks,
            list(snakemake.output.pictures),
        )
