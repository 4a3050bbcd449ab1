"""Copy a model's folder to where jobs import it from."""

from dendroflow.jobs.job import job
from dendroflow.jobs.models import keep_model

with job(snakemake) as this:
    keep_model(this)
