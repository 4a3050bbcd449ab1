"""Which points of an experiment are models of a population: those that meet all criteria."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ACCEPTED = "accepted"

Accept = Mapping[str, Sequence[float | None]]


def accepted(
    columns: Mapping[str, pa.ChunkedArray], status: pa.ChunkedArray, accept: Accept
) -> dict[str, pa.Array]:
    """The column `accepted`: 1 where all criteria are met, 0 where not; null where it failed.

    Parameters
    ----------
    columns
        name -> a value per point.
    accept
        column -> lowest and highest value that is accepted; None for no limit.
    """
    if not accept:
        return {}
    ran = pc.equal(status, "ok").to_numpy(zero_copy_only=False)
    meets = np.all(list(_met(columns, accept).values()), axis=0)
    return {ACCEPTED: pa.array(meets.astype(np.int64), mask=~ran)}


def criteria_rows(points: pa.Table, accept: Accept) -> list[dict[str, Any]]:
    """How many points that ran each criterion accepts: the columns of the table `criteria`."""
    if not accept:
        return []
    ran = points.filter(pc.equal(points["status"], "ok"))
    met = _met({name: ran[name] for name in accept}, accept)
    failing = np.sum([~own for own in met.values()], axis=0)
    return [
        {
            "criterion": name,
            "low": accept[name][0],
            "high": accept[name][1],
            "accepts": int(own.sum()),
            "refuses": int((~own).sum()),
            "refuses_alone": int((~own & (failing == 1)).sum()),
        }
        for name, own in met.items()
    ]


def _met(columns: Mapping[str, pa.ChunkedArray], accept: Accept) -> dict[str, NDArray[np.bool_]]:
    """Where each criterion is met; a feature that does not exist meets none."""
    found = {}
    for name, (low, high) in accept.items():
        values = np.array(columns[name].to_pylist(), dtype=float)
        own = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            own &= values >= (-np.inf if low is None else low)
            own &= values <= (np.inf if high is None else high)
        found[name] = own
    return found
