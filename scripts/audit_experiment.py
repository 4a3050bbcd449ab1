"""Simulate a sample of an experiment's points again, each alone, and compare.

Reads   input.plan, input.features, input.feature_values, input.mechanisms, input.sections
        the batches of the plan, below `results`
        params: model, morphologies, features, settings (of the audit)
Writes  output.audit: a row per point; same or differs, and what differs first
"""

from pathlib import Path

from dendroflow.analysis.audit import Anew, Stored, audit
from dendroflow.jobs.job import job, scratch_folder
from dendroflow.kernel.loading import load_mechanisms, load_model
from dendroflow.kernel.reactions import share_compiled_reactions
from dendroflow.morphology.sections import load_sections, require_sections
from dendroflow.plan.stored import Plan
from dendroflow.runs.pool import Workload
from dendroflow.settings.audit import Audit
from dendroflow.settings.features import Features


def main(plan: Plan, results: Path, files: dict, params: dict, *, workers: int) -> None:
    notes = plan.notes
    loaded = {name: load_sections(path) for name, path in files["geometries"].items()}
    with scratch_folder(results / "scratch"):
        for library in files["mechanisms"]:
            load_mechanisms(library)
        for name, geometry in loaded.items():
            require_sections(geometry, notes["required_sections"], name)
        workload = Workload(
            load_model(params["model"]),
            loaded,
            notes["recipe_content"]["plausible"],
            coreneuron=notes["recipe_content"]["engine"] == "coreneuron",
        )
        share_compiled_reactions(results / "rxd")
        audit(
            Stored(results, plan),
            Anew(workload, Features.model_validate(params["features"]), workers),
            Audit.model_validate(params["settings"]),
            files["output"],
        )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        paths = [Path(path).absolute() for path in snakemake.input.sections]
        params = dict(snakemake.params.items())
        params["model"] = Path(params["model"]).absolute()
        main(
            Plan.read(Path(snakemake.input.plan)),
            Path("results").absolute(),
            {
                "mechanisms": [Path(path).absolute() for path in snakemake.input.mechanisms],
                "geometries": dict(zip(params["morphologies"], paths, strict=True)),
                "output": Path(snakemake.output.audit).absolute(),
            },
            params,
            workers=snakemake.threads,
        )
