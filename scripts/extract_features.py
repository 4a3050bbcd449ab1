"""Extract the features of one batch.

Reads   input.traces, input.outcomes; params.features
Writes  output.features: a row per point; status, error, runtime_s, a column per feature
"""

from pathlib import Path

from dendroflow.features.extract import extract_file, schema
from dendroflow.jobs.job import job, logger
from dendroflow.settings.features import Features
from dendroflow.tables.tables import leave_pandas_out, writing


def main(features: Features, traces: Path, outcomes: Path, output: Path) -> None:
    done = 0
    with writing(output, schema(features)) as rows:
        for table in extract_file(traces, outcomes, features):
            rows.write(table)
            done += table.num_rows
            logger.info("%d points", done)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        leave_pandas_out()
        main(
            Features.model_validate(snakemake.params.features),
            Path(snakemake.input.traces),
            Path(snakemake.input.outcomes),
            Path(snakemake.output.features),
        )
