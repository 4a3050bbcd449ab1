"""Build the SQLite database, and list the points that failed.

Reads   input.features, input.feature_values, input.outcomes, input.morphologies
        params: experiments (name -> title, sweep, ...; JSON), morphologies (names),
        audits (that may be there)
Writes  output.database; output.digest: its sha256
        output.failures: experiment, point_id, status, error, values
"""

import json
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc

from dendroflow.atomic import replacing
from dendroflow.job import job
from dendroflow.seals import write_digest
from dendroflow.stores.contents import experiment_rows, morphology_rows
from dendroflow.stores.database import build_database
from dendroflow.stores.gathering import failures
from dendroflow.stores.tables import read_table


def main(
    experiments: list, morphologies: dict, database: Path, failed: Path, *, audits: dict
) -> None:
    build_database(
        database,
        (experiment_rows(name, *rest, audit=audits.get(name)) for name, *rest in experiments),
        morphology_rows(morphologies),
    )
    tables = [
        failures(name, read_table(features).filter(pc.field("status") != "ok").to_pandas())
        for name, _, features, *_ in experiments
    ]
    with replacing(failed) as temporary:
        pd.concat(tables).to_csv(temporary, index=False)


def of(experiment: str, files: list) -> list[Path]:
    """Those of results/<experiment>/..."""
    return [Path(file) for file in files if Path(file).parts[1] == experiment]


if __name__ == "__main__":
    with job(snakemake.log[0]):
        audits = {path.stem: path for path in map(Path, snakemake.params.audits) if path.exists()}
        main(
            [
                (
                    name,
                    facts,
                    *of(name, snakemake.input.features),
                    *of(name, snakemake.input.feature_values),
                    of(name, snakemake.input.outcomes),
                )
                for name, facts in json.loads(snakemake.params.experiments).items()
            ],
            {
                name: Path(path)
                for name, path in zip(
                    snakemake.params.morphologies, snakemake.input.morphologies, strict=True
                )
            },
            Path(snakemake.output.database),
            Path(snakemake.output.failures),
            audits=audits,
        )
        write_digest(Path(snakemake.output.database), Path(snakemake.output.digest))
