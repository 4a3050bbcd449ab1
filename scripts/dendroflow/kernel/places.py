"""Finding places of a cell as people say them."""

from collections.abc import Iterable, Sequence
from typing import Any

from dendroflow.errors import ModelError


def middle(sections: Any) -> Any:
    """The segment in the middle of a section, or of the first of several, such as `self.soma`."""
    section = sections[0] if isinstance(sections, list | tuple) else sections
    return section(0.5)


def end(sections: Any) -> Any:
    """The last segment of a section, or of the last of several, such as `self.axon`."""
    section = sections[-1] if isinstance(sections, list | tuple) else sections
    return section(1.0)


def path_distance(origin: Any, segment: Any) -> float:
    """Length of the path between two segments, µm."""
    from neuron import h

    return float(h.distance(origin, segment))


def place_at(origin: Any, sections: Sequence[Any], distance: float) -> Any:
    """The place at a path (µm) from `origin` in sections such as `self.apic`.

    Where several branches reach as far, the last one counts, as in BluePyOpt.

    Raises
    ------
    ModelError
        If none of them reaches as far.
    """
    for section in reversed(sections):
        near, far = (path_distance(origin, section(x)) for x in (0.0, 1.0))
        if near <= distance <= far:
            return section((distance - near) / (far - near))
    raise ModelError(f"no section of these lies {distance:g} µm from {origin}")


def farthest_tip(origin: Any, sections: Iterable[Any]) -> Any:
    """The end of a section, such as one of `self.apic`, with the longest path to `origin`."""
    return max((s(1.0) for s in sections), key=lambda tip: path_distance(origin, tip))


def on_path(origin: Any, tip: Any, distance: float) -> Any:
    """The place at a distance (µm) from `origin`, along the path to `tip`.

    Raises
    ------
    ModelError
        If the path is shorter.
    """
    if (whole := path_distance(origin, tip)) < distance:
        raise ModelError(f"the path to {tip} is {whole:g} µm long, and not {distance:g}")
    section = tip.sec
    while (near := path_distance(origin, section(0.0))) > distance and section.parentseg():
        section = section.parentseg().sec
    span = path_distance(origin, section(1.0)) - near
    return section((distance - near) / span if span else 0.0)
