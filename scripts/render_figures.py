"""Draw all figures of one experiment.

Reads   input.features: a row per requested point; input.traces: of all batches, if needed
        params: figures (as declared) and title, as JSON
Writes  output.figures; output.captions: reStructuredText for the report
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
from pydantic import TypeAdapter

from dendroflow.figures.data import FigureData, labels_of
from dendroflow.figures.render import render_all
from dendroflow.jobs.job import job
from dendroflow.settings.figures import Figure
from dendroflow.tables.tables import read_notes, read_table


def read_figure_data(experiment: str, title: str, features: Path, traces: list) -> FigureData:
    notes = read_notes(features)
    points = read_table(features).to_pandas()
    batch_of = dict(zip(points["point_id"], points["batch"], strict=True))
    files = {Path(path).stem: Path(path) for path in traces}

    def read_traces(point_ids, signals) -> pa.Table:
        wanted = defaultdict(list)
        for point_id in point_ids:
            wanted[batch_of[point_id]].append(point_id)
        return pa.concat_tables(
            read_table(
                files[batch],
                where={"point_id": ids, "signal": list(signals)},
            )
            for batch, ids in sorted(wanted.items())
        )

    return FigureData(
        experiment=experiment,
        title=title,
        points=points,
        labels=labels_of(notes["columns"]),
        read_traces=read_traces,
        swept=tuple(c["name"] for c in notes["columns"] if c["kind"] == "swept"),
        time_unit=notes["time_unit"],
    )


def escaped(text: str) -> str:
    """Text that neither reStructuredText nor Jinja takes for markup."""
    return re.sub(r"([^\w\s])", r"\\\1", " ".join(text.split()))


if __name__ == "__main__":
    with job(snakemake.log[0]):
        folder = Path(snakemake.output.figures[0]).parent
        data = read_figure_data(
            folder.name,
            json.loads(snakemake.params.title),
            Path(snakemake.input.features),
            snakemake.input.traces,
        )
        figures = TypeAdapter(list[Figure]).validate_python(
            json.loads(snakemake.params.figures)["figures"]
        )
        render_all(figures, data, folder)
        for figure, path in zip(figures, snakemake.output.captions, strict=True):
            Path(path).write_text(escaped(figure.caption) + "\n", encoding="utf-8")
