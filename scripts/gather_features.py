"""Join an experiment's requested points with their features.

Reads   input.plan; input.features: the feature tables of all batches
        params.declared (JSON), params.configuration: for the notes
Writes  output.features: a row per requested point, in the order of the design
        output.feature_values: a row per value of the features that have several
"""

import json
from datetime import UTC, datetime
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
            {
                **plan.notes,
                "simulation_code": plan.recipe,
                "feature_code": plan.measures,
                "feature_content": plan.notes["measured_with"],
                "declared": json.loads(snakemake.params.declared),
                "configuration": snakemake.params.configuration,
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
