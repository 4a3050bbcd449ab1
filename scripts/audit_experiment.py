"""Simulate a sample of an experiment's points again, and compare."""

from dendroflow.jobs.job import job
from dendroflow.jobs.simulation import audit_experiment

with job(snakemake) as this:
    audit_experiment(this)
