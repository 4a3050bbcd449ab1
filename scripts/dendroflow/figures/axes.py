"""Axes with ticks that people read: plain numbers on logarithmic axes, values of the design."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, LogFormatter, NullFormatter

MOST_TICKS = 8


class PlainLogFormatter(LogFormatter):
    """Ticks of a logarithmic axis as plain numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write `x`, or nothing where the labels would be too many."""
        low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
        if low > 0 and 0.4 < math.log10(high / low) < 1.2:
            # About a decade: matplotlib would label more of it than there is space for.
            return f"{x:g}" if f"{x:e}"[:3] in ("1.0", "2.0", "5.0") else ""
        return f"{x:g}" if super().__call__(x, pos) else ""


def make_logarithmic(axes: Axes, key: str, design: Sequence[Any] = ()) -> None:
    """Make the x or the y axis logarithmic.

    Parameters
    ----------
    design
        swept values: where they are few, the ticks stand there.
    """
    axes.set(**{f"{key}scale": "log"})
    axis = axes.xaxis if key == "x" else axes.yaxis
    axis.set_major_formatter(PlainLogFormatter())
    axis.set_minor_formatter(PlainLogFormatter())
    if 2 <= len(design) <= MOST_TICKS:
        axis.set_major_locator(FixedLocator(list(design)))
        axis.set_minor_locator(FixedLocator([]))
        axis.set_major_formatter(lambda x, _: f"{x:g}")
        axis.set_minor_formatter(NullFormatter())
