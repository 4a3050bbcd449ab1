"""What a job asks of a machine: cores, memory and time, from the points that it holds."""

import math
from dataclasses import dataclass

from dendroflow.plan.cutting import SECONDS_WORTH_SHARING
from dendroflow.plan.stored import Plan

# Python with NEURON, its mechanisms and the geometries; and the same with eFEL in a worker (MB).
MEMORY_OF_JOB, MEMORY_OF_WORKER = 500, 300
# A group is handed over as a table, and several wait to be written.
COPIES_OF_SAMPLES = 3
# The engine cuts groups so that they record at most so much (MB), unless one point does.
SAMPLES_OF_GROUP = 160.0
# From submission to the first point, on a node that has to load everything from a slow disk (s).
START_S = 300.0
# Nodes differ, and so do points.
MARGIN = 3.0


@dataclass(frozen=True)
class Resources:
    """What a job asks for; `memory` in MB, `minutes` of wall-clock time."""

    cores: int
    memory: int
    minutes: int


def cores_of_batch(plan: Plan, batch: str, allowed: int, here: int) -> int:
    """Cores for a batch: all `here`, if it is all that is to be simulated and measured.

    Otherwise those that a job is `allowed`.
    """
    measured = not plan.feature_code
    whole = plan.new == (batch,) and plan.work[batch] > SECONDS_WORTH_SHARING
    return max(allowed, here) if measured and whole else allowed


def resources(
    plan: Plan, batch: str, signals: int, cores: int, attempt: int = 1, *, measured: int = 0
) -> Resources:
    """What simulating a batch asks for; each further attempt gets twice the memory and time.

    Compartments do not enter: the engine advances some 2000 of them at a time, a few MB, whatever
    the size of the batch. What grows with the points of a worker is what they record. A batch of
    fewer points than `cores` asks for fewer.

    Parameters
    ----------
    signals
        number that the model declares.
    measured
        samples that a point has recorded, in all signals and places; 0 where no point has run yet.
        Then there may be a signal in every segment, and each worker gets what a group may take.
    """
    points = plan.sizes[batch]
    cores = min(cores, points)
    recorded = 8e-6 * max(signals * _samples(plan), measured)
    of_points = recorded * math.ceil(points / cores) if measured else SAMPLES_OF_GROUP
    group = max(recorded, min(SAMPLES_OF_GROUP, of_points))
    memory = MEMORY_OF_JOB + cores * (MEMORY_OF_WORKER + COPIES_OF_SAMPLES * group)
    work = plan.work.get(batch, 0.0) / cores
    # A point that hangs must end as a row before the cluster ends the job.
    seconds = START_S + MARGIN * work + float(plan.notes["timeout_s"])
    growth = 2 ** (attempt - 1)
    return Resources(cores, math.ceil(memory) * growth, math.ceil(seconds / 60) * growth)


def _samples(plan: Plan) -> float:
    """Samples of one signal of the point that records most."""
    every = [said["fixed"] for said in plan.protocols.values()] or [plan.notes["fixed"]]

    def values(path: str) -> list[float]:
        found = [fixed[path] for fixed in every if path in fixed]
        if path in plan.table.column_names:
            found += plan.table[path].unique().to_pylist()
        return [value for value in found if value is not None]

    step = min(values("simulation.sampling") or values("simulation.dt"))
    return max(values("simulation.duration")) / step + 1
