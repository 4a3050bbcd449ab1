"""Refuse the morphologies that do not meet what an experiment requires of them.

Reads   input.findings: of each morphology; params: names, requirements and settings (as JSON)
Writes  output.requirements: what was required and met
"""

from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import job
from dendroflow.quality.judgement import objections, refuse
from dendroflow.quality.tables import read_findings
from dendroflow.settings.appraisal import Appraisal, Requirements


def main(experiment: str, names: list, findings: list, requirements: str, settings: str) -> str:
    wanted = Requirements.model_validate_json(requirements)
    limits = Appraisal.model_validate_json(settings)
    objecting = {}
    for name, path in zip(names, findings, strict=True):
        found, notes = read_findings(Path(path))
        objecting[name] = (notes["file"], objections(found, wanted, limits))
    refuse(experiment, objecting)
    lines = [f"uses: {', '.join(wanted.uses)}", f"checks: {', '.join(wanted.checks)}"]
    return "\n".join([*lines, f"met by: {', '.join(names)}", ""])


if __name__ == "__main__":
    with job(snakemake.log[0]):
        text = main(
            snakemake.wildcards.experiment,
            snakemake.params.names,
            snakemake.input.findings,
            snakemake.params.requirements,
            snakemake.params.settings,
        )
        with replacing(Path(snakemake.output.requirements)) as temporary:
            temporary.write_text(text, encoding="utf-8")
