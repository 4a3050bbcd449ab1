"""Models and points for the tests of the engine."""

import os
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from dendroflow.kernel.lanes import GroupResult
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.model import Model, current_step, quantity

MODELS = Path(__file__).parents[3] / "config" / "models"
PLAUSIBLE = {"mV": (-200.0, 200.0)}


def settings(**changed):
    values = {
        "duration": 20.0,
        "dt": 0.025,
        "v_init": -65.0,
        "celsius": 6.3,
        "solver": "backward_euler",
        "atol": 1e-3,
        "rtol": 0.0,
        "sampling": None,
    }
    return SolverSettings(**(values | changed))


def point(name, settings=settings(), seed=1, morphology=None, **parameters):
    return Point(str(name), parameters, settings, seed, morphology)


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class OddError(Exception):
    """Cannot be made again from what it says."""

    def __init__(self, first, second):
        super().__init__("odd")


# Made anew, since an error holds the frames through which it went.
RAISED = {
    "raise": lambda: ZeroDivisionError("no such\ncell"),
    "surrogate": lambda: ValueError("\ud800 \x1b[31m"),
    "mute": MuteError,
    "odd": lambda: OddError(1, 2),
    "long": lambda: ValueError("x" * 10_000_000),
    "exit of Python": lambda: SystemExit(7),
    "interrupt": KeyboardInterrupt,
    "stop": StopIteration,
}
DONE = {
    "exit": lambda: os._exit(3),
    "segfault": lambda: os.kill(os.getpid(), 11),
    "hang": lambda: time.sleep(60),
    "fork": os.fork,
    "close": lambda: os.closerange(0, 100),
    "print": lambda: print("\x1b[2J" * 1_000_000, flush=True),
}


class Fragile(Model):
    """A cable that fails in the way its parameter says."""

    class Parameters(Model.Parameters):
        mode: str = quantity("ok")
        amplitude: float = quantity(0.1, "nA")

    signals = {"v": "mV"}

    def build(self, p):
        from neuron import h

        self.soma = h.Section("soma", self)
        self.soma.L = self.soma.diam = 20
        self.soma.insert("hh")
        self.step = current_step(self.soma(0.5), 2, 5, p.amplitude)
        if p.mode in RAISED:
            raise RAISED[p.mode]()
        if p.mode in DONE:
            DONE[p.mode]()
        if p.mode == "undeclared":
            self.record("w", self.soma(0.5)._ref_v)
        if p.mode == "nan":
            self.step.amp = float("nan")
        if p.mode == "absurd":
            self.step.amp = 1e6
        if p.mode == "solver":
            self.soma.insert("pas")
            self.handler = h.FInitializeHandler(lambda: h.CVode().event(5, lambda: 1 / 0))
        if p.mode != "silent":
            self.record("v", self.soma(0.5)._ref_v)


def voltages(results: list[GroupResult]) -> dict[tuple[str, str], bytes]:
    """(point, signal) -> the bytes of its samples."""
    found = {}
    for result in results:
        if not result.traces:
            continue
        for row in pa.table(result.traces).to_pylist():
            key = (row["point_id"], row["signal"])
            found[key] = np.array(row["values"]).tobytes()
    return found


def statuses(results):
    return {o.point_id: (o.status, o.error) for result in results for o in result.outcomes}
