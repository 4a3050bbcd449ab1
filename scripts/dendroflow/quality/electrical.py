"""NEURON's electrical tests: where current does not pass, and what does not belong to the cell."""

from dataclasses import replace

import numpy as np

from dendroflow.morphology.graph import PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult, NotMeasurableError, Result, plural
from dendroflow.quality.size import in_range
from dendroflow.settings.quality import Quality

LENGTH_TOLERANCE = 0.05


def neuron_import(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether NEURON makes one tree of the file, with the length that the file has."""
    written = None
    if cell.suffix == "swc" or isinstance(cell.reading, PointGraph):
        written = float(cell.points.steps[cell.points.neurite].sum())
    try:
        response = cell.responses(settings)["bottleneck"]
    except NotMeasurableError as error:
        return CheckResult("fail", f"{error}.")
    length = response.neurite_length_um
    excess = length / written - 1 if written else 0.0
    result: Result = "warn" if abs(excess) > LENGTH_TOLERANCE else "pass"
    if response.roots != 1 or response.orphans:
        result = "fail"
    compared = "" if written is None else f", those of the file {written:.0f} µm"
    return CheckResult(
        result,
        f"NEURON makes {response.sections} sections with {plural(response.roots, 'root')} and "
        f"{plural(response.orphans, 'orphan')}; its neurites are {length:.0f} µm long{compared}.",
        value=response.roots,
        threshold=f"one root; length within {LENGTH_TOLERANCE:.0%}",
        values={"sections": response.sections, "orphans": response.orphans, "length_um": length},
    )


def electrical_bottleneck(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Whether much of the potential is lost at one place, as behind a pinched point."""
    limits = settings.electrical
    response = cell.responses(settings)["bottleneck"]
    ratio = response.drop / response.drop_p99 if response.drop_p99 else 1.0
    fires = ratio > limits.drop_ratio and response.drop > limits.drop_share
    result: Result = "pass"
    if fires:
        result = "fail" if response.drop > limits.fail_share else "warn"
    nearest = np.linalg.norm(cell.points.xyz - response.xyz, axis=1).argmin()
    return CheckResult(
        result,
        f"{response.drop:.2%} of the somatic depolarisation is lost at one place, {ratio:.1f} "
        "times the 99th percentile.",
        value=response.drop,
        threshold=f"at most {limits.drop_share:g}, or {limits.drop_ratio:g} times the percentile",
        values={"ratio": ratio, "least_share": response.reach},
        lines=(int(cell.points.lines[nearest]),) if fires else (),
        where=response.place,
    )


def input_resistance(cell: Reconstruction, settings: Quality) -> CheckResult:
    """Input resistance, capacitance and attenuation with a passive membrane."""
    response = cell.responses(settings)["passive"]
    limits = settings.electrical
    what = (
        f"With {limits.membrane_ohm_cm2:g} Ω·cm² and {limits.axial_ohm_cm:g} Ω·cm the input "
        "resistance"
    )
    value, allowed = response.input_resistance_mohm, limits.input_resistance_mohm
    values = {
        # 1 µF/cm² is 0.01 pF/µm².
        "capacitance_pf": 0.01 * response.area_um2,
        "soma_to_tip_mean": response.tip_mean,
        "soma_to_tip_least": response.reach,
    }
    return replace(in_range(what, value, "MΩ", allowed, settings), values=values)
