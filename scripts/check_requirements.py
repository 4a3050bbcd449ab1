"""Fail if a morphology does not meet what an experiment requires."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import check_requirements

with job(snakemake) as this:
    check_requirements(this)
