"""Compare morphologies with observations.

Reads   input.measures: of each morphology
        params: observations (a list) and comparison (limit, title), as JSON
Writes  output.scores: a row per morphology and observation
        output.figures; output.caption: reStructuredText for the report
"""

import json
from pathlib import Path

import pyarrow as pa
from pydantic import TypeAdapter

from dendroflow.analysis.scores import SCORES, score_morphologies
from dendroflow.analysis.scores_figure import draw_scores
from dendroflow.jobs.job import job
from dendroflow.settings.morphometry import Comparison, Observation
from dendroflow.tables.tables import read_table, write_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        comparison = Comparison(**json.loads(snakemake.params.comparison))
        observations = TypeAdapter(list[Observation]).validate_python(
            json.loads(snakemake.params.observations)
        )
        measures = pa.concat_tables(read_table(Path(path)) for path in snakemake.input.measures)
        scores = score_morphologies(measures, observations, comparison.limit)
        write_table(scores, Path(snakemake.output.scores), SCORES)
        figure = Path(snakemake.output.figures[0])
        draw_scores(
            scores.to_pandas(),
            comparison.title or f"Morphometrics against {figure.stem}",
            comparison.limit,
            figure.parent,
            figure.stem,
        )
        Path(snakemake.output.caption).write_text(
            "Each morphometric of a cell as its deviation from what was observed, in standard "
            "deviations. The shaded part counts as within.\n",
            encoding="utf-8",
        )
