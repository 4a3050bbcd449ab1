"""All checks by name, and how they are made."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from dendroflow.quality import depth, diameters, electrical, graph, metadata, size
from dendroflow.quality.names import CHECKS as NAMES
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError
from dendroflow.settings.quality import Quality

Check = Callable[[Reconstruction, Quality], CheckResult]

_MODULES = (graph, size, diameters, depth, electrical, metadata)
CHECKS: Mapping[str, Check] = {
    name: next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    for name in NAMES
}


def check_all(cell: Reconstruction, settings: Quality) -> list[CheckResult]:
    """Make all checks that the settings list, in their order."""
    return [run_check(name, cell, settings) for name in settings.checks]


def run_check(name: str, cell: Reconstruction, settings: Quality) -> CheckResult:
    """Make one check; the result is `unknown` if it cannot be made, or its number is none."""
    try:
        found = CHECKS[name](cell, settings)
    except NotMeasurableError as error:
        found = CheckResult("unknown", f"Not measured: {error}.")
    if found.value is not None and not math.isfinite(found.value):
        found = CheckResult("unknown", "Not measured: it comes out as no number.")
    return replace(found, check=name)
