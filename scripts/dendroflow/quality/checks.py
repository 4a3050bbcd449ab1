"""All checks by name, and how they are made."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from dendroflow.quality import (
    axon,
    depth,
    diameters,
    electrical,
    graph,
    libraries,
    metadata,
    size,
    soma,
)
from dendroflow.quality.names import THEMES
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError
from dendroflow.settings.quality import Quality

Check = Callable[[Reconstruction, Quality], CheckResult]

_OWN = (graph, soma, diameters, depth, electrical, axon, size, metadata)
_MODULES = {module.__name__.rpartition(".")[2]: module for module in _OWN} | {"MorphIO": libraries}
CHECKS: Mapping[str, Check] = {
    name: getattr(module, name) for theme, module in _MODULES.items() for name in THEMES[theme]
} | {name: libraries.neurom(name) for name in THEMES["NeuroM"]}


def check_all(cell: Reconstruction, settings: Quality) -> list[CheckResult]:
    """Make all checks that the settings list, in their order."""
    return [run_check(name, cell, settings) for name in settings.checks]


def run_check(name: str, cell: Reconstruction, settings: Quality) -> CheckResult:
    """Make one check; the result is `unknown` if it cannot be made."""
    try:
        found = CHECKS[name](cell, settings)
    except NotMeasurableError as error:
        found = CheckResult("unknown", f"Not measured: {error}.")
    return replace(found, check=name)
