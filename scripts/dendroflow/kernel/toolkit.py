"""What the code of most models needs."""

from collections.abc import Callable, Iterable
from typing import Any


def current_step(segment: Any, delay: float, duration: float, amplitude: float) -> Any:
    """An `IClamp` in `segment`: delay and duration in ms, amplitude in nA."""
    import neuron  # Faster than a name from it, for each of a million cells.

    clamp = neuron.h.IClamp(segment)
    clamp.delay, clamp.dur, clamp.amp = delay, duration, amplitude
    return clamp


def swept(parameter: str) -> Callable[[Any], Any]:
    """Value of a parameter in each node of `rxd`, for what a model creates in `build_rxd`.

    The node's section must have been made with `h.Section(name, self)`.
    """
    return lambda node: getattr(node.segment.sec.cell().p, parameter)


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
    from neuron import h

    # For lambda_f, which follows the 3-D points of a section where it has any.
    h.load_file("stdlib.hoc")
    for section in sections:
        longest = d_lambda * h.lambda_f(frequency, sec=section)
        section.nseg = 2 * int((section.L / longest + 0.9) / 2) + 1
