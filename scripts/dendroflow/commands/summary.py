"""What a run did, in a few lines."""

import sqlite3
from contextlib import closing
from pathlib import Path

from dendroflow import layout
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
        path = layout.FEATURES.below(results, experiment=experiment)
        if not path.exists():
            rows.append((experiment, *("?" * 4)))
            continue
        table = read_table(path, columns=["batch", "status"]).to_pandas()
        written = layout.OUTCOMES.below(
            results, experiment=experiment, simulation_code="*", batch="*"
        )
        new = {
            file.stem
            for file in results.glob(written.relative_to(results).as_posix())
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
        as from `tables.database.build_database`.
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


def summary(config: Path, results: Path, started: float) -> str:
    """What a run that ended well did, and where its results are.

    Parameters
    ----------
    config
        the configuration file.
    started
        as in `summarise`.
    """
    project = validated(Project, read_yaml(config), config)
    rows = [HEADINGS, *summarise(list(project.experiments), results, started)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *counts in rows:
        aligned = (count.rjust(width) for count, width in zip(counts, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *aligned]))
    lines.append("")
    for what, path in (
        ("figures", layout.FIGURES.below(results, experiment="")),
        ("database", layout.DATABASE.below(results)),
        ("report", layout.REPORT.below(results)),
        ("cells", layout.QUALITY_PAGE.below(results, scope="morphologies")),
        ("failures", layout.FAILURES.below(results)),
    ):
        if path.exists():
            lines.append(f"{what:9} {path}{'/' if what == 'figures' else ''}")
    database = layout.DATABASE.below(results)
    if database.exists() and (said := audited(database)):
        lines.append(f"{'audit':9} {said}")
    return "\n".join(lines)
