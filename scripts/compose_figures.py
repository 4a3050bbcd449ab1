"""Draw several figures of any experiments on one page."""

from dendroflow.jobs.figures import compose_figures
from dendroflow.jobs.job import job

with job(snakemake) as this:
    compose_figures(this)
