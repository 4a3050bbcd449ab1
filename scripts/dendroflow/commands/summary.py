"""What a run did, in a few lines: `python -m dendroflow.commands.summary CONFIG STARTED`."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from dendroflow.errors import DendroflowError
from dendroflow.settings.project import Project, read_yaml, validated
from dendroflow.tables.audits import SAME
from dendroflow.tables.tables import read_table

HEADINGS = ("experiment", "requested", "cached", "run", "failed")


def summarise(experiments: list[str], results: Path, started: float) -> list[tuple[str, ...]]:
    """Count the points of each experiment.

    Parameters
    ----------
    started
        seconds since the epoch; points of batches written since then count as run.

    Returns
    -------
    list of tuple
        a row per experiment, as in `HEADINGS`.
    """
    rows = []
    for experiment in experiments:
        path = results / experiment / "features.parquet"
        if not path.exists():
            rows.append((experiment, *("?" * 4)))
            continue
        table = read_table(path, columns=["batch", "status"]).to_pandas()
        new = {
            file.stem
            for file in (results / experiment).glob("*/outcomes/*.parquet")
            if file.stat().st_mtime >= started
        }
        run = int(table["batch"].isin(new).sum())
        failed = int((table["status"] != "ok").sum())
        rows.append((experiment, *map(str, (len(table), len(table) - run, run, failed))))
    return rows


def audited(database: Path) -> str | None:
    """What the last audit found of the points that the database holds; None without one.

    Parameters
    ----------
    database
        as from `stores.database.build_database`.
    """
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        # One that an older version has built does not have the table.
        known = opened.execute("SELECT 1 FROM sqlite_schema WHERE name = 'audits'").fetchone()
        verdicts = opened.execute("SELECT verdict, seed FROM audits").fetchall() if known else []
    if not verdicts:
        return None
    same = sum(verdict == SAME for verdict, _ in verdicts)
    seeds = ", ".join(map(str, sorted({seed for _, seed in verdicts})))
    said = f"{same} of {len(verdicts)} points the same, each simulated alone again (seed {seeds})"
    return said if same == len(verdicts) else f"{said}; see the table audits for those that differ"


def _print(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *counts in rows:
        aligned = (count.rjust(width) for count, width in zip(counts, widths[1:], strict=True))
        print("  ".join([name.ljust(widths[0]), *aligned]))


def _main(config: str, started: str) -> None:
    try:
        project = validated(Project, read_yaml(Path(config)), config)
        rows = summarise(list(project.experiments), Path("results"), float(started))
    except DendroflowError as error:
        sys.exit(str(error))
    _print([HEADINGS, *rows])
    if any("?" in row for row in rows):
        print("\n?: not finished; what is said above tells why")
        return
    print()
    for what, path in (
        ("figures", "results/figures/"),
        ("database", "results/dendroflow.sqlite"),
        ("report", "results/report.html"),
        ("cells", "results/quality/morphologies.html"),
        ("failures", "results/failures.csv"),
    ):
        if Path(path).exists():
            print(f"{what:9} {path}")
    database = Path("results/dendroflow.sqlite")
    if database.exists() and (said := audited(database)):
        print(f"{'audit':9} {said}")


if __name__ == "__main__":
    _main(*sys.argv[1:])
