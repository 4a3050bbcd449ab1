"""How points are cut into batches of equal cost, so that all cores are busy until the end."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dendroflow.plan.description import Description
from dendroflow.plan.points import Points
from dendroflow.settings.simulation import Execution

POINTS_AT_MOST = 100_000
# Less work than this is done before another job has started.
SECONDS_WORTH_SHARING = 2.0
# First guesses, until run times are recorded: seconds per point, and per step of one.
GUESS_ISOLATED, GUESS_MORPHOLOGY = (0.2, 5e-6), (0.05, 5e-5)
GUESS_REACTIONS, GUESS_SHARED = (0.005, 5e-7), (0.00015, 1.2e-7)
# CVODE takes as many steps as it needs; a millisecond counts as so many.
STEPS_PER_MS = 40.0

# Of a table of runs: about how many simulations each is.
SIMULATIONS = "simulations"
CLOCK = ("duration", "dt", "v_init", "celsius", "solver", "atol", "rtol", "sampling")


def first_guess(points: Points, description: Description) -> float:
    """Seconds that a mean point is likely to take, before any was simulated."""
    once, per_step = GUESS_REACTIONS if description.builds_rxd else GUESS_SHARED
    if description.needs_morphology:
        once, per_step = GUESS_MORPHOLOGY
    if description.runs_alone:
        once, per_step = GUESS_ISOLATED
    return once + per_step * float(_steps(points).mean())


def expected_seconds(
    points: Points, recorded: NDArray[np.float64], guess: float
) -> NDArray[np.float64]:
    """Seconds that each point is likely to take, an array of shape (points,).

    In proportion to its number of steps, at the mean rate that was recorded for its morphology and
    kind of solver, for that kind of solver, or for all.

    Parameters
    ----------
    recorded
        seconds of each point, nan where it was not simulated yet.
    guess
        seconds of a mean point while nothing is recorded.
    """
    steps = _steps(points)
    if np.isnan(recorded).all():
        return np.asarray(guess * steps / steps.mean(), dtype=np.float64)
    rates = pd.Series(recorded / steps)
    variable = pd.Series(_variable(points))
    alike = [points.column("morphology"), variable]
    expected = (
        rates.groupby(alike, dropna=False)
        .transform("mean")
        .fillna(rates.groupby(variable).transform("mean"))
        .fillna(rates.mean())
    )
    return np.asarray(expected * steps, dtype=np.float64)


def cut(
    points: Points,
    wanted: NDArray[np.intp],
    seconds: NDArray[np.float64],
    execution: Execution,
    *,
    runs_alone: bool,
    cores: int,
    measured: bool,
) -> list[NDArray[np.intp]]:
    """Cut points into batches: the positions of the points of each.

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
    measured
        whether the job of a batch measures it, too; one batch that holds all points gets all cores,
        and is not cut for their sake.
    """
    cost = seconds[wanted]
    order = np.arange(len(wanted))
    clock = [f"simulation.{name}" for name in CLOCK if f"simulation.{name}" in points.table]
    together = bool(clock) and not runs_alone
    if together:
        frame = points.table.iloc[wanted][clock].reset_index(drop=True)
        order = frame.sort_values(clock, kind="stable").index.to_numpy()
    if execution.batch_size is not None:
        number = math.ceil(len(wanted) / execution.batch_size)
        return [wanted[part] for part in np.array_split(order, number)]
    number = _number(cost, execution.seconds_per_batch, cores, whole=measured)
    if together:
        elapsed = np.cumsum(cost[order]) / cost.sum()
        ends = np.searchsorted(elapsed, np.arange(1, number) / number, side="right")
        parts = np.split(order, ends)
    else:
        dear_first = np.argsort(-cost, kind="stable")
        parts = [np.sort(dear_first[start::number]) for start in range(number)]
    return [wanted[part] for part in parts if len(part)]


def _number(cost: NDArray[np.float64], seconds_per_batch: float, cores: int, *, whole: bool) -> int:
    work = float(cost.sum())
    number = max(math.ceil(len(cost) / POINTS_AT_MOST), math.ceil(work / seconds_per_batch), 1)
    if work > SECONDS_WORTH_SHARING and not (whole and number == 1):
        number = math.ceil(number / cores) * cores
    return min(number, len(cost))


def _steps(points: Points) -> NDArray[np.float64]:
    dt = points.column("simulation.dt").to_numpy(dtype=float)
    steps = np.where(_variable(points), 1 / STEPS_PER_MS, dt)
    steps = points.column("simulation.duration").to_numpy(dtype=float) / steps
    if SIMULATIONS in points.table:
        steps = steps * points.table[SIMULATIONS].to_numpy(dtype=float)
    return np.asarray(steps)


def _variable(points: Points) -> NDArray[np.bool_]:
    return (points.column("simulation.solver") == "cvode").to_numpy()
