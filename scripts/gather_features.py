"""Join an experiment's requested points with their features."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import gather_features

with job(snakemake) as this:
    gather_features(this)
