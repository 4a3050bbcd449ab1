"""Jobs about morphologies: fetched, imported, measured, compared, and checked."""

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
    from dendroflow.analysis.morphometrics import MORPHOMETRICS, morphometrics

    path = Path(job.input.morphology)
    check_fetched(path)
    measured = morphometrics(job.wildcards.morphology, path)
    write_table(measured, Path(job.output.measures), MORPHOMETRICS)


def compare_morphologies(job: Job) -> None:
    """Judge morphologies by a table of observations, and draw the scores."""
    import pyarrow as pa

    from dendroflow.analysis.scores import SCORES, score_morphologies
    from dendroflow.analysis.scores_figure import draw_scores

    name = str(job.wildcards.comparison)
    comparison = job.configuration.project.morphometry[name]
    observations = list(read_all(job.configuration)[name].values())
    measures = pa.concat_tables(read_table(Path(path)) for path in job.input.measures)
    scores = score_morphologies(measures, observations, comparison.limit)
    write_table(scores, Path(job.output.scores), SCORES)
    title = comparison.title or f"Morphometrics against {name}"
    path = Path(job.output.figures[0]).with_suffix("")
    draw_scores(scores.to_pandas(), title, comparison.limit, job.configuration.project.style, path)


def check_morphology(job: Job) -> None:
    """Make all checks of one morphology, and draw it."""
    from dendroflow.quality.checks import check_all
    from dendroflow.quality.picture import draw
    from dendroflow.quality.reconstruction import Reconstruction
    from dendroflow.quality.tables import write_checks

    path, name = Path(job.input.morphology), str(job.wildcards.morphology)
    check_fetched(path)
    cell = Reconstruction.from_file(path, name)
    found = check_all(cell, job.configuration.quality)
    draw(cell, found, [Path(picture) for picture in job.output.pictures])
    notes = {"address": cell.address, "file": str(path)}
    write_checks(((name, result) for result in found), Path(job.output.checks), notes)


def report_morphologies(job: Job) -> None:
    """Gather the quality of morphologies: one page, a table of results, one of suitability."""
    from dendroflow.quality.page import Entry, render
    from dendroflow.quality.suitability import suitabilities
    from dendroflow.quality.tables import read_checks, write_checks, write_uses

    limits, entries = job.configuration.quality, []
    for table, picture in zip(job.input.checks, job.input.pictures, strict=True):
        found, notes = read_checks(Path(table))
        suited = suitabilities(found, limits)
        name = Path(table).parents[1].name
        entries.append(Entry(name, notes["address"], found, suited, Path(picture).read_bytes()))
    write_checks(((e.name, f) for e in entries for f in e.results), Path(job.output.checks))
    write_uses(((e.name, e.suitabilities) for e in entries), Path(job.output.uses))
    with replacing(Path(job.output.page)) as temporary:
        temporary.write_text(render(entries), encoding="utf-8")


def check_requirements(job: Job) -> None:
    """Fail if a morphology of an experiment does not meet what the experiment requires."""
    from dendroflow.quality.suitability import refuse, unmet
    from dendroflow.quality.tables import read_checks

    wanted, limits = job.declared.morphology_requires, job.configuration.quality
    assert wanted is not None, "asked of experiments that require something"
    found = {}
    for path in map(Path, job.input.checks):
        results, notes = read_checks(path)
        found[path.parents[1].name] = (notes["file"], unmet(results, wanted, limits))
    refuse(job.experiment, found)
    lines = [f"uses: {', '.join(wanted.uses)}", f"checks: {', '.join(wanted.checks)}"]
    with replacing(Path(job.output.requirements)) as temporary:
        temporary.write_text("\n".join([*lines, f"met by: {', '.join(found)}", ""]), "utf-8")
