"""Jobs that write the pages that a reader opens."""

from pathlib import Path

from dendroflow.files import replacing
from dendroflow.jobs.job import Job
from dendroflow.tables.tables import leave_pandas_out


def write_report(job: Job) -> None:
    """Write the page that begins with the results."""
    from dendroflow.report.page import render

    with replacing(Path(job.output.report)) as temporary:
        temporary.write_text(render(job.configuration, job.results), encoding="utf-8")


def write_explorer(job: Job) -> None:
    """Write the page on which points and traces are selected."""
    from dendroflow.report.explorer import render

    leave_pandas_out()
    traces: dict[str, list[Path]] = {}
    for path in map(Path, job.input.traces):
        traces.setdefault(path.parents[2].name, []).append(path)
    titles = {name: said.title for name, said in job.configuration.experiments.items()}
    with replacing(Path(job.output.explorer)) as temporary:
        temporary.write_text(render(titles, job.results, traces), encoding="utf-8")
