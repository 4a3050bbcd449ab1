"""Write the page that begins with the results."""

from dendroflow.jobs.job import job
from dendroflow.jobs.report import write_report

with job(snakemake) as this:
    write_report(this)
