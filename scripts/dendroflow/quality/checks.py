"""All checks by name, and how they are made."""

from collections.abc import Callable, Mapping

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
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError
from dendroflow.settings.quality import Quality

Check = Callable[[Reconstruction, Quality], CheckResult]

_THEMES: dict[str, tuple[Check, ...]] = {
    "graph": (
        graph.readable,
        graph.components,
        graph.cycles,
        graph.missing_parents,
        graph.duplicate_ids,
        graph.duplicate_points,
        graph.custom_types,
        graph.long_steps,
    ),
    "soma": (soma.soma, soma.soma_area),
    "diameters": (
        diameters.constant_diameters,
        diameters.constant_sections,
        diameters.tracing_limit,
        diameters.abrupt_diameters,
        diameters.bottlenecks,
        diameters.thin_dendrites,
    ),
    "depth": (depth.z_noise, depth.z_backlash, depth.z_drift, depth.z_quantised, depth.flat),
    "electrical": (
        electrical.neuron_import,
        electrical.electrical_bottleneck,
        electrical.electrical_reach,
        electrical.input_resistance,
    ),
    "axon": (axon.axon,),
    "size": (size.dendritic_length, size.membrane_area, size.extent),
    "metadata": (
        metadata.experiment_condition,
        metadata.physical_integrity,
        metadata.recorded_attributes,
        metadata.shrinkage,
    ),
    "MorphIO": (libraries.morphio_reads, libraries.morphio_keeps),
}

CHECKS: Mapping[str, Check] = {
    check.__name__: check for checks in _THEMES.values() for check in checks
} | dict(libraries.NEUROM)
THEME_OF: Mapping[str, str] = {
    check.__name__: theme for theme, checks in _THEMES.items() for check in checks
} | dict.fromkeys(libraries.NEUROM, "NeuroM")


def check_all(cell: Reconstruction, settings: Quality) -> list[CheckResult]:
    """Make all checks that the settings list.

    Parameters
    ----------
    cell : Reconstruction
        The morphology.
    settings : Quality
        Which checks, and their thresholds.

    Returns
    -------
    list of CheckResult
        One for each check, in their order; the result of one that cannot be made is `unknown`.
    """
    return [run_check(name, cell, settings) for name in settings.checks]


def run_check(name: str, cell: Reconstruction, settings: Quality) -> CheckResult:
    """Make one check; the result is `unknown` if it cannot be made."""
    try:
        return CHECKS[name](cell, settings)
    except NotMeasurableError as error:
        return CheckResult(name, "unknown", f"Not measured: {error}.")
