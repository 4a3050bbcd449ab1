"""Jobs from points to features: simulations, searches, audits."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from dendroflow import layout
from dendroflow.errors import StoreError
from dendroflow.jobs.job import Job, logger, refuse_another_code
from dendroflow.plan.answers import points_to_run, searches_of
from dendroflow.plan.models import check_copy
from dendroflow.plan.stored import Plan
from dendroflow.provenance import environment
from dendroflow.runs.batch import simulate_batch as simulate_and_store
from dendroflow.runs.search import searching
from dendroflow.runs.workload import Workload, loaded
from dendroflow.settings.features import Features
from dendroflow.settings.targets import Target
from dendroflow.tables.recordings import targets_of
from dendroflow.tables.schemas import TRACES
from dendroflow.tables.tables import leave_pandas_out, read_table, writing


def simulate_batch(job: Job) -> None:
    """Simulate the points of a batch; store their traces, or their features, and outcomes."""
    batch = str(job.wildcards.batch)
    plan = Plan.read(Path(job.input.plan), batch)
    notes, measure, schema = plan.notes, None, TRACES
    asked = asked_of(notes)
    if not plan.feature_code:
        from dendroflow.features import extract

        measure, schema = extract.extraction(asked), extract.schema(asked)
    leave_pandas_out()
    found = searches_of([read_table(Path(path)) for path in job.input.searches])
    points, refused = points_to_run(plan.of_batch(batch), notes["fixed"], notes["protocols"], found)
    rows, outcomes = (Path(path).absolute() for path in (job.output[0], job.output.outcomes))
    sharing = layout.SHARING.below(job.results, **plan.codes).absolute()
    made_by = environment(job.folder)
    with opened(job, plan, plan.morphologies(batch), measure) as workload:
        simulate_and_store(
            workload,
            points,
            (rows, outcomes),
            schema,
            refused=refused,
            workers=job.threads,
            timeout_s=notes["timeout_s"],
            notes={
                "simulation_code": plan.simulation_code,
                "points": len(points) + len(refused),
                "model_copy": notes["model_copy"],
                "sections": workload.sections,
                "provenance": made_by
                | notes["simulation_content"]
                | {f"morphology {name}": notes["morphologies"][name] for name in workload.sections},
            },
            sharing=sharing,
            unfinished=sharing.with_name(Path(layout.UNFINISHED).parent.name),
            retry=notes["retry"],
            check=lambda: refuse_another_code(notes["library"]),
        )


def opened(
    job: Job, plan: Plan, morphologies: tuple[str, ...], measure: Any = None
) -> AbstractContextManager[Workload]:
    """Load what a job simulates with, unless library or model have changed since planning."""
    refuse_another_code(plan.notes["library"])
    copy = Path(job.input.model).parent
    check_copy(copy)
    return loaded(
        job.results,
        plan.notes,
        (copy, job.folder / "models" / plan.notes["model"]),
        [Path(path) for path in job.input.mechanisms],
        dict(zip(morphologies, map(Path, job.input.sections), strict=True)),
        measure=measure,
        searches=searching(asked_of(plan.notes), plan.notes["protocols"]),
    )


def asked_of(notes: Mapping[str, Any]) -> dict[str, Features]:
    """What is measured under each protocol, from the notes of a plan."""
    content = notes["feature_content"]["features"]
    return {protocol: Features.model_validate(said) for protocol, said in content.items()}


def extract_features(job: Job) -> None:
    """Extract the features of a batch from its traces."""
    from dendroflow.features.extract import extract_file, schema
    from dendroflow.plan.code import code_digest
    from dendroflow.plan.codes import FeatureContent

    leave_pandas_out()
    asked, done = job.declared.measured, 0

    def check() -> None:
        code_digest.cache_clear()
        now = FeatureContent({name: features.dumped for name, features in asked.items()})
        if now.code != job.wildcards.feature_code:
            raise StoreError(
                f"the features of {job.experiment}, or the code that extracts them, changed since "
                "the run began; run snakemake again"
            )

    check()
    with writing(Path(job.output.features), schema(asked)) as rows:
        for table in extract_file(Path(job.input.traces), Path(job.input.outcomes), asked):
            rows.write(table)
            done += table.num_rows
            logger.info("%d points", done)
        check()


def optimise(job: Job) -> None:
    """Search for the parameters whose features are nearest to the targets."""
    from dendroflow.analysis.fitting import fit, measuring
    from dendroflow.features.extract import extraction
    from dendroflow.plan.description import describe
    from dendroflow.plan.models import names_of
    from dendroflow.plan.planning import make_plan

    configuration, name, history = job.configuration, job.experiment, Path(job.output.history)
    plan = make_plan(configuration, name, job.results, job.threads)
    planned = [Path(path).parts[1:] for path in plan.notes["optimisation"]["histories"]]
    if history.parts[-5:] not in planned:
        raise StoreError(
            f"{configuration.experiment_file(name)}: changed since the run began; "
            "run snakemake again"
        )
    model = names_of(configuration.model_folder(name))
    description = describe(model, layout.DESCRIPTION.below(job.results, model_copy=model.copy))
    keys = ("experiment", "simulation_code", "optimisation", "columns")
    target = history.absolute()
    fitted = job.declared.fitted
    others = {**configuration.experiments, name: fitted}
    targets = fitted.targets | _recorded_targets(job.input.recorded)
    measure = extraction(fitted.measured)
    with opened(job, plan, plan.morphologies(), measure) as workload:
        search = measuring(
            configuration.model_copy(update={"experiments": others}),
            name,
            description,
            workload,
            job.threads,
        )
        fit(
            configuration,
            name,
            search,
            target,
            {key: plan.notes[key] for key in keys},
            seed=plan.notes["optimisation"]["searches"][job.wildcards.search]["settings"]["seed"],
            description=description,
            targets=targets,
            check=lambda: refuse_another_code(plan.notes["library"]),
        )


def _recorded_targets(files: Sequence[str]) -> dict[str, Target]:
    """The targets that come from recordings, as if their means and SDs had been given."""
    found = targets_of(files)
    return {name: Target(mean=said["mean"], sd=said["sd"]) for name, said in found.items()}


def audit_experiment(job: Job) -> None:
    """Simulate a sample of an experiment's points again, each alone, and compare."""
    from dendroflow.analysis.audit import audit

    plan, output = Plan.read(Path(job.input.plan)), Path(job.output.audit).absolute()
    settings = job.configuration.project.audit
    made_by, results = environment(job.folder), job.results.absolute()
    with opened(job, plan, plan.morphologies()) as workload:
        audit(
            results,
            plan,
            workload,
            asked_of(plan.notes),
            settings,
            output=output,
            workers=job.threads,
            provenance=made_by,
        )


def check_audits(job: Job) -> None:
    """Fail if a point came out otherwise than it is stored."""
    from dendroflow.files import replacing
    from dendroflow.tables.audits import check_audits as judge

    leave_pandas_out()
    audits = {Path(path).stem: Path(path) for path in job.input.audits}
    said = judge(audits)
    logger.info("%s", said)
    with replacing(Path(job.output.verdict)) as temporary:
        temporary.write_text(said, encoding="utf-8")
