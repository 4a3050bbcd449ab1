"""Compile the .mod files of one model."""

from dendroflow.jobs.job import job
from dendroflow.jobs.models import compile_mechanisms

with job(snakemake) as this:
    compile_mechanisms(this)
