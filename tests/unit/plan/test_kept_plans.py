"""Plans that are kept: jobs elsewhere find that of their run, and old ones go."""

import os

import pyarrow as pa
import pytest

from dendroflow.errors import StoreError
from dendroflow.plan.stored import CURRENT, SECONDS_KEPT, Plan


def plan(batch):
    return Plan(pa.table({"point_id": ["0" * 16], "batch": [batch]}), {"experiment": "steps"})


def test_the_plan_of_the_run_is_found_among_others(tmp_path):
    for batch in ("one", "two"):
        plan(batch).keep(tmp_path)
        plan(batch).announce(tmp_path)
        plan("looked at by a dry run").keep(tmp_path)
        assert Plan.of_this_run(tmp_path).batches == (batch,)


@pytest.mark.parametrize("named", [None, b"", b"f" * 16, b"\0\xff"])
def test_no_other_plan_is_taken_where_it_is_missing(tmp_path, named):
    plan("one").keep(tmp_path)
    if named is not None:
        (tmp_path / CURRENT).write_bytes(named)
    with pytest.raises(StoreError, match="run snakemake again"):
        Plan.of_this_run(tmp_path)


def test_old_plans_are_deleted_but_not_that_of_the_run(tmp_path):
    paths = [plan(batch).keep(tmp_path) for batch in ("current", "old", "young")]
    plan("current").announce(tmp_path)
    for path in paths[:2]:
        stamp = path.stat().st_mtime - SECONDS_KEPT - 60
        os.utime(path, (stamp, stamp))
    paths.append(plan("new").keep(tmp_path))
    assert [path.exists() for path in paths] == [True, False, True, True]
    assert Plan.of_this_run(tmp_path).batches == ("current",)
