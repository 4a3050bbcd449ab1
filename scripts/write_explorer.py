"""Write the page on which points and traces are selected."""

from dendroflow.jobs.job import job
from dendroflow.jobs.report import write_explorer

with job(snakemake) as this:
    write_explorer(this)
