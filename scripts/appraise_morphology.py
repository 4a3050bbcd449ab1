"""Make all checks of one morphology."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import appraise_morphology

with job(snakemake) as this:
    appraise_morphology(this)
