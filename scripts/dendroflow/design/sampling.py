"""Designs that sample ranges: Latin hypercube, Sobol sequence, Saltelli's and Morris' designs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dendroflow.design.axes import Column, rounded
from dendroflow.settings.sweep import LatinHypercube, Morris, Range, Saltelli, Sobol

Floats = npt.NDArray[np.float64]


def latin_hypercube(design: LatinHypercube) -> dict[str, Column]:
    """Return a column per path of a Latin hypercube sample (McKay, Beckman and Conover, 1979).

    Exactly one sample lies in each of the `samples` strata of a range.
    """
    from scipy.stats import qmc

    sampler = qmc.LatinHypercube(len(design.axes), rng=np.random.default_rng(design.seed))
    return _scaled(sampler.random(design.samples), design.axes)


def sobol(design: Sobol) -> dict[str, Column]:
    """Return a column per path of a scrambled Sobol sequence (Sobol, 1967; Owen, 1998)."""
    from scipy.stats import qmc

    sampler = qmc.Sobol(len(design.axes), rng=np.random.default_rng(design.seed))
    return _scaled(sampler.random_base2(design.samples.bit_length() - 1), design.axes)


def saltelli(design: Saltelli) -> dict[str, Column]:
    """Return a column per path of Saltelli's design, in the order that `SALib.analyze.sobol` wants.

    Rows may repeat; with two axes and second order they always do.

    References
    ----------
    Saltelli et al. (2010), Computer Physics Communications 181, 259-270.
    """
    from SALib.sample import sobol as salib_sobol

    unit = salib_sobol.sample(
        _problem(design), design.samples, calc_second_order=design.second_order, seed=design.seed
    )
    return _scaled(unit, design.axes)


def morris(design: Morris) -> dict[str, Column]:
    """Return a column per path of Morris' trajectories, in the order of `SALib.analyze.morris`.

    References
    ----------
    Morris (1991), Technometrics 33, 161-174.
    """
    from SALib.sample import morris as salib_morris

    random = np.random.default_rng(design.seed)
    unit = salib_morris.sample(_problem(design), design.samples, design.levels, seed=random)
    return _scaled(unit, design.axes)


def _problem(design: Saltelli | Morris) -> dict[str, Any]:
    """The unit cube, as SALib describes it."""
    return {
        "num_vars": len(design.axes),
        "names": list(design.axes),
        "bounds": [[0.0, 1.0]] * len(design.axes),
    }


def _scaled(unit: Floats, axes: Mapping[str, Range]) -> dict[str, Column]:
    """Return the columns of `unit` (rows, axes), which lie in [0, 1], stretched over the ranges."""
    return {path: _stretched(unit[:, i], axis) for i, (path, axis) in enumerate(axes.items())}


def _stretched(unit: Floats, axis: Range) -> Column:
    if axis.integer_range is not None:
        first, last = axis.integer_range
        steps = np.floor(unit * (last - first + 1)).astype(np.int64)
        return first + np.minimum(steps, last - first)
    low, high = axis.ends
    logarithmic = axis.log_range is not None
    values = low * (high / low) ** unit if logarithmic else low + unit * (high - low)
    return np.clip([rounded(value) for value in values.tolist()], low, high)
