"""Fail if a point came out otherwise than it is stored."""

from dendroflow.jobs.job import job
from dendroflow.jobs.simulation import check_audits

with job(snakemake) as this:
    check_audits(this)
