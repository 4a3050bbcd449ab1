"""Build the SQLite database, and list the points that failed.

Reads   input.features, input.feature_values, input.outcomes, input.morphologies
        params: experiments (name -> title, sweep, ...; JSON), morphologies (names),
        audits (that may be there)
Writes  output.database; output.digest: its sha256
        output.failures: experiment, point_id, status, error, values
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from dendroflow.files import is_as_written, replacing, write_digest
from dendroflow.jobs.job import job
from dendroflow.tables.contents import experiment_rows, morphology_rows
from dendroflow.tables.database import ExperimentRows, build_database
from dendroflow.tables.gathering import failures
from dendroflow.tables.tables import leave_pandas_out

FAILURES = ("experiment", "point_id", "status", "error", "values")


def main(
    experiments: list,
    morphologies: dict,
    database: Path,
    digest: Path,
    failed: Path,
    *,
    audits: dict,
) -> None:
    found: list[dict[str, str]] = []

    def all_rows() -> Iterator[ExperimentRows]:
        for name, *rest in experiments:
            rows = experiment_rows(name, *rest, audit=audits.get(name))
            found.extend(failures(name, rows.points))
            yield rows

    earlier = database if is_as_written(database, digest) else None
    # Without a digest it is nobody's, whenever this job is killed.
    digest.unlink(missing_ok=True)
    build_database(database, all_rows(), morphology_rows(morphologies), earlier=earlier)
    write_digest(database, digest)
    with replacing(failed) as temporary, temporary.open("w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FAILURES, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def of(experiment: str, files: list) -> list[Path]:
    """Those of results/<experiment>/..."""
    return [Path(file) for file in files if Path(file).parts[1] == experiment]


if __name__ == "__main__":
    with job(snakemake.log[0]):
        leave_pandas_out()
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
            Path(snakemake.output.digest),
            Path(snakemake.output.failures),
            audits=audits,
        )
