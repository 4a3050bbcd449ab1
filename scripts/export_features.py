"""Write an experiment's table of points for other programs."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import export_features

with job(snakemake) as this:
    export_features(this)
