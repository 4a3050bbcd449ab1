"""Write all samples of an experiment for other programs."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import export_traces

with job(snakemake) as this:
    export_traces(this)
