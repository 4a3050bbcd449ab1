"""Join an experiment's requested points with their features.

Reads   input.plan; input.features: the feature tables of all batches
Writes  output.features: a row per requested point, in the order of the design
        output.feature_values: a row per value of the features that have several
"""

from pathlib import Path

from dendroflow.jobs.job import job
from dendroflow.plan.stored import Plan
from dendroflow.tables.gathering import gather
from dendroflow.tables.tables import leave_pandas_out

if __name__ == "__main__":
    with job(snakemake.log[0]):
        leave_pandas_out()
        plan = Plan.read(Path(snakemake.input.plan))
        gather(
            plan.table,
            [Path(path) for path in snakemake.input.features],
            Path(snakemake.output.features),
            Path(snakemake.output.feature_values),
            plan.notes,
        )
