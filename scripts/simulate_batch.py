"""Simulate the points of one batch.

Reads   params: plan, model, morphologies; input.mechanisms, input.geometries
Writes  output.traces: a row per point and signal
        output.outcomes: a row per point; status, error, runtime_s
"""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from dendroflow.engine.batch import points_to_run, simulate_batch
from dendroflow.engine.pool import Workload
from dendroflow.engine.rxd_cache import share_compiled_reactions
from dendroflow.job import job
from dendroflow.mechanisms import load_mechanisms
from dendroflow.model.loading import load_model
from dendroflow.morphology.geometry import Geometry
from dendroflow.plan.planning import Plan
from dendroflow.provenance import environment


@contextmanager
def scratch_folder(parent: Path):
    """Work in a folder of its own: NEURON loads mechanisms that lie where it starts, and writes."""
    home = Path.cwd()
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="simulate-", dir=parent) as scratch:
        os.chdir(scratch)
        try:
            yield
        finally:
            os.chdir(home)


def main(files: dict, geometries: dict, model: Path, batch: str, threads: int) -> None:
    plan = Plan.read(files["plan"])
    notes = plan.notes
    with scratch_folder(files["traces"].parents[3] / "scratch"):
        for library in files["mechanisms"]:
            load_mechanisms(library)
        loaded = {name: Geometry.load(path) for name, path in geometries.items()}
        for name, geometry in loaded.items():
            geometry.require(notes["required_sections"], name)
        model_class = load_model(model)
        share_compiled_reactions(files["traces"].parents[3] / "rxd")
        points = points_to_run(plan.of_batch(batch), notes["fixed"])
        simulate_batch(
            Workload(model_class, loaded, notes["recipe_content"]["plausible"]),
            points,
            files["traces"],
            files["outcomes"],
            workers=threads,
            timeout_s=notes["timeout_s"],
            notes={
                "recipe": plan.recipe,
                "points": len(points),
                "provenance": environment() | notes["recipe_content"],
            },
        )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            {
                "plan": Path(snakemake.params.plan).absolute(),
                "mechanisms": [Path(path).absolute() for path in snakemake.input.mechanisms],
                "traces": Path(snakemake.output.traces).absolute(),
                "outcomes": Path(snakemake.output.outcomes).absolute(),
            },
            {
                name: Path(path).absolute()
                for name, path in zip(
                    snakemake.params.morphologies, snakemake.input.geometries, strict=True
                )
            },
            Path(snakemake.params.model).absolute(),
            snakemake.wildcards.batch,
            snakemake.threads,
        )
