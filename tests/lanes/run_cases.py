"""Simulate the points of models as a batch does, and each as a plain NEURON script does."""

import json
import logging
import os
import sys
from pathlib import Path

import numpy as np

from dendroflow.errors import DendroflowError
from dendroflow.kernel.model import BuildContext
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.runs import proof
from dendroflow.runs.loading import assigned_globals, load_mechanisms, load_model
from dendroflow.runs.proof import run_all
from dendroflow.runs.workload import Workload


def forked(function, *arguments):
    """What a function returns in a fork, as JSON carries it."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        try:
            found = function(*arguments)
        except Exception as error:
            found = {"error": str(error)}
        with os.fdopen(writing, "w") as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found = json.load(pipe)
    os.wait()
    return found


def script(model, point):
    """The signals of one point, by a script that knows nothing of lanes."""
    from neuron import h

    settings = point.settings
    h.load_file("stdrun.hoc")
    h.celsius, h.dt, h.steps_per_ms = settings.celsius, settings.dt, round(1 / settings.dt)
    context = BuildContext(point.seed)
    cell = model(context)
    cell.p = model.Parameters(**point.parameters)
    cell.build(cell.p)
    h.tstop = settings.duration
    h.finitialize(settings.v_init)
    h.continuerun(settings.duration)
    return {
        r.signal: list(r.vector) if r.function is None else [r.function()]
        for r in context.recordings
    }


def case(folder, paths):
    """What becomes of a model, for points given as {path: value}, and how far it is off."""
    try:
        folder = Path(folder)
        model = load_model(folder)
        points = []
        for i, values in enumerate(paths):
            celsius = values.pop("celsius", 6.3)
            settings = SolverSettings(
                30.0, 0.025, -65.0, celsius, "backward_euler", 1e-3, 0.0, None
            )
            points.append(Point(f"p{i}", values, settings, 1, None))
        plain = {point.point_id: forked(script, model, point) for point in points}
        workload = Workload(model, {}, {}, assigned=assigned_globals(folder))
        verdict, results = run_all(workload, points, workers=2, timeout_s=60)
    except DendroflowError as error:
        return {"process": "refused", "why": str(error)}
    errors = {o.point_id: o.error for result in results for o in result.outcomes if o.error}
    largest, compared = 0.0, 0
    for result in results:
        for row in range(len(result.traces.get("point_id", ()))):
            point, signal = (result.traces[name][row].as_py() for name in ("point_id", "signal"))
            mine = np.array(result.traces["values"][row].as_py())
            theirs = np.array(plain[point][signal])
            largest = max(largest, float(np.abs(mine - theirs).max()))
            compared += 1
    return {
        "process": verdict.process,
        "why": verdict.why,
        "errors": errors,
        "compared": compared,
        "difference": largest,
    }


if __name__ == "__main__":
    library, cases, answers = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    # However slow the machine is, every point is a witness.
    proof.CHEAP_S = 60.0
    load_mechanisms(Path(library))
    asked = json.loads(Path(cases).read_text())
    found = {name: forked(case, *of_case) for name, of_case in asked.items()}
    Path(answers).write_text(json.dumps(found))
