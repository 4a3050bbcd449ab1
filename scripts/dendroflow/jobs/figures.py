"""The job that draws all figures of an experiment."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from dendroflow.figures.data import FigureData, labels_of
from dendroflow.figures.render import render_all
from dendroflow.jobs.job import Job
from dendroflow.tables.tables import read_notes, read_table


def render_figures(job: Job) -> None:
    """Draw all figures of one experiment, and where it optimises, those of its search."""
    declared, folder = job.declared, Path(job.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    notes = read_notes(Path(job.input.features))
    points = read_table(Path(job.input.features)).to_pandas()
    batch_of = dict(zip(points["point_id"], points["batch"], strict=True))
    files = {Path(path).stem: Path(path) for path in job.input.traces}

    def read_traces(point_ids: Sequence[str], signals: Sequence[str]) -> pa.Table:
        wanted = defaultdict(list)
        for point_id in point_ids:
            wanted[batch_of[point_id]].append(point_id)
        return pa.concat_tables(
            read_table(files[batch], where={"point_id": ids, "signal": list(signals)})
            for batch, ids in sorted(wanted.items())
        )

    def read_values(feature: str) -> pd.DataFrame:
        path, columns = Path(job.input.feature_values), ["point_id", "value"]
        found: pd.DataFrame = read_table(path, columns, {"feature": [feature]}).to_pandas()
        return found

    data = FigureData(
        experiment=job.experiment,
        title=declared.title,
        points=points,
        labels=labels_of(notes["columns"]),
        # Where they are needed.
        read_traces=read_traces,
        read_values=read_values,
        swept=tuple(c["name"] for c in notes["columns"] if c["kind"] == "swept"),
        time_unit=notes["time_unit"],
    )
    render_all(declared.figures, data, folder)
    for path in map(Path, job.input.history):
        from dendroflow.figures.optimisation import Course, draw_all

        draw_all(Course(read_table(path).to_pandas(), read_notes(path)), declared.title, folder)
