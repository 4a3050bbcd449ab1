"""Measure one morphology."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import measure_morphology

with job(snakemake) as this:
    measure_morphology(this)
