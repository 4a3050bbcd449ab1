"""How far features are from their targets, in standard deviations."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Score of a feature that does not exist; no other distance counts for more. BluePyOpt's own value.
WORST = 250.0
# Ends the column of a feature's score; the columns of all of them together.
SCORE, TOTAL, LARGEST = "_score", "score", "largest_score"

Array = NDArray[np.float64]


def scores(features: Array, targets: Mapping[str, Mapping[str, Any]]) -> Array:
    """Distances |feature - mean| / SD.

    Parameters
    ----------
    features
        shape (points, targets); nan where one does not exist.
    targets
        name -> `mean` and `sd`, in the order of the columns.

    Returns
    -------
    array of shape (points, targets)
        `WORST` at most, and where there is no feature.
    """
    means, sds = (np.array([t[key] for t in targets.values()]) for key in ("mean", "sd"))
    distances = np.minimum(np.abs(features - means) / sds, WORST)
    found: Array = np.where(np.isfinite(distances), distances, WORST)
    return found


def score_names(targets: Iterable[str]) -> list[str]:
    """The columns of the scores of targets."""
    each = [f"{name}{SCORE}" for name in targets]
    return [*each, TOTAL, LARGEST] if each else []


def score_columns(
    columns: Mapping[str, Array], targets: Mapping[str, Mapping[str, Any]]
) -> dict[str, Array]:
    """A column per target, their sum, and the largest of them.

    Those of validation protocols count in neither, unless there are no others.

    Parameters
    ----------
    columns
        features, nan where one does not exist.
    targets
        name -> `mean`, `sd` and `validation`.
    """
    if not targets:
        return {}
    found = scores(np.column_stack([columns[name] for name in targets]), targets)
    fitted = found[:, [not target["validation"] for target in targets.values()]]
    each = {f"{name}{SCORE}": column for name, column in zip(targets, found.T, strict=True)}
    if not fitted.shape[1]:
        fitted = found
    return each | {TOTAL: fitted.sum(axis=1), LARGEST: fitted.max(axis=1)}
