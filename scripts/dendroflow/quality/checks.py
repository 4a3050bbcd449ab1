"""All checks, by name, and the appraisal of a cell by them."""

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
from dendroflow.quality.cell import Cell
from dendroflow.quality.finding import Finding, NotMeasurableError
from dendroflow.settings.appraisal import Appraisal

Check = Callable[[Cell, Appraisal], Finding]

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


def appraise(cell: Cell, settings: Appraisal) -> list[Finding]:
    """Make all checks that the settings list.

    Parameters
    ----------
    cell : Cell
        The morphology.
    settings : Appraisal
        Which checks, and their thresholds.

    Returns
    -------
    list of Finding
        One for each check, in their order; the verdict of one that cannot be made is `unknown`.
    """
    return [run(name, cell, settings) for name in settings.checks]


def run(name: str, cell: Cell, settings: Appraisal) -> Finding:
    """Make one check; the verdict is `unknown` if it cannot be made."""
    try:
        return CHECKS[name](cell, settings)
    except NotMeasurableError as error:
        return Finding(name, "unknown", f"Not measured: {error}.")
