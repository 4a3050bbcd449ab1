"""The best that searches have found: a hall of fame by the sum of scores, and the Pareto front."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# So many of the lowest sum are in the hall of fame.
FAMOUS = 10


def pareto_front(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no other row beats: none is as low in all columns and lower in one.

    Parameters
    ----------
    scores
        shape (individuals, targets).
    """
    on_front = np.ones(len(scores), dtype=bool)
    for i, own in enumerate(scores):
        as_low, lower = (scores <= own).all(axis=1), (scores < own).any(axis=1)
        on_front[i] = not (as_low & lower).any()
    return on_front


def best_individuals(history: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    """The hall of fame and the front of a history, each point once, from the lowest score up.

    Returns
    -------
    pandas.DataFrame
        the columns of the history; `rank` from 1; `on_front`.
    """
    ranked = history.sort_values("score", kind="stable").drop_duplicates("point_id")
    ranked = ranked.reset_index(drop=True)
    ranked["rank"] = np.arange(1, len(ranked) + 1)
    scores = ranked[[f"{name}.score" for name in targets]].to_numpy(dtype=float)
    ranked["on_front"] = pareto_front(scores)
    return ranked[(ranked["rank"] <= FAMOUS) | ranked["on_front"]]


def individual_rows(
    histories: Sequence[pd.DataFrame], notes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of the database's `individuals`, without the experiment."""
    if not histories:
        return []
    seeds = [one["settings"]["seed"] for one in notes]
    parts = [history.assign(seed=seed) for history, seed in zip(histories, seeds, strict=True)]
    targets, paths = list(notes[0]["targets"]), list(notes[0]["settings"]["parameters"])
    found = best_individuals(pd.concat(parts, ignore_index=True), targets)
    return [
        {
            **{key: row[key] for key in ("rank", "point_id", "seed", "generation", "score")},
            "on_front": int(row["on_front"]),
            "parameters": {path: row[path] for path in paths},
            "scores": {name: row[f"{name}.score"] for name in targets},
        }
        for row in found.to_dict("records")
    ]
