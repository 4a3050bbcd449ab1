"""Let NEURON's importer read one morphology."""

from dendroflow.jobs.job import job
from dendroflow.jobs.morphologies import import_morphology

with job(snakemake) as this:
    import_morphology(this)
