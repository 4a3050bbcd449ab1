"""How much of what is stored an audit simulates again."""

import math

from pydantic import Field

from dendroflow.settings.base import Settings, Share


class Audit(Settings):
    """A random sample of the points of each experiment."""

    share: Share = Field(
        0.01, description="part of the points of an experiment that is simulated again"
    )
    at_least: int = Field(5, ge=1, description="points of each experiment, if it has as many")
    seed: int = Field(1, ge=0, lt=2**32, description="decides which points, and in which order")

    def size(self, points: int) -> int:
        """Number of points to take from so many."""
        return min(points, max(self.at_least, math.ceil(self.share * points)))
