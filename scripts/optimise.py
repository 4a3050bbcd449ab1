"""Search for the parameters whose features are nearest to the targets.

Reads   params: project and source (configuration), morphologies
        input.mechanisms, input.sections
Writes  output.history: a row per individual; generation, values, features, scores
        and beside it, for the next run, the points of each generation as soon as they are measured
"""

from pathlib import Path

from dendroflow.analysis.fitting import fit, measuring
from dendroflow.errors import StoreError
from dendroflow.features.extract import extraction
from dendroflow.jobs.job import job, scratch_folder
from dendroflow.kernel.loading import load_mechanisms, load_model
from dendroflow.kernel.reactions import share_compiled_reactions
from dendroflow.morphology.sections import load_sections, require_sections
from dendroflow.plan.planning import described, make_plan
from dendroflow.runs.pool import Workload
from dendroflow.settings.project import load


def main(
    project: dict, source: Path, files: dict, results: Path, history: Path, *, workers: int
) -> None:
    (experiment,) = project["experiments"]
    configuration = load(project, source)
    notes = make_plan(configuration, experiment, results, workers).notes
    if results / notes["optimisation"]["history"] != history:
        raise StoreError(
            f"{source}: the configuration of {experiment} changed while snakemake was planning; "
            "run it again"
        )
    settings = configuration.experiments[experiment]
    folder = configuration.model_folder(experiment).absolute()
    description = described(folder, results)
    loaded = {name: load_sections(path) for name, path in files["geometries"].items()}
    for name, geometry in loaded.items():
        require_sections(geometry, notes["required_sections"], name)
    with scratch_folder(results / "scratch"):
        for library in files["mechanisms"]:
            load_mechanisms(library)
        workload = Workload(
            load_model(folder),
            loaded,
            settings.plausible,
            extraction(settings.features),
            settings.engine == "coreneuron",
        )
        share_compiled_reactions(results / "rxd")
        measure = measuring(configuration, experiment, description, workload, workers)
        kept = {key: notes[key] for key in ("experiment", "recipe", "optimisation", "columns")}
        fit(configuration, experiment, measure, history, kept)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        paths = [Path(path).absolute() for path in snakemake.input.sections]
        main(
            snakemake.params.project,
            Path(snakemake.params.source),
            {
                "mechanisms": [Path(path).absolute() for path in snakemake.input.mechanisms],
                "geometries": dict(zip(snakemake.params.morphologies, paths, strict=True)),
            },
            Path("results").absolute(),
            Path(snakemake.output.history).absolute(),
            workers=snakemake.threads,
        )
