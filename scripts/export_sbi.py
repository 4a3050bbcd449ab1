"""Write an experiment's parameters and features as arrays for simulation-based inference."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import export_sbi

with job(snakemake) as this:
    export_sbi(this)
