"""Refuse the morphologies that do not meet what an experiment requires of them.

Reads   input.checks: of each morphology; params: names, requirements and settings (as JSON)
Writes  output.requirements: what was required and met
"""

from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import job
from dendroflow.quality.suitability import refuse, unmet
from dendroflow.quality.tables import read_checks
from dendroflow.settings.quality import Quality, Requirements


def main(experiment: str, names: list, checks: list, requirements: str, settings: str) -> str:
    wanted = Requirements.model_validate_json(requirements)
    limits = Quality.model_validate_json(settings)
    found = {}
    for name, path in zip(names, checks, strict=True):
        results, notes = read_checks(Path(path))
        found[name] = (notes["file"], unmet(results, wanted, limits))
    refuse(experiment, found)
    lines = [f"uses: {', '.join(wanted.uses)}", f"checks: {', '.join(wanted.checks)}"]
    return "\n".join([*lines, f"met by: {', '.join(names)}", ""])


if __name__ == "__main__":
    with job(snakemake.log[0]):
        text = main(
            snakemake.wildcards.experiment,
            snakemake.params.names,
            snakemake.input.checks,
            snakemake.params.requirements,
            snakemake.params.settings,
        )
        with replacing(Path(snakemake.output.requirements)) as temporary:
            temporary.write_text(text, encoding="utf-8")
