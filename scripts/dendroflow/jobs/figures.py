"""The jobs that draw all figures of an experiment, and several on one page."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dendroflow import layout
from dendroflow.figures.compose import compose
from dendroflow.figures.data import FigureData, labels_of
from dendroflow.figures.render import render_all
from dendroflow.jobs.job import Job
from dendroflow.tables.protocols import of_points
from dendroflow.tables.schemas import column_under
from dendroflow.tables.tables import read_notes, read_table


def render_figures(job: Job) -> None:
    """Draw all figures of one experiment, and where it optimises, those of its search."""
    declared, folder = job.declared, Path(job.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    style, data = declared.style, _data(job, job.experiment)
    render_all(declared.figures, data, folder)
    table = read_table(Path(job.input.features))
    if accept := read_notes(Path(job.input.features)).get("population"):
        from dendroflow.figures import population
        from dendroflow.tables.population import criteria_rows

        population.draw_all(data, pd.DataFrame(criteria_rows(table, accept)), style, folder)
    if job.input.sensitivity:
        from dendroflow.figures import sensitivity

        (path,) = map(Path, job.input.sensitivity)
        found = read_table(path).to_pandas()
        sensitivity.draw_all(found, data.labels, declared.title, style, folder)
    if histories := list(map(Path, job.input.history)):
        from dendroflow.figures.optimisation import Course, draw_all

        found = [read_notes(path) for path in histories]
        parts = [
            read_table(path).to_pandas().assign(seed=said["settings"]["seed"])
            for path, said in zip(histories, found, strict=True)
        ]
        course = Course(pd.concat(parts, ignore_index=True), found[0])
        draw_all(course, declared.title, style, folder)


def compose_figures(job: Job) -> None:
    """Draw several figures of any experiments on one page, for each page that is asked for."""
    folder = Path(job.output.figures)
    folder.mkdir(parents=True, exist_ok=True)
    experiments = job.configuration.experiments
    data = cache(partial(_data, job))
    for name, page in job.configuration.project.panels.items():
        drawn = {}
        for letter, said in page.figures.items():
            experiment, figure = said.split(".")
            declared = next(f for f in experiments[experiment].figures if f.name == figure)
            drawn[letter] = declared, data(experiment)
        compose(page, drawn).save(folder, name)


def _data(job: Job, experiment: str) -> FigureData:
    """What the figures of an experiment are drawn from, out of the inputs of the job."""
    values_of = {"experiment": experiment}
    features = layout.FEATURES.below(job.results, **values_of)
    notes, points = read_notes(features), read_table(features).to_pandas()
    runs = read_table(layout.RUNS.below(job.results, **values_of))
    files = {Path(path).stem: Path(path) for path in job.input.traces}

    def stored(rows: pd.DataFrame, run: str, signals: Sequence[str]) -> pa.Table:
        return pa.concat_tables(
            read_table(
                files[str(batch)], where={"point_id": list(own[run]), "signal": list(signals)}
            )
            for batch, own in rows.groupby("batch")
        )

    def read_traces(point_ids: Sequence[str], signals: Sequence[str]) -> pa.Table:
        if not notes["protocols"]:
            return stored(points[points["point_id"].isin(point_ids)], "point_id", signals)
        asked = defaultdict(list)
        for signal in signals:
            # Of `step` and `step_up`, the longer one.
            of = (p for p in notes["protocols"] if signal.startswith(f"{p}_"))
            protocol = max(of, key=len)
            asked[protocol].append(signal.removeprefix(f"{protocol}_"))
        parts = []
        for protocol, own in asked.items():
            these = runs.filter(
                pc.and_(
                    pc.is_in(runs["point_id"], pa.array(point_ids)),
                    pc.equal(runs["protocol"], protocol),
                )
            )
            parts.append(of_points(stored(these.to_pandas(), "run_id", own), these))
        return pa.concat_tables(parts)

    def read_values(feature: str) -> pd.DataFrame:
        path = layout.FEATURE_VALUES.below(job.results, **values_of)
        columns = ["point_id", "value"]
        found: pd.DataFrame = read_table(path, columns, {"feature": [feature]}).to_pandas()
        return found

    def read_recordings(signal: str) -> list[dict[str, Any]]:
        own = [path for path in map(Path, job.input.recorded) if path.parts[-3] == experiment]
        tables = (read_table(path).to_pylist() for path in own)
        rows = (row for table in tables for row in table)
        return [row for row in rows if column_under(row["protocol"], row["signal"]) == signal]

    return FigureData(
        experiment=experiment,
        title=job.configuration.experiments[experiment].title,
        points=points,
        labels=labels_of(notes["columns"]),
        # Where they are needed.
        read_traces=read_traces,
        read_values=read_values,
        read_recordings=read_recordings,
        swept=tuple(c["name"] for c in notes["columns"] if c["kind"] == "swept"),
        targets={n: t for n, t in notes["targets"].items() if t["mean"] is not None},
        runs=runs.drop_columns(["search"]).to_pandas(),
        time_unit=notes["time_unit"],
    )
