"""The job that draws all figures of an experiment."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from dendroflow.figures.data import FigureData, labels_of
from dendroflow.figures.render import render_all
from dendroflow.jobs.job import Job
from dendroflow.tables.tables import read_notes, read_table


def render_figures(job: Job) -> None:
    """Draw all figures of one experiment, and where it optimises, those of its search."""
    declared, folder = job.declared, Path(job.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    traces = [Path(path) for path in job.input.traces]
    data = read_figure_data(job.experiment, declared.title, Path(job.input.features), traces)
    render_all(declared.figures, data, folder)
    for path in map(Path, job.input.history):
        from dendroflow.figures.optimisation import Course, draw_all

        draw_all(Course(read_table(path).to_pandas(), read_notes(path)), declared.title, folder)


def read_figure_data(
    experiment: str, title: str, features: Path, traces: Sequence[Path]
) -> FigureData:
    """What the figures of an experiment are drawn from; traces are read where they are needed."""
    notes = read_notes(features)
    points = read_table(features).to_pandas()
    batch_of = dict(zip(points["point_id"], points["batch"], strict=True))
    files = {path.stem: path for path in traces}

    def read_traces(point_ids: Sequence[str], signals: Sequence[str]) -> pa.Table:
        wanted = defaultdict(list)
        for point_id in point_ids:
            wanted[batch_of[point_id]].append(point_id)
        return pa.concat_tables(
            read_table(files[batch], where={"point_id": ids, "signal": list(signals)})
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
