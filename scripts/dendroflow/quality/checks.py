"""All checks by name, and how they are made."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from dendroflow.quality import depth, diameters, electrical, graph, libraries, metadata, size
from dendroflow.quality.names import THEME_OF
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError
from dendroflow.settings.quality import Quality

Check = Callable[[Reconstruction, Quality], CheckResult]

_MODULES = (graph, size, diameters, depth, electrical, metadata, libraries)
CHECKS: Mapping[str, Check] = {
    name: libraries.neurom(name)
    if theme == "NeuroM"
    else next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    for name, theme in THEME_OF.items()
}


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
