"""What groups give: the table of their outcomes, and what one of their cells takes."""

from dataclasses import dataclass

import pyarrow as pa

from dendroflow.kernel.lanes import GroupResult
from dendroflow.tables.schemas import OUTCOMES, TRACES

# A group of this many compartments keeps a core busy, and its vector unit; more gains nothing.
COMPARTMENTS_PER_GROUP = 6000
# Not 512: columns of CoreNEURON would lie 4096 bytes apart, and take twice as long.
LANES_AT_MOST = 504
# Recorded samples that a group may hold in memory: 160 MB.
SAMPLES_PER_GROUP = 20_000_000
# A group that dies takes at most the work of so long (s) with it.
SECONDS_PER_GROUP = 10.0


@dataclass(frozen=True)
class Size:
    """What a cell takes: compartments, recorded samples, and seconds."""

    compartments: int
    samples: int
    seconds: float

    @classmethod
    def of(cls, result: GroupResult) -> "Size | None":
        """That of the largest cell of a group; None if no cell was built."""
        compartments = max(outcome.compartments or 0 for outcome in result.outcomes)
        seconds = max(outcome.runtime_s or 0.0 for outcome in result.outcomes)
        return cls(compartments, result.samples, seconds) if compartments else None

    @property
    def lanes(self) -> int:
        """Number of such cells to advance together."""
        by_memory = int(SAMPLES_PER_GROUP // max(self.samples, 1))
        by_time = int(SECONDS_PER_GROUP / max(self.seconds, 1e-6))
        by_size = COMPARTMENTS_PER_GROUP // self.compartments
        return max(1, min(LANES_AT_MOST, by_memory, by_size, by_time))


def trace_table(result: GroupResult) -> pa.Table:
    """The traces of a group as a table of `tables.schemas.TRACES`; empty if nothing came out."""
    return pa.table(result.traces) if result.traces else TRACES.empty_table()


def outcome_table(result: GroupResult) -> pa.Table:
    """The outcomes of a group as a table of `tables.schemas.OUTCOMES`."""
    return pa.Table.from_pylist([vars(outcome) for outcome in result.outcomes], schema=OUTCOMES)
