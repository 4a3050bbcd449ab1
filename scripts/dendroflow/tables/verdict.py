"""The verdict on a run: whether too many points failed."""

from collections import Counter
from pathlib import Path

import pyarrow.compute as pc

from dendroflow.errors import TooManyFailuresError
from dendroflow.tables.tables import read_table


def check_failures(experiment: str, features: Path, max_failed_share: float) -> str:
    """Refuse an experiment in which more than a share of the points failed.

    Parameters
    ----------
    features
        its table of requested points, as from `tables.gathering.gather`.

    Returns
    -------
    str
        How many failed, in words.

    Raises
    ------
    TooManyFailuresError
        Names the experiment, the share, and the most frequent messages.
    """
    table = read_table(features, columns=["status", "error"])
    failed = table.filter(pc.not_equal(table["status"], "ok")).to_pylist()
    if len(failed) > max_failed_share * table.num_rows:
        reasons = Counter(f"{row['status']}: {row['error']}" for row in failed).most_common(3)
        listed = "; ".join(f"{count} x {reason}" for reason, count in reasons)
        raise TooManyFailuresError(
            f"{experiment}: {len(failed)} of {table.num_rows} points failed, more than "
            f"max_failed_share {max_failed_share:g} allows: {listed}"
        )
    return f"{experiment}: {len(failed)} of {table.num_rows} points failed"
