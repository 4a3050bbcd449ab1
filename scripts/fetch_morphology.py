"""Fetch one morphology and check it.

Reads   params: source (its entry in the catalogue), neuromorpho, root
Writes  output.morphology: the file; output.metadata: where it comes from, and whom to cite
"""

from pathlib import Path

from pydantic import TypeAdapter

from dendroflow.jobs.job import job
from dendroflow.morphology.fetch import fetch
from dendroflow.settings.morphologies import MorphologySource, NeuroMorpho


def main(name: str, params: dict, morphology: str, metadata: str) -> None:
    fetch(
        name,
        TypeAdapter(MorphologySource).validate_python(params["source"]),
        Path(morphology),
        Path(metadata),
        neuromorpho=NeuroMorpho(**params["neuromorpho"]),
        root=Path(params["root"]),
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.wildcards.morphology,
            dict(snakemake.params.items()),
            snakemake.output.morphology,
            snakemake.output.metadata,
        )
