"""CPU time of an experiment's points, without a proof that they may share a process and with it.

    python tests/benchmarks/proof.py <experiment>       (in a project's folder)

Prints both (s), the share of looking at NEURON's globals in the first (%), and the verdict.
"""

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

from dendroflow.features.extract import extraction
from dendroflow.jobs.session import opened
from dendroflow.kernel import lanes
from dendroflow.kernel.globals import known_globals
from dendroflow.kernel.points import points_of
from dendroflow.plan.planning import make_plan
from dendroflow.runs.pool import run_points
from dendroflow.runs.proof import run_proved
from dendroflow.settings.project import load, read_yaml
from dendroflow.tables.tables import leave_pandas_out

ROUNDS = 3


def cpu(simulate) -> float:
    """CPU seconds of this process and its workers until all results are there."""
    before = sum(sum(resource.getrusage(who)[:2]) for who in (0, -1))
    for _ in simulate():
        pass
    return sum(sum(resource.getrusage(who)[:2]) for who in (0, -1)) - before


def guard(workload, points) -> float:
    """Seconds that looking at NEURON's globals takes for some points, in this process."""
    shared, spent = known_globals(), 0.0

    def timed(function):
        def call(*arguments, **named):
            nonlocal spent
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                spent += time.perf_counter() - began

        return call

    for name in ("begin", "compare", "begin_run", "end_run"):
        setattr(shared, name, timed(getattr(shared, name)))
    began = time.perf_counter()
    lanes.run_together(workload.model, points, workload.morphologies, {})
    return 100 * spent / (time.perf_counter() - began)


source, name = Path("config/config.yaml"), sys.argv[1]
configuration = load(read_yaml(source), source)
plan = make_plan(configuration, name, Path("results"), 1)
measure = extraction(configuration.experiments[name].measured)
leave_pandas_out()
columns = plan.table.drop_columns(["batch"]).to_pydict()
points = points_of(columns, plan.notes["fixed"])
limits = {"workers": 1, "timeout_s": 600.0}
with opened(configuration, plan, Path("results")) as loaded:
    workload, rows = replace(loaded, measure=measure), []
    verdict, results = run_proved(workload, points, **limits)
    list(results)
    for _ in range(ROUNDS):
        plain = cpu(lambda: run_points(workload, points, **limits))
        proved = cpu(lambda: run_proved(workload, points, **limits)[1])
        rows.append((plain, proved))
    # rxd would stay in this process.
    share = 0.0 if workload.model.builds_rxd() else guard(workload, points[:256])
print(json.dumps({"rows": rows, "guard": share, "process": verdict.process}))
