"""Extract the features of one batch."""

from dendroflow.jobs.job import job
from dendroflow.jobs.simulation import extract_features

with job(snakemake) as this:
    extract_features(this)
