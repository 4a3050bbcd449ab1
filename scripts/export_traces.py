"""Write all samples of an experiment for other programs.

Reads   input.features: a row per requested point; input.traces: of all batches
Writes  output.table: a row per sample, as CSV or Excel, by its suffix
"""

from pathlib import Path

from dendroflow.jobs.job import job
from dendroflow.tables.exports import export_traces

if __name__ == "__main__":
    with job(snakemake.log[0]):
        export_traces(
            Path(snakemake.input.features),
            [Path(path) for path in snakemake.input.traces],
            Path(snakemake.output.table),
        )
