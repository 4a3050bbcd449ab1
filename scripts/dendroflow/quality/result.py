"""What a check finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Result = Literal["pass", "info", "warn", "unknown", "fail"]
# From the mildest to the worst; `unknown` is a check that could not be made.
RESULTS: tuple[Result, ...] = ("pass", "info", "warn", "unknown", "fail")


class NotMeasurableError(Exception):
    """A check that cannot be made on this cell; the message says why."""


@dataclass(frozen=True)
class CheckResult:
    """The result of one check of one morphology.

    Attributes
    ----------
    check : str
        Name of the check.
    result : {"pass", "info", "warn", "unknown", "fail"}
        What it means; `info` is never held against a cell.
    sentence : str
        What was found, for a reader.
    value : float or None
        The number that decided.
    unit : str
        Its unit; empty for counts and shares.
    threshold : str
        What it is compared with, such as "at most 1.4".
    values : mapping
        Further numbers, by name.
    lines : tuple of int
        Lines of the file where it was found.
    where : str
        The place in words, where there is no line.
    """

    check: str
    result: Result
    sentence: str
    value: float | None = None
    unit: str = ""
    threshold: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[int, ...] = ()
    where: str = ""


def lines_of(numbers: NDArray[np.int64]) -> tuple[int, ...]:
    """Line numbers as plain integers, in order."""
    return tuple(sorted(int(number) for number in numbers))


def plural(count: int, what: str, many: str = "") -> str:
    """Return `1 point`, `2 points`."""
    return f"{count} {what if count == 1 else many or what + 's'}"
