"""Let NEURON's importer read one morphology.

Reads   input.morphology: SWC or Neurolucida
Writes  output.sections: sections, connections and 3-D points
"""

from pathlib import Path

from dendroflow.jobs.job import job
from dendroflow.morphology.files import check_fetched
from dendroflow.morphology.importing import import_sections
from dendroflow.morphology.sections import save_sections

if __name__ == "__main__":
    with job(snakemake.log[0]):
        morphology = Path(snakemake.input.morphology)
        check_fetched(morphology)
        save_sections(import_sections(morphology), Path(snakemake.output.sections))
