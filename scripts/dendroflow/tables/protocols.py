"""What points come to under several protocols: one row of all their features, and their runs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dendroflow.tables.schemas import (
    POINT_ID,
    TRACES,
    UNANSWERED,
    VALUES_SUFFIX,
    column_under,
)

STATUS = ("status", "error", "runtime_s")

# A row per run of a point under a protocol; none where an experiment has no protocols.
RUNS = pa.schema(
    [
        POINT_ID,
        pa.field("protocol", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("error", pa.string()),
        pa.field("runtime_s", pa.float64()),
        pa.field("batch", pa.string(), nullable=False),
        pa.field("search", pa.string()),
    ]
)

# A row for each value that a search tried; `excess` is the left side of its condition less the
# right one.
TRIALS = pa.schema(
    [
        *((name, pa.string()) for name in ("point_id", "protocol", "run_id")),
        ("position", pa.int32()),
        ("value", pa.float64()),
        ("excess", pa.float64()),
        ("holds", pa.bool_()),
        ("status", pa.string()),
    ]
)

Columns = dict[str, pa.ChunkedArray]


def side_by_side(
    rows: pa.Table, take: Callable[[pa.Table], pa.Table], protocols: Mapping[str, Mapping[str, Any]]
) -> tuple[pa.Table, Columns, Columns, Columns, pa.Table]:
    """Put the runs of a point beside each other.

    Parameters
    ----------
    rows
        of the plan, one per run.
    take
        finds what was measured of rows with point_id (that of the run) and batch.
    protocols
        name -> its notes in the plan.

    Returns
    -------
    tuple
        the points: the rows of the first protocol; their columns: features and what was found;
        those with all values of a feature; status, error and runtime_s; and the table of `RUNS`.
    """
    columns: Columns = {}
    lists: Columns = {}
    ran, statuses = [RUNS.empty_table()], {}
    for name, said in protocols.items():
        own = rows.filter(pc.equal(rows["protocol"], name))
        once = own.group_by(["run_id", "batch"], use_threads=False).aggregate([])
        found = take(once.rename_columns(["point_id", "batch"]))
        part = found.take(pc.index_in(own["run_id"], once["run_id"].combine_chunks()))
        answers = [json.loads(text) if text else {} for text in part["search"].to_pylist()]
        for column, key in said["found"].items():
            kind = pa.string() if key == "end" else pa.float64()
            values = [answer.get(key) for answer in answers]
            columns[column_under(name, column)] = pa.chunked_array([pa.array(values, kind)])
        for column in said["features"]:
            columns[column_under(name, column)] = part[column_under(name, column)]
        for column in said["values"]:
            full = column_under(name, column) + VALUES_SUFFIX
            lists[full] = part[full]
        statuses[name] = part.select(STATUS).to_pylist()
        of_run = {key: own[key] for key in ("point_id", "protocol", "run_id")}
        of_run |= {key: part[key] for key in STATUS} | {"batch": own["batch"]}
        ran.append(pa.table({**of_run, "search": part["search"]}).cast(RUNS))
    first = rows.filter(pc.equal(rows["protocol"], next(iter(protocols))))
    points = first.drop_columns(["protocol", "run_id", "needs"])
    return points, columns, lists, _status(statuses), pa.concat_tables(ran)


def _status(runs: Mapping[str, list[dict[str, Any]]]) -> Columns:
    """What became of each point: the first run that failed, if any; and how long all took."""
    found = []
    for each in zip(*runs.values(), strict=True):
        by_name = dict(zip(runs, each, strict=True))
        failed = [n for n, row in by_name.items() if row["status"] not in ("ok", *UNANSWERED)]
        took = [row["runtime_s"] for row in each if row["runtime_s"] is not None]
        found.append(
            {
                "status": by_name[failed[0]]["status"] if failed else "ok",
                "error": f"{failed[0]}: {by_name[failed[0]]['error']}" if failed else None,
                "runtime_s": sum(took) if took else None,
            }
        )
    kinds = {"status": pa.string(), "error": pa.string(), "runtime_s": pa.float64()}
    return {
        name: pa.chunked_array([pa.array([row[name] for row in found], kind)])
        for name, kind in kinds.items()
    }


def of_points(traces: pa.Table, runs: pa.Table) -> pa.Table:
    """Traces of runs as those of their points: `soma_v` under `step1` is `step1_soma_v`.

    Parameters
    ----------
    traces
        of `tables.schemas.TRACES`.
    runs
        columns of `RUNS`; without any, traces are of points.
    """
    if not runs.num_rows:
        return traces
    parts = [traces.slice(0, 0)]
    runs = runs.filter(pc.is_in(runs["run_id"], traces["point_id"].unique()))
    for name in runs["protocol"].unique().to_pylist():
        own = runs.filter(pc.equal(runs["protocol"], name))
        for point_id, run_id in zip(own["point_id"], own["run_id"], strict=True):
            part = traces.filter(pc.equal(traces["point_id"], run_id))
            point_ids = pa.array([point_id.as_py()] * len(part), pa.string())
            part = part.set_column(0, TRACES.field("point_id"), point_ids)
            signals = pc.binary_join_element_wise(name, part["signal"], "_")
            parts.append(part.set_column(1, TRACES.field("signal"), signals))
    return pa.concat_tables(parts)
