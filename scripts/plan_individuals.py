"""Put the plan of an optimisation in place, with the points that it has found.

Reads   params.kept: the plan as it was made before; input.history
Writes  output.plan
"""

from pathlib import Path

from dendroflow.jobs.job import job
from dendroflow.plan.stored import Plan
from dendroflow.tables.tables import leave_pandas_out, read_notes

if __name__ == "__main__":
    with job(snakemake.log[0]):
        leave_pandas_out()
        found = read_notes(Path(snakemake.input.history))["individuals"]
        plan = Plan.read(Path(snakemake.params.kept)).with_points(found)
        plan.write(Path(snakemake.output.plan))
