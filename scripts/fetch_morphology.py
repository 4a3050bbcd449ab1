"""Fetch one morphology and check it."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import fetch_morphology

with job(snakemake) as this:
    fetch_morphology(this)
