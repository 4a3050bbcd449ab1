"""How points are cut into batches of equal cost, so that all cores are busy until the end."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dendroflow.model.description import Description
from dendroflow.plan.points import Points
from dendroflow.settings.simulation import Execution

POINTS_AT_MOST = 50_000
# Less work than this is done before another job has started.
SECONDS_WORTH_SHARING = 2.0
# First guesses, until run times are recorded (s per point).
GUESS_ISOLATED, GUESS_MORPHOLOGY, GUESS_SHARED = 0.2, 0.1, 0.001

CLOCK = ("duration", "dt", "v_init", "celsius", "solver", "atol", "rtol", "sampling")


def first_guess(description: Description) -> float:
    """Seconds that a point of a model is likely to take, before any was simulated."""
    if description.isolated:
        return GUESS_ISOLATED
    return GUESS_MORPHOLOGY if description.needs_morphology else GUESS_SHARED


def expected_seconds(
    points: Points, recorded: NDArray[np.float64], guess: float
) -> NDArray[np.float64]:
    """Seconds that each point is likely to take.

    In proportion to its number of steps, at the mean rate that was recorded for its morphology and
    kind of solver, for that kind of solver, or for all.

    Parameters
    ----------
    recorded
        seconds of each point, nan where it was not simulated yet.
    guess
        seconds of a mean point while nothing is recorded.

    Returns
    -------
    array of shape (points,)
        Seconds.
    """
    # How many steps CVODE takes is not known; it does not follow from dt.
    variable = (points.column("simulation.solver") == "cvode").to_numpy()
    steps: NDArray[np.float64] = _values(points, "simulation.duration") / np.where(
        variable, 1.0, _values(points, "simulation.dt")
    )
    if np.isnan(recorded).all():
        return np.asarray(guess * steps / steps.mean(), dtype=np.float64)
    rates = pd.Series(recorded / steps)
    alike = rates.groupby([points.column("morphology"), variable], dropna=False).transform("mean")
    of_solver = rates.groupby(variable).transform("mean")
    return np.asarray(alike.fillna(of_solver).fillna(rates.mean()) * steps, dtype=np.float64)


def cut(
    points: Points,
    wanted: NDArray[np.intp],
    seconds: NDArray[np.float64],
    execution: Execution,
    *,
    isolated: bool,
    cores: int,
) -> list[NDArray[np.intp]]:
    """Cut points into batches.

    Points that share a clock stay together, since they can be advanced together. Where all share
    one, or none can share a process, they are dealt out by cost.

    Parameters
    ----------
    wanted
        positions of the points that are to be simulated.
    seconds
        that each of all points is likely to take.
    cores
        the number of batches is a multiple of it, where the work is worth that.

    Returns
    -------
    list of arrays
        positions of the points of each batch.
    """
    cost = seconds[wanted]
    order = np.arange(len(wanted))
    clock = [f"simulation.{name}" for name in CLOCK if f"simulation.{name}" in points.table]
    if clock and not isolated:
        frame = points.table.iloc[wanted][clock].reset_index(drop=True)
        order = frame.sort_values(clock, kind="stable").index.to_numpy()
    if execution.batch_size is not None:
        number = math.ceil(len(wanted) / execution.batch_size)
        return [wanted[part] for part in np.array_split(order, number)]
    number = _number(cost, execution.seconds_per_batch, cores)
    if clock and not isolated:
        elapsed = np.cumsum(cost[order]) / cost.sum()
        ends = np.searchsorted(elapsed, np.arange(1, number) / number, side="right")
        parts = np.split(order, ends)
    else:
        dear_first = np.argsort(-cost, kind="stable")
        parts = [np.sort(dear_first[start::number]) for start in range(number)]
    return [wanted[part] for part in parts if len(part)]


def _number(cost: NDArray[np.float64], seconds_per_batch: float, cores: int) -> int:
    work = float(cost.sum())
    number = max(math.ceil(len(cost) / POINTS_AT_MOST), math.ceil(work / seconds_per_batch), 1)
    if work > SECONDS_WORTH_SHARING:
        number = math.ceil(number / cores) * cores
    return min(number, len(cost))


def _values(points: Points, path: str) -> NDArray[np.float64]:
    return points.column(path).to_numpy(dtype=float)
