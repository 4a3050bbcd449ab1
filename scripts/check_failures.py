"""Judge whether too many points failed.

Reads   input.features: the feature tables of all experiments
        params: experiments (names), max_failed_share
Writes  output.verdict: a line per experiment
"""

from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import job
from dendroflow.tables.tables import leave_pandas_out
from dendroflow.tables.verdict import check_failures


def main(features: dict, max_failed_share: float, output: Path) -> None:
    lines = [
        check_failures(experiment, Path(path), max_failed_share)
        for experiment, path in features.items()
    ]
    with replacing(output) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        leave_pandas_out()
        main(
            dict(zip(snakemake.params.experiments, snakemake.input.features, strict=True)),
            snakemake.params.max_failed_share,
            Path(snakemake.output.verdict),
        )
