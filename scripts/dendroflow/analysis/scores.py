"""Morphometrics compared with observations."""

from collections.abc import Iterable

import pyarrow as pa

from dendroflow.analysis.morphometrics import MORPHOMETRICS
from dendroflow.settings.morphometry import Observation

# A row per morphology and observation. `score`: deviations from the centre; `low` to `high`: what
# counts as within; status `within` or `outside`, or that of the morphometric.
SCORES = pa.schema(
    [
        *MORPHOMETRICS,
        pa.field("score", pa.float64()),
        pa.field("low", pa.float64(), nullable=False),
        pa.field("high", pa.float64(), nullable=False),
        pa.field("n", pa.int32()),
        pa.field("source", pa.string(), nullable=False),
    ]
)


def score_morphologies(
    table: pa.Table, observations: Iterable[Observation], limit: float
) -> pa.Table:
    """Score each observed morphometric of each morphology.

    The score is (value - mean) / SD; a range counts as its middle and, for the SD, a quarter of
    its width, so that its ends score -2 and 2.

    Parameters
    ----------
    table
        Columns of `analysis.morphometrics.MORPHOMETRICS`.
    limit
        Largest score, in either direction, that is within.

    Returns
    -------
    pyarrow.Table
        Columns of `SCORES`; morphologies in their order, observations in theirs.
    """
    observed = list(observations)
    by_name: dict[str, dict[str, dict[str, object]]] = {}
    for row in table.to_pylist():
        by_name.setdefault(row["morphology"], {})[row["metric"]] = row
    rows = [
        _scored(measured[observation.metric], observation, limit)
        for measured in by_name.values()
        for observation in observed
    ]
    return pa.Table.from_pylist(rows, schema=SCORES)


def _scored(row: dict[str, object], observed: Observation, limit: float) -> dict[str, object]:
    value, score, status = row["value"], None, row["status"]
    if isinstance(value, float):
        score = (value - observed.centre) / observed.deviation
        status = "within" if abs(score) <= limit else "outside"
    return {
        **row,
        "status": status,
        "score": score,
        "low": observed.centre - limit * observed.deviation,
        "high": observed.centre + limit * observed.deviation,
        "n": observed.n,
        "source": observed.source,
    }
