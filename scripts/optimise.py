"""Search for the parameters whose features are nearest to the targets."""

from dendroflow.jobs.job import job
from dendroflow.jobs.simulation import optimise

with job(snakemake) as this:
    optimise(this)
