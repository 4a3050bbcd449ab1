"""Compile the .mod files of one model.

Reads   input.sources
Writes  output.library: what NEURON loads
        output.coreneuron, if it is asked for: what CoreNEURON loads
"""

from pathlib import Path

from dendroflow.jobs.job import job, logger
from dendroflow.mechanisms import compile_mechanisms

if __name__ == "__main__":
    with job(snakemake.log[0]):
        sources = [Path(source) for source in snakemake.input.sources]
        wanted = snakemake.output.get("coreneuron")
        said = compile_mechanisms(
            sources, Path(snakemake.output.library), Path(wanted) if wanted else None
        )
        logger.info("%s", said)
