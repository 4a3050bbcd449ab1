"""Compile the .mod files of one model.

Reads   input.sources
Writes  output.library: what NEURON loads
"""

from pathlib import Path

from dendroflow.job import job, logger
from dendroflow.mechanisms import compile_mechanisms

if __name__ == "__main__":
    with job(snakemake.log[0]):
        sources = [Path(source) for source in snakemake.input.sources]
        logger.info("%s", compile_mechanisms(sources, Path(snakemake.output.library)))
