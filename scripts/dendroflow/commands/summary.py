"""What a run did, in a few lines."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

from dendroflow import layout
from dendroflow.settings.project import Project, read_yaml, validated
from dendroflow.tables.audits import SAME
from dendroflow.tables.tables import read_table

COUNTS = ("requested", "cached", "run", "failed")


def _counts(experiment: str, results: Path, started: float) -> dict[str, int | str]:
    """Count an experiment's points; those of batches written since `started` count as run."""
    path = layout.FEATURES.below(results, experiment=experiment)
    if not path.exists():
        return dict.fromkeys(COUNTS, "?")
    table = read_table(path, columns=["batch", "status"]).to_pandas()
    written = layout.OUTCOMES.of(experiment=experiment, simulation_code="*", batch="*")
    new = {
        file.stem
        for file in results.glob(written.removeprefix("results/"))
        if file.stat().st_mtime >= started
    }
    run = int(table["batch"].isin(new).sum())
    failed = int((table["status"] != "ok").sum())
    return dict(zip(COUNTS, (len(table), len(table) - run, run, failed), strict=True))


def audited(database: Path) -> str | None:
    """What the last audit found of the points that the database holds; None without one."""
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

    Points of batches that were written since `started` (s, since the epoch) count as run.
    """
    names = list(validated(Project, read_yaml(config), config).experiments)
    table = pd.DataFrame([_counts(name, results, started) for name in names], index=names)
    lines = [table.rename_axis(columns="experiment").to_string(), ""]
    database = layout.DATABASE.below(results)
    for what, path in (
        ("figures", layout.FIGURES.below(results, experiment="")),
        ("database", database),
        ("report", layout.REPORT.below(results)),
        ("cells", layout.QUALITY_PAGE.below(results, scope="morphologies")),
        ("failures", layout.FAILURES.below(results)),
    ):
        if path.exists():
            lines.append(f"{what:9} {path}{'/' if what == 'figures' else ''}")
    if database.exists() and (said := audited(database)):
        lines.append(f"{'audit':9} {said}")
    return "\n".join(lines)
