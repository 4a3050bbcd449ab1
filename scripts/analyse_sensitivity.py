"""Find how much each swept value of an experiment decides each feature."""

from dendroflow.jobs.analysis import analyse_sensitivity
from dendroflow.jobs.job import job

with job(snakemake) as this:
    analyse_sensitivity(this)
