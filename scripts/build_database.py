"""Build the SQLite database, and list the points that failed."""

from dendroflow.jobs.job import job
from dendroflow.jobs.tables import build_database

with job(snakemake) as this:
    build_database(this)
