"""Draw the course of a search and what it found.

Reads   input.history; params: title (JSON)
Writes  output.figures: convergence, scores and parameters as SVG, PDF and PNG
        output.captions: what the report says about them
"""

import json
from pathlib import Path

from dendroflow.figures.optimisation import Course, draw_all
from dendroflow.jobs.job import job
from dendroflow.settings.optimise import FIGURES
from dendroflow.tables.tables import read_notes, read_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        history = Path(snakemake.input.history)
        course = Course(read_table(history).to_pandas(), read_notes(history))
        folder = Path(snakemake.output.figures[0]).parent
        draw_all(course, json.loads(snakemake.params.title), folder)
        for figure, path in zip(FIGURES, snakemake.output.captions, strict=True):
            Path(path).write_text(figure.caption + "\n", encoding="utf-8")
