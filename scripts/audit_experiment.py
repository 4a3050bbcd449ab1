"""Simulate a sample of an experiment's points again, each alone, and compare.

Reads   input.plan, input.features, input.feature_values, input.mechanisms, input.geometries
        the batches of the plan, below `results`
        params: model, morphologies, features, settings (of the audit)
Writes  output.audit: a row per point; same or differs, and what differs first
"""

from pathlib import Path

from dendroflow.audit import Anew, Stored, audit
from dendroflow.engine.pool import Workload
from dendroflow.engine.rxd_cache import share_compiled_reactions
from dendroflow.job import job, scratch_folder
from dendroflow.mechanisms import load_mechanisms
from dendroflow.model.loading import load_model
from dendroflow.morphology.geometry import Geometry
from dendroflow.plan.stored import Plan
from dendroflow.settings.audit import Audit
from dendroflow.settings.features import Features


def main(plan: Plan, results: Path, files: dict, params: dict, *, workers: int) -> None:
    notes = plan.notes
    loaded = {name: Geometry.load(path) for name, path in files["geometries"].items()}
    with scratch_folder(results / "scratch"):
        for library in files["mechanisms"]:
            load_mechanisms(library)
        for name, geometry in loaded.items():
            geometry.require(notes["required_sections"], name)
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
        paths = [Path(path).absolute() for path in snakemake.input.geometries]
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
