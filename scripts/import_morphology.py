"""Let NEURON's importer read one morphology.

Reads   input.morphology: SWC or Neurolucida
Writes  output.geometry: sections, connections and 3-D points
"""

from pathlib import Path

from dendroflow.job import job
from dendroflow.morphology.files import check_fetched
from dendroflow.morphology.geometry import import_geometry

if __name__ == "__main__":
    with job(snakemake.log[0]):
        morphology = Path(snakemake.input.morphology)
        check_fetched(morphology)
        import_geometry(morphology).save(Path(snakemake.output.geometry))
