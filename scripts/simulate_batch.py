"""Simulate the points of one batch."""

from dendroflow.jobs.job import job
from dendroflow.jobs.simulation import simulate_batch

with job(snakemake) as this:
    simulate_batch(this)
