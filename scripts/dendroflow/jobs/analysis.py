"""Jobs that make something of the table of an experiment."""

from pathlib import Path

from dendroflow.analysis.sensitivity import INDICES, Design, indices
from dendroflow.jobs.job import Job
from dendroflow.settings.analysis import DESIGNS
from dendroflow.tables.schemas import column_of
from dendroflow.tables.tables import numeric, read_notes, read_table, write_table


def analyse_sensitivity(job: Job) -> None:
    """Find how much each swept value of an experiment decides each feature."""
    asked = job.declared.analysis.sensitivity
    assert asked is not None, "asked of experiments that want it"
    path = Path(job.input.features)
    table, notes = read_table(path), read_notes(path)
    features = asked.features or numeric(table, notes["columns"], "feature")
    second_order, levels = False, 0
    if asked.method in DESIGNS:
        (block,) = job.declared.sweep or ()
        sampled = getattr(block, DESIGNS[asked.method])
        second_order = getattr(sampled, "second_order", False)
        levels = getattr(sampled, "levels", 0)
        names = [column_of(name) for name in sampled.axes]
        runs = notes["design"][0]["points"]
        rows = [first + k for first, count in runs for k in range(count)]
    else:
        names, rows = numeric(table, notes["columns"], "swept"), list(range(len(table)))
        names = [name for name in names if len(table[name].unique()) > 1]
    found = indices(table, Design(rows, names, second_order, levels), features, asked)
    write_table(found, Path(job.output.sensitivity), INDICES, {"date": notes["date"]})
