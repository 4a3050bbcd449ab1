"""Simulate the points of one batch.

Reads   params: plan, model, morphologies; input.mechanisms, input.sections
Writes  output.traces: a row per point and signal; or, if params has `features`,
        output.features: a row per point, and the traces never leave memory
        output.outcomes: a row per point; status, error, runtime_s
"""

import shutil
from pathlib import Path

from dendroflow.jobs.job import job, scratch_folder
from dendroflow.kernel.loading import load_mechanisms, load_model
from dendroflow.kernel.points import points_of
from dendroflow.kernel.reactions import share_compiled_reactions
from dendroflow.morphology.sections import load_sections, require_sections
from dendroflow.plan.code import digest_of_model
from dendroflow.plan.stored import Plan
from dendroflow.provenance import environment
from dendroflow.runs.batch import simulate_batch
from dendroflow.runs.pool import Workload
from dendroflow.settings.features import Features
from dendroflow.tables.schemas import TRACES
from dendroflow.tables.tables import leave_pandas_out


def main(job_files: dict, geometries: dict, params: dict, batch: str, threads: int) -> None:
    results = job_files["outcomes"].parents[3]
    copy = digest_of_model(params["model"])
    shutil.copytree(params["model"], results / "models" / copy, dirs_exist_ok=True)
    measure, schema = None, TRACES
    if "features" in params:
        from dendroflow.features import extract

        features = Features.model_validate(params["features"])
        measure, schema = extract.extraction(features), extract.schema(features)
    with scratch_folder(results / "scratch"):
        for library in job_files["mechanisms"]:
            load_mechanisms(library)
        model = load_model(params["model"])
        leave_pandas_out()
        plan = Plan.read(job_files["plan"], batch)
        notes = plan.notes
        loaded = {name: load_sections(path) for name, path in geometries.items()}
        for name, geometry in loaded.items():
            require_sections(geometry, notes["required_sections"], name)
        share_compiled_reactions(results / "rxd")
        points = points_of(plan.of_batch(batch).to_pydict(), notes["fixed"])
        simulate_batch(
            Workload(
                model,
                loaded,
                notes["recipe_content"]["plausible"],
                measure,
                notes["recipe_content"]["engine"] == "coreneuron",
            ),
            points,
            (job_files["rows"], job_files["outcomes"]),
            schema,
            workers=threads,
            timeout_s=notes["timeout_s"],
            notes={
                "recipe": plan.recipe,
                "points": len(points),
                "model_copy": copy,
                "provenance": environment()
                | notes["recipe_content"]
                | {f"morphology {name}": notes["morphologies"][name] for name in loaded},
            },
        )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        params = dict(snakemake.params.items())
        params["model"] = Path(params["model"]).absolute()
        main(
            {
                "plan": Path(params["plan"]).absolute(),
                "mechanisms": [Path(path).absolute() for path in snakemake.input.mechanisms],
                "rows": Path(snakemake.output[0]).absolute(),
                "outcomes": Path(snakemake.output.outcomes).absolute(),
            },
            {
                name: Path(path).absolute()
                for name, path in zip(params["morphologies"], snakemake.input.sections, strict=True)
            },
            params,
            snakemake.wildcards.batch,
            snakemake.threads,
        )
