"""Judge whether too many points failed.

Reads   input.features: the feature tables of all experiments; input.failures
        params: experiments (names), max_failed_share
Writes  output.verdict: a line per experiment
"""

from pathlib import Path

import pandas as pd

from dendroflow.atomic import replacing
from dendroflow.job import job
from dendroflow.stores.gathering import check_failures
from dendroflow.stores.tables import read_table


def main(tables: dict, failures: Path, max_failed_share: float, output: Path) -> None:
    requested = {name: read_table(path, columns=["point_id"]).num_rows for name, path in tables}
    failed = pd.read_csv(failures)
    check_failures(failed, requested, max_failed_share)
    counts = failed["experiment"].value_counts()
    lines = [f"{name}: {counts.get(name, 0)} of {n} points failed" for name, n in requested.items()]
    with replacing(output) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            list(
                zip(
                    snakemake.params.experiments,
                    (Path(path) for path in snakemake.input.features),
                    strict=True,
                )
            ),
            Path(snakemake.input.failures),
            snakemake.params.max_failed_share,
            Path(snakemake.output.verdict),
        )
