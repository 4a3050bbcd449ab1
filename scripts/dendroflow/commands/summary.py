"""What a run did, in a few lines."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from dendroflow import layout
from dendroflow.settings.project import Project, read_yaml, validated
from dendroflow.tables.audits import SAME
from dendroflow.tables.database import reading
from dendroflow.tables.tables import read_table

OLD = " of an earlier run"
COUNTS = ("requested", "cached", "run", "failed")


def _counts(experiment: str, results: Path, started: float) -> dict[str, int | str]:
    """Count an experiment's points; those of batches written since `started` count as run."""
    path = layout.FEATURES.below(results, experiment=experiment)
    # What Snakemake makes of a plan is not older than the plan.
    if _written(path) < max(_written(layout.PLAN.below(results, experiment=experiment)), 1):
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


def _written(path: Path) -> float:
    """When it was (s, since the epoch); 0 if it is not there."""
    return path.stat().st_mtime if path.exists() else 0.0


def audited(database: Path) -> str | None:
    """What the last audit found of the points that the database holds; None without one."""
    with reading(database) as opened:
        verdicts = opened.execute("SELECT verdict, seed FROM audits").fetchall()
    if not verdicts:
        return None
    same = sum(verdict == SAME for verdict, _ in verdicts)
    seeds = ", ".join(map(str, sorted({seed for _, seed in verdicts})))
    said = f"{same} of {len(verdicts)} points the same, each simulated alone again (seed {seeds})"
    return said if same == len(verdicts) else f"{said}; see the table audits for those that differ"


def apart(database: Path, names: Collection[str]) -> list[str]:
    """A line for each of some experiments whose points turned out to need a process each."""
    with reading(database) as opened:
        rows = opened.execute(
            "SELECT experiment, process_why FROM experiments WHERE process = 'alone'"
        ).fetchall()
    found = {name: why for name, why in rows if name in names and why}
    return [f"{name}: each point has a process of its own: {why}" for name, why in found.items()]


def summary(config: Path, results: Path, started: float) -> str:
    """What a run did, and where its results are; of what it did not finish, nothing but that.

    Points of batches that were written since `started` (s, since the epoch) count as run.
    """
    names = list(validated(Project, read_yaml(config), config).experiments)
    counts = {name: _counts(name, results, started) for name in names}
    table = pd.DataFrame(counts.values(), index=names)
    lines = [table.rename_axis(columns="experiment").to_string(), ""]
    unfinished = [name for name, row in counts.items() if "?" in row.values()]
    tables = [_written(layout.FEATURES.below(results, experiment=name)) for name in names]
    database, report = layout.DATABASE.below(results), layout.REPORT.below(results)
    explorer = layout.EXPLORER.below(results)
    before = bool(unfinished) or _written(database) < max(tables)
    for what, path, is_old in (
        ("figures", layout.FIGURES.below(results, experiment=""), False),
        ("database", database, before),
        ("report", report, before or _written(report) < _written(database)),
        ("explorer", explorer, before or _written(explorer) < max(tables)),
        ("cells", layout.QUALITY_PAGE.below(results, scope="morphologies"), False),
        ("failures", layout.FAILURES.below(results), before),
        ("verdict", layout.VERDICT.below(results), before),
    ):
        if any(path.glob("*")) if path.is_dir() else path.exists():
            lines.append(f"{what:9} {path}{'/' * path.is_dir()}{OLD * is_old}")
    if database.exists() and not before and (said := audited(database)):
        lines.append(f"{'audit':9} {said}")
    if database.exists() and not before:
        lines += apart(database, names)
    if unfinished:
        lines.append(f"{', '.join(unfinished)}: not finished; what there is of it is{OLD}")
    return "\n".join(lines)
