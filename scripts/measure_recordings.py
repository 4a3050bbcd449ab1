"""Measure the recordings that targets come from."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import measure_recordings

with job(snakemake) as this:
    measure_recordings(this)
