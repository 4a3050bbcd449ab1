"""Write an experiment's table of points for other programs.

Reads   input.features: a row per requested point
Writes  output.table: the same as CSV or Excel, by its suffix
"""

from pathlib import Path

from dendroflow.jobs.job import job
from dendroflow.tables.exports import export_features

if __name__ == "__main__":
    with job(snakemake.log[0]):
        export_features(Path(snakemake.input.features), Path(snakemake.output.table))
