"""Build the SQLite database of all that the results hold, and list the points that failed.

Reads   params.experiments: those of the configuration, whose tables must be sound
        input: what they consist of; those of other configurations are read if they are there
Writes  output.database
        output.failures: experiment, point_id, status, error, values
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import job
from dendroflow.tables.contents import every_experiment
from dendroflow.tables.database import ExperimentRows, build_database
from dendroflow.tables.gathering import failures
from dendroflow.tables.tables import leave_pandas_out

FAILURES = ("experiment", "point_id", "status", "error", "values")


def main(experiments: list, database: Path, failed: Path) -> None:
    found: list[dict[str, str]] = []

    def all_rows() -> Iterator[ExperimentRows]:
        for rows in every_experiment(database.parent, experiments):
            found.extend(failures(rows.name, rows.points))
            yield rows

    build_database(database, all_rows())
    with replacing(failed) as temporary, temporary.open("w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FAILURES, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        leave_pandas_out()
        main(
            snakemake.params.experiments,
            Path(snakemake.output.database),
            Path(snakemake.output.failures),
        )
