"""Write the table of an experiment's points.

Reads   params: project and source (configuration), cores, digest
Writes  output.plan: point_id, batch, and the swept paths; fixed values and limits as notes
"""

from pathlib import Path

from dendroflow.errors import StoreError
from dendroflow.job import job
from dendroflow.plan.planning import make_plan
from dendroflow.settings.project import load


def main(project: dict, source: str, cores: int, digest: str, output: str) -> None:
    (experiment,) = project["experiments"]
    configuration = load(project, Path(source))
    plan = make_plan(configuration, experiment, Path("results"), cores)
    if plan.digest != digest:
        raise StoreError(
            f"{source}: the configuration or the results of {experiment} changed while snakemake "
            "was planning; run it again"
        )
    plan.write(Path(output))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.params.project,
            snakemake.params.source,
            snakemake.params.cores,
            snakemake.params.digest,
            snakemake.output.plan,
        )
