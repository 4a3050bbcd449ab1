"""What a check finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
    result
        What it means; `info` never counts against a cell.
    sentence
        What was found, for a reader.
    value, unit
        The number that decided, and its unit; empty for counts and shares.
    threshold
        What it is compared with, such as "at most 1.4".
    values
        Further numbers, by name.
    lines
        Lines of the file where it was found.
    where
        The place in words, where there is no line.
    check
        Name of the check, which `checks.run_check` fills in.
    """

    result: Result
    sentence: str
    value: float | None = None
    unit: str = ""
    threshold: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[int, ...] = ()
    where: str = ""
    check: str = ""

    @property
    def title(self) -> str:
        """The name of the check as words."""
        return self.check.replace("_", " ")


def at_most(
    limit: float, value: float, sentence: str, otherwise: Result = "warn", **more: Any
) -> CheckResult:
    """The result of a number with an upper limit; `more` fills in further attributes."""
    result = otherwise if value > limit else "pass"
    return CheckResult(result, sentence, value, threshold=f"at most {limit:g}", **more)


def at_least(
    limit: float, value: float, sentence: str, otherwise: Result = "warn", **more: Any
) -> CheckResult:
    """The result of a number with a lower limit."""
    result = otherwise if value < limit else "pass"
    return CheckResult(result, sentence, value, threshold=f"at least {limit:g}", **more)


def none_of(count: int, sentence: str, otherwise: Result = "warn", **more: Any) -> CheckResult:
    """The result of counting what should not be there."""
    return CheckResult(otherwise if count else "pass", sentence, count, threshold="none", **more)


def plural(count: int, what: str) -> str:
    """Return `1 point`, `2 points`."""
    return f"{count} {what if count == 1 else what + 's'}"
