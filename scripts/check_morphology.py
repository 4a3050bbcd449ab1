"""Make all checks of one morphology."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import check_morphology

with job(snakemake) as this:
    check_morphology(this)
