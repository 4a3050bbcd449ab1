"""Jobs from plans to tables: points, features, database, failures, exports."""

import csv
from collections.abc import Iterator
from pathlib import Path

from dendroflow import layout
from dendroflow.errors import StoreError, TooManyFailuresError
from dendroflow.files import replacing
from dendroflow.jobs.job import Job
from dendroflow.plan.stored import Plan
from dendroflow.provenance import now
from dendroflow.settings.base import naming
from dendroflow.settings.sweep import Sampled
from dendroflow.tables.recordings import RECORDED, TRACES_BESIDE, targets_of, with_recorded
from dendroflow.tables.schemas import column_of
from dendroflow.tables.tables import leave_pandas_out, read_notes, write_table

FAILURES = ("experiment", "point_id", "status", "error", "values")


def plan_points(job: Job) -> None:
    """Write the table of an experiment's points, as it was planned when Snakemake started."""
    from dendroflow.plan.planning import make_plan

    configuration, name = job.configuration, job.experiment
    plan = make_plan(configuration, name, job.results, job.resources.planned_cores, keep=True)
    if plan.digest != job.params.plan:
        raise StoreError(
            f"{configuration.experiment_file(name)}: it, its model, its morphologies or the "
            "results changed since the run began; run snakemake again"
        )
    if job.input.history:
        found = [read_notes(Path(history)) for history in job.input.history]
        # Of equal ones that of the first seed.
        best = min(found, key=lambda notes: notes["score"])
        plan = plan.with_points(best["individuals"])
    plan.write(Path(job.output.plan))


def measure_recordings(job: Job) -> None:
    """Measure the recordings that targets come from, with the features of their protocols."""
    from dendroflow.analysis import recordings
    from dendroflow.plan.code import code_digest
    from dendroflow.plan.recordings import recordings_of

    configuration, name = job.configuration, job.experiment

    def check() -> None:
        code_digest.cache_clear()
        now = recordings_of(configuration, name)
        if now is None or now.code != job.wildcards.recorded:
            raise StoreError(
                f"the recordings of {name}, its features, or the code that measures them, changed "
                "since the run began; run snakemake again"
            )

    check()
    with naming(configuration.experiment_file(name)):
        table, traces, targets = recordings.measure_recordings(
            configuration.folder, job.declared, configuration.recordings
        )
    check()
    write_table(traces, Path(job.output.traces), TRACES_BESIDE)
    write_table(table, Path(job.output.recorded), RECORDED, {"targets": targets})


def gather_features(job: Job) -> None:
    """Join an experiment's requested points with their features."""
    from dendroflow.tables.gathering import gather

    leave_pandas_out()
    plan = Plan.read(Path(job.input.plan))
    targets = with_recorded(plan.notes["targets"], targets_of(job.input.recorded))
    gather(
        plan.table,
        [Path(path) for path in job.input.features],
        (
            Path(job.output.features),
            Path(job.output.feature_values),
            Path(job.output.runs),
        ),
        {
            **plan.notes,
            "targets": targets,
            "configuration": str(job.configuration.source),
            "date": now(),
        },
        [Path(path) for path in job.input.morphometrics],
    )


def build_database(job: Job) -> None:
    """Build the database of all that the results hold; list and count the points that failed."""
    from dendroflow.tables.contents import every_experiment
    from dendroflow.tables.database import ExperimentRows, build_database
    from dendroflow.tables.gathering import failures, verdict

    leave_pandas_out()
    own, share = job.configuration.experiments, job.configuration.project.max_failed_share
    found: list[dict[str, str]] = []
    verdicts: list[str] = []

    def all_rows() -> Iterator[ExperimentRows]:
        for rows in every_experiment(job.results, own):
            failed = failures(rows.name, rows.points)
            found.extend(failed)
            if rows.name in own:
                verdicts.append(verdict(rows.name, len(rows.points), failed, share))
            yield rows

    build_database(Path(job.output.database), all_rows())
    with (
        replacing(Path(job.output.failures)) as temporary,
        temporary.open("w", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, FAILURES, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)
    with replacing(Path(job.output.verdict)) as temporary:
        temporary.write_text("\n".join(verdicts) + "\n", encoding="utf-8")


def check_failures(job: Job) -> None:
    """Fail if more of an experiment's points failed than allowed."""
    from dendroflow.tables.gathering import TOO_MANY

    lines = Path(job.input.verdict).read_text(encoding="utf-8").splitlines()
    if refused := [line for line in lines if TOO_MANY in line]:
        raise TooManyFailuresError(
            f"{'; '.join(refused)} ({layout.FAILURES.below(job.results)} lists all; mend them, or "
            f"raise max_failed_share in {job.configuration.source})"
        )


def export_features(job: Job) -> None:
    """Write an experiment's table of points as CSV or Excel."""
    from dendroflow.tables import exports

    exports.export_features(Path(job.input.features), Path(job.output.table))


def export_accepted(job: Job) -> None:
    """Write the accepted points of a population as a table that a sweep takes."""
    from dendroflow.tables import exports

    plan, target = Plan.read(Path(job.input.plan)).table, Path(job.output.table)
    if job.declared.analysis.population is None:
        source = job.configuration.experiment_file(job.experiment)
        raise StoreError(f"{source}: `analysis: population` says which points are accepted")
    exports.export_accepted(plan, Path(job.input.features), target)


def export_sbi(job: Job) -> None:
    """Write an experiment's parameters and features as arrays for simulation-based inference."""
    from dendroflow.tables import exports

    ranges: dict[str, tuple[str, tuple[float, float]]] = {}
    for block in job.declared.sweep or ():
        for design in (each for _, each in block if isinstance(each, Sampled)):
            for path, axis in design.axes.items():
                prior = "log-uniform" if axis.log_range is not None else "uniform"
                ranges[column_of(path)] = (prior, axis.ends)
    exports.export_sbi(Path(job.input.features), ranges, Path(job.output.arrays))


def export_traces(job: Job) -> None:
    """Write all samples of an experiment as CSV or Excel."""
    from dendroflow.tables import exports

    traces = [Path(path) for path in job.input.traces]
    features, runs = Path(job.input.features), Path(job.input.runs)
    exports.export_traces(features, runs, traces, Path(job.output.table))
