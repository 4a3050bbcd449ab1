"""Measure one morphology.

Reads   input.morphology: SWC or Neurolucida
Writes  output.measures: a row per morphometric: value, unit, status, error
"""

from pathlib import Path

from dendroflow.analysis.morphometrics import MORPHOMETRICS, morphometrics
from dendroflow.jobs.job import job
from dendroflow.morphology.files import check_fetched
from dendroflow.tables.tables import write_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        check_fetched(Path(snakemake.input.morphology))
        write_table(
            morphometrics(snakemake.wildcards.morphology, Path(snakemake.input.morphology)),
            Path(snakemake.output.measures),
            MORPHOMETRICS,
        )
