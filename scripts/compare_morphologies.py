"""Judge morphologies by a table of observations."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import compare_morphologies

with job(snakemake) as this:
    compare_morphologies(this)
