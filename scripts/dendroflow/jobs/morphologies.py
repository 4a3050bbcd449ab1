"""Jobs about morphologies: fetched, imported, measured, compared, and appraised."""

from pathlib import Path

from dendroflow.errors import ConfigurationError
from dendroflow.files import replacing
from dendroflow.jobs.job import Job
from dendroflow.morphology.files import check_fetched
from dendroflow.plan.morphologies import names_of_morphology
from dendroflow.settings.observations import read_all
from dendroflow.tables.tables import read_table, write_table


def fetch_morphology(job: Job) -> None:
    """Fetch a morphology and check it."""
    from dendroflow.morphology.fetch import fetch

    name = str(job.wildcards.morphology)
    if names_of_morphology(job.configuration, name)["pin"] != job.wildcards.pin:
        raise ConfigurationError(
            f"{job.folder / 'morphologies.yaml'}: {name}: changed since the run began; "
            "run snakemake again"
        )
    fetch(
        name,
        job.configuration.morphologies[name],
        Path(job.output.morphology),
        Path(job.output.metadata),
        neuromorpho=job.configuration.project.neuromorpho,
        root=job.folder,
    )


def import_morphology(job: Job) -> None:
    """Let NEURON's importer read a morphology, and keep its sections."""
    from dendroflow.morphology.importing import import_sections
    from dendroflow.morphology.sections import save_sections

    path = Path(job.input.morphology)
    check_fetched(path)
    save_sections(import_sections(path), Path(job.output.sections))


def measure_morphology(job: Job) -> None:
    """Measure a morphology with NeuroM."""
    from dendroflow.analysis.morphometrics import MEASURES, measure

    path = Path(job.input.morphology)
    check_fetched(path)
    write_table(measure(job.wildcards.morphology, path), Path(job.output.measures), MEASURES)


def compare_morphologies(job: Job) -> None:
    """Judge morphologies by a table of observations, and draw the scores."""
    import pyarrow as pa

    from dendroflow.analysis.scores import SCORES, judge
    from dendroflow.analysis.scores_figure import draw_scores

    name = str(job.wildcards.comparison)
    comparison = job.configuration.project.morphometry[name]
    observations = list(read_all(job.configuration)[name].values())
    measures = pa.concat_tables(read_table(Path(path)) for path in job.input.measures)
    scores = judge(measures, observations, comparison.limit)
    write_table(scores, Path(job.output.scores), SCORES)
    title = comparison.title or f"Morphometrics against {name}"
    folder = Path(job.output.figures[0]).parent
    draw_scores(scores.to_pandas(), title, comparison.limit, folder, name)


def appraise_morphology(job: Job) -> None:
    """Make all checks of one morphology, and draw its portrait."""
    from dendroflow.quality.cell import Cell
    from dendroflow.quality.checks import appraise
    from dendroflow.quality.picture import draw
    from dendroflow.quality.tables import write_findings

    path, name = Path(job.input.morphology), str(job.wildcards.morphology)
    check_fetched(path)
    cell = Cell.from_file(path, name)
    found = appraise(cell, job.configuration.appraisal)
    draw(cell, found, [Path(picture) for picture in job.output.pictures])
    notes = {"address": cell.address, "file": str(path)}
    write_findings(((name, finding) for finding in found), Path(job.output.findings), notes)


def report_morphologies(job: Job) -> None:
    """Gather the appraisals of morphologies: one page, a table of findings, one of verdicts."""
    from dendroflow.quality.judgement import judge_all
    from dendroflow.quality.page import Entry, render
    from dendroflow.quality.tables import read_findings, write_findings, write_uses

    limits, entries = job.configuration.appraisal, []
    for table, picture in zip(job.input.findings, job.input.pictures, strict=True):
        found, notes = read_findings(Path(table))
        judged = judge_all(found, limits)
        name = Path(table).parents[1].name
        entries.append(Entry(name, notes["address"], found, judged, Path(picture).read_bytes()))
    write_findings(((e.name, f) for e in entries for f in e.findings), Path(job.output.findings))
    write_uses(((e.name, e.judgements) for e in entries), Path(job.output.uses))
    with replacing(Path(job.output.page)) as temporary:
        temporary.write_text(render(entries), encoding="utf-8")


def check_requirements(job: Job) -> None:
    """Fail if a morphology of an experiment does not meet what the experiment requires."""
    from dendroflow.quality.judgement import objections, refuse
    from dendroflow.quality.tables import read_findings

    wanted, limits = job.declared.morphology_requires, job.configuration.appraisal
    assert wanted is not None, "asked of experiments that require something"
    objecting = {}
    for path in map(Path, job.input.findings):
        found, notes = read_findings(path)
        objecting[path.parents[1].name] = (notes["file"], objections(found, wanted, limits))
    refuse(job.experiment, objecting)
    lines = [f"uses: {', '.join(wanted.uses)}", f"checks: {', '.join(wanted.checks)}"]
    with replacing(Path(job.output.requirements)) as temporary:
        temporary.write_text("\n".join([*lines, f"met by: {', '.join(objecting)}", ""]), "utf-8")
