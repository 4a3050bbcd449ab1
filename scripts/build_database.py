"""Build the SQLite database.

Reads   input.features, input.feature_values, input.outcomes, input.morphologies
        params: experiments (name -> title, sweep, ...; JSON), morphologies (names)
Writes  output.database
"""

import json
from pathlib import Path

from dendroflow.job import job
from dendroflow.stores.contents import experiment_rows, morphology_rows
from dendroflow.stores.database import build_database

if __name__ == "__main__":
    with job(snakemake.log[0]):
        build_database(
            Path(snakemake.output.database),
            (
                experiment_rows(
                    name,
                    facts,
                    Path(features),
                    Path(values),
                    [Path(p) for p in snakemake.input.outcomes if Path(p).parts[1] == name],
                )
                for (name, facts), features, values in zip(
                    json.loads(snakemake.params.experiments).items(),
                    snakemake.input.features,
                    snakemake.input.feature_values,
                    strict=True,
                )
            ),
            morphology_rows(
                {
                    name: Path(path)
                    for name, path in zip(
                        snakemake.params.morphologies, snakemake.input.morphologies, strict=True
                    )
                }
            ),
        )
