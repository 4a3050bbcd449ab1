"""List the points that failed, and fail if there are too many.

Reads   input.features: the feature tables of all experiments; params.max_failed_share
Writes  output.failures: experiment, point_id, values, status, error
"""

from pathlib import Path

import pandas as pd

from dendroflow.job import job
from dendroflow.stores.gathering import check_failures, failures
from dendroflow.stores.tables import read_table, replacing


def main(tables: dict, max_failed_share: float, output: Path) -> None:
    points = {name: read_table(path).to_pandas() for name, path in tables.items()}
    failed = pd.concat([failures(name, table) for name, table in points.items()])
    check_failures(failed, {name: len(table) for name, table in points.items()}, max_failed_share)
    with replacing(output) as temporary:
        failed.to_csv(temporary, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            dict(
                zip(
                    snakemake.params.experiments,
                    (Path(path) for path in snakemake.input.features),
                    strict=True,
                )
            ),
            snakemake.params.max_failed_share,
            Path(snakemake.output.failures),
        )
