"""Whether points may share a process: what was found, and where it is kept."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dendroflow.files import replacing

PROCESSES = ("shared", "close", "alone")


@dataclass(frozen=True)
class Verdict:
    """Whether points share a process.

    Attributes
    ----------
    process
        `"shared"`: to the last bit what a point gives alone; `"close"`: nearly so; `"alone"`: each
        point has a process of its own.
    why
        a line; empty if they share it, or nothing was tried: the model says that it wants a process
        each, or too few points share their settings.
    seconds
        that a point takes alone; 0 where nothing was tried.
    samples
        that it records, in all signals and places.
    """

    process: str
    why: str = ""
    seconds: float = 0.0
    samples: int = 0

    @classmethod
    def read(cls, path: Path) -> "Verdict | None":
        """What is kept of the points of a `simulation_code`; None if nothing is."""
        with suppress(OSError, ValueError, TypeError):
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        return None

    def keep(self, path: Path) -> None:
        """Keep it for points to come, unless a worse one is kept or nothing was tried."""
        known = Verdict.read(path)
        if self.seconds and (known is None or worst([known, self]) is not known):
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(vars(self)), encoding="utf-8")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on all batches of an experiment; the first of the worst."""
    return max(verdicts, key=lambda verdict: PROCESSES.index(verdict.process))
