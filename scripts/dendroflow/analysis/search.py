"""BluePyOpt's search, with a dendroflow model for its evaluator.

The score of a feature is its distance from the target in standard deviations,
|feature - mean| / sd, and that of an individual is their sum. `feature` is the number in the
experiment's table, so that an individual whose features are the targets has the score 0.
eFEL's own getDistance is the mean of the distances of single values, such as one per spike,
which is not 0 there unless all of them are equal.
"""

import logging
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from bluepyopt.deapext.optimisations import DEAPOptimisation
from bluepyopt.evaluators import Evaluator
from bluepyopt.objectives import Objective
from bluepyopt.parameters import Parameter
from numpy.typing import NDArray

from dendroflow.settings.optimise import Optimise
from dendroflow.settings.sweep import Range
from dendroflow.tables.scoring import scores

logger = logging.getLogger(__name__)

SIGNIFICANT_DIGITS = 12
SCORE = ".score"

# Values of points (a column per path) -> point_id, status, error and features, in that order.
Measure = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Goals:
    """Means and standard deviations of the targets, in their units; feature -> number."""

    means: Mapping[str, float]
    sds: Mapping[str, float]

    def scores(self, points: pd.DataFrame) -> NDArray[np.float64]:
        """Distance of each feature from its target.

        Parameters
        ----------
        points
            a column per feature; null where it does not exist.

        Returns
        -------
        array of shape (points, targets)
            standard deviations, `WORST` at most, and where there is nothing to compare.
        """
        features = points[list(self.means)].to_numpy(dtype=float)
        targets = {n: {"mean": mean, "sd": self.sds[n]} for n, mean in self.means.items()}
        return scores(features, targets)


class ModelEvaluator(Evaluator):  # type: ignore[misc]
    """A model as BluePyOpt sees it: lists of numbers to lists of scores.

    Parameters
    ----------
    ranges
        path -> bounds.
    known
        points that were measured before, as `measured` keeps them.
    """

    def __init__(
        self,
        ranges: Mapping[str, Range],
        goals: Goals,
        measure: Measure,
        known: pd.DataFrame | None = None,
    ) -> None:
        ends = {path: [float(end) for end in r.ends] for path, r in ranges.items()}
        super().__init__(
            objectives=[Objective(name) for name in goals.means],
            params=[
                Parameter(
                    path, bounds=list(map(math.log10, ends[path])) if r.log_range else ends[path]
                )
                for path, r in ranges.items()
            ],
        )
        self.param_names = list(ranges)
        self.goals = goals
        self._ranges, self._measure = ranges, measure
        self._known: dict[tuple[float, ...], dict[str, Any]] = {}
        if known is not None:
            self._learn(known)

    def points(self, individuals: Sequence[Sequence[float]]) -> pd.DataFrame:
        """Values of individuals: within their bounds, of 12 significant digits."""
        rows = []
        for individual in individuals:
            row = {}
            for (path, r), gene in zip(self._ranges.items(), individual, strict=True):
                value = float(f"{10.0**gene if r.log_range else gene:.{SIGNIFICANT_DIGITS}g}")
                row[path] = min(max(value, float(r.ends[0])), float(r.ends[1]))
            rows.append(row)
        return pd.DataFrame(rows)

    def evaluate(self, individuals: Sequence[Sequence[float]]) -> tuple[pd.DataFrame, int]:
        """Measure and score individuals, each set of values once.

        Returns
        -------
        pandas.DataFrame
            a row per individual: its values, point_id, status, error, targeted features, a score
            for each, and their sum.
        int
            how many points had to be simulated.
        """
        values = self.points(individuals)
        keys = [tuple(row) for row in values.to_numpy().tolist()]
        unknown = [key for key in dict.fromkeys(keys) if key not in self._known]
        if unknown:
            new = pd.DataFrame(unknown, columns=self.param_names)
            # The course of a search must not depend on what else draws random numbers.
            state = random.getstate()
            measured = self._measure(new)
            random.setstate(state)
            self._learn(pd.concat([new, measured], axis=1))
        rows = pd.DataFrame([self._known[key] for key in keys])
        scores = self.goals.scores(rows)
        rows[[name + SCORE for name in self.goals.means]] = scores
        return rows.assign(score=scores.sum(axis=1)), len(unknown)

    def _learn(self, measured: pd.DataFrame) -> None:
        columns = [*self.param_names, "point_id", "status", "error", *self.goals.means]
        errors = measured["error"].astype(object)
        known = measured.assign(error=errors.where(errors.notna(), None))
        rows = known[columns].to_dict("records")
        self._known |= {tuple(row[path] for path in self.param_names): row for row in rows}

    def evaluate_with_lists(self, params: Sequence[float]) -> list[float]:
        """Scores of one individual, in the order of the targets."""
        rows, _ = self.evaluate([params])
        scores: list[float] = self.goals.scores(rows)[0].tolist()
        return scores

    # BluePyOpt asks for it, and hands it to its `map_function`, which evaluates all at once.
    init_simulator_and_evaluate_with_lists = evaluate_with_lists


def search(
    settings: Optimise,
    seed: int,
    evaluator: ModelEvaluator,
    finished: Callable[[int, pd.DataFrame], None],
) -> pd.DataFrame:
    """Let BluePyOpt search for the lowest scores.

    Its random numbers follow from the seed alone. A search that is begun again, with an evaluator
    that knows the points of its first generations, takes the same course and simulates the others.

    Parameters
    ----------
    finished
        is told the number of each generation and its individuals; those are kept by then.

    Returns
    -------
    pandas.DataFrame
        all individuals in the order of their generations, as from `ModelEvaluator.evaluate`.
    """
    history: list[pd.DataFrame] = []

    def evaluate_generation(_: object, individuals: Sequence[Any]) -> list[list[float]]:
        number = len(history) + 1
        rows, simulated = evaluator.evaluate(individuals)
        rows.insert(0, "generation", number)
        history.append(rows)
        finished(number, rows)
        logger.info(
            "generation %d of %d: %d points simulated, score %g at best, %g in the median",
            *(number, settings.generations, simulated),
            *(rows["score"].min(), rows["score"].median()),
        )
        scores: list[list[float]] = evaluator.goals.scores(rows).tolist()
        return scores

    optimisation = DEAPOptimisation(
        evaluator=evaluator,
        seed=seed,
        offspring_size=settings.offspring,
        map_function=evaluate_generation,
        selector_name=settings.algorithm,
    )
    optimisation.run(max_ngen=settings.generations)
    return pd.concat(history, ignore_index=True)
