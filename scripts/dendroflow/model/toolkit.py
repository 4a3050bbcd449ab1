"""What the code of most models needs."""

import math
from collections.abc import Iterable
from typing import Any


def current_step(segment: Any, delay: float, duration: float, amplitude: float) -> Any:
    """An `IClamp` in `segment`: delay and duration in ms, amplitude in nA."""
    from neuron import h

    clamp = h.IClamp(segment)
    clamp.delay, clamp.dur, clamp.amp = delay, duration, amplitude
    return clamp


def discretise(sections: Iterable[Any], d_lambda: float = 0.1, frequency: float = 100.0) -> None:
    """Set `nseg` to the odd number that keeps segments below `d_lambda` length constants.

    Parameters
    ----------
    d_lambda
        longest segment, in AC length constants at `frequency`.
    frequency
        Hz. Set `Ra` and `cm` of the sections first.

    References
    ----------
    Hines, Carnevale 2001, The Neuroscientist 7:123-135.
    """
    for section in sections:
        longest = d_lambda * _ac_length_constant(section, frequency)
        section.nseg = 2 * int((section.L / longest + 0.9) / 2) + 1


def _ac_length_constant(section: Any, frequency: float) -> float:
    """AC length constant (µm) of a section, along its 3-D points where it has any."""
    per_diameter = 1e5 * math.sqrt(1 / (4 * math.pi * frequency * section.Ra * section.cm))
    count = section.n3d()
    if count < 2:
        return float(per_diameter * math.sqrt(section.diam))
    electrotonic = 0.0
    for i in range(1, count):
        length = section.arc3d(i) - section.arc3d(i - 1)
        mean_diameter = (section.diam3d(i) + section.diam3d(i - 1)) / 2
        electrotonic += length / math.sqrt(mean_diameter)
    return float(section.L / electrotonic * per_diameter)
