"""Reading a trace back, and playing it into a cell."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dendroflow.errors import ModelError


def read_trace(
    path: Path, signal: str, **swept: float | str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (ms) and values of one trace of a `traces.csv` that was exported.

    Parameters
    ----------
    path
        in the folder of the model, so that it is part of `simulation_code`.
    signal
        name of the signal.
    **swept
        column: value, of what was swept, as far as it is needed to name one point.

    Raises
    ------
    ModelError
        If the file is not such a table, or if no trace or more than one is meant.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as a table of traces: {error}") from error
    lacking = sorted({"signal", "time", "value", *swept} - set(table.columns))
    if lacking:
        raise ModelError(f"{path}: has no column {', '.join(lacking)}; export it as traces.csv")
    for column, value in {"signal": signal, **swept}.items():
        table = table[table[column] == value]
    wanted = ", ".join(f"{k} = {v}" for k, v in {"signal": signal, **swept}.items())
    if table.empty:
        raise ModelError(f"{path}: holds no trace with {wanted}")
    times = table["time"].to_numpy(dtype=float)
    if (np.diff(times) <= 0).any():
        raise ModelError(f"{path}: holds several traces with {wanted}; name more of what was swept")
    return times, table["value"].to_numpy(dtype=float)


def play(reference: Any, times: ArrayLike, values: ArrayLike) -> tuple[Any, Any]:
    """Let a NEURON reference such as `clamp._ref_amp1` follow a trace, interpolated linearly.

    Before the first and after the last sample, their values are held.

    Parameters
    ----------
    times
        ms, ascending; shape (n,).
    values
        in the unit of the reference; shape (n,).

    Returns
    -------
    tuple
        vectors that the model must keep in `self` for as long as they shall be played.
    """
    from neuron import h

    t, y = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
    # NEURON goes on along the line through the last two samples: let them be equal.
    vectors = h.Vector(np.append(y, y[-1])), h.Vector(np.append(t, t[-1] + 1))
    vectors[0].play(reference, vectors[1], True)
    return vectors
