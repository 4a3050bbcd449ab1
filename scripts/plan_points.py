"""Write the table of an experiment's points."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import plan_points

with job(snakemake) as this:
    plan_points(this)
