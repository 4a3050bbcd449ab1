"""Report on morphologies: a page, and tables."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import report_morphologies

with job(snakemake) as this:
    report_morphologies(this)
