"""Write the accepted points of a population as a table that a sweep takes."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import export_accepted

with job(snakemake) as this:
    export_accepted(this)
