"""Fail if more of an experiment's points failed than allowed."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import check_failures

with job(snakemake) as this:
    check_failures(this)
