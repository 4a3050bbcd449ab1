"""The values of an axis, and columns of values."""

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from dendroflow.settings.sweep import Axis

Column = npt.NDArray[Any]
Value = bool | int | float | str

# Significant digits of a generated value, and those that its computation needs so that, for
# instance, the middle of [-0.3, 0.3] is 0 and not 5e-17.
_DIGITS = 12
_EXACT = Context(prec=40)


def rounded(value: float | Decimal) -> float:
    """Return `value` rounded to 12 significant digits."""
    return float(f"{value:.{_DIGITS - 1}e}")


def axis_values(axis: Axis) -> Sequence[Value]:
    """Return the values of `axis` in order.

    Spaces are computed in decimal arithmetic and rounded to 12 significant digits: the third
    value of linspace [0, 1, 11] is the 0.3 that one would write.
    """
    if axis.values is not None:
        return axis.values
    form, (first, last, third) = axis.given
    first, last = Decimal(repr(first)), Decimal(repr(last))
    intervals = axis.size - 1
    with localcontext(_EXACT):
        if form == "arange":
            step = Decimal(repr(third))
            values = (first + k * step for k in range(axis.size))
        elif form == "linspace":
            values = ((first * (intervals - k) + last * k) / intervals for k in range(axis.size))
        else:
            low, ratio = first.ln(), (last / first).ln()
            values = ((low + ratio * k / intervals).exp() for k in range(axis.size))
        return list(map(rounded, values))


def as_column(values: Sequence[Value | None]) -> Column:
    """Return `values` as an array of the narrowest type that changes none of them.

    Booleans, whole numbers (int64) and floats have arrays of their own; whole numbers beside
    floats become floats where that is exact. Text, mixtures and missing values (None) are objects.
    """
    kinds = {type(value) for value in values}
    if kinds in ({bool}, {int}, {float}):
        return np.array(values)
    if kinds == {int, float}:
        floats = [float(value) for value in values]  # type: ignore[arg-type]
        if all(number == value for number, value in zip(floats, values, strict=True)):
            return np.array(floats)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
