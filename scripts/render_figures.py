"""Draw all figures of one experiment."""

from dendroflow.jobs.figures import render_figures
from dendroflow.jobs.job import job

with job(snakemake) as this:
    render_figures(this)
