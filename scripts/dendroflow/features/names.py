"""Names and units of what can be measured, for all who check names: nothing heavy is imported."""

import importlib.util
import json
import re
from pathlib import Path

# Name -> unit. Each is a function of this name in `features.statistics`.
STATISTIC_UNITS = {
    "maximum": "{signal}",
    "minimum": "{signal}",
    "peak_to_peak": "{signal}",
    "mean": "{signal}",
    "standard_deviation": "{signal}",
    "integral": "{signal}·{time}",
    "initial": "{signal}",
    "final": "{signal}",
    "time_of_maximum": "{time}",
    "time_of_minimum": "{time}",
    "zero_crossing_time": "{time}",
    "half_decay_time": "{time}",
    "period": "{time}",
    "rate": "1000/{time}",
}
# What eFEL takes for the threshold of a spike, and `rate` too (mV).
SPIKE = -20.0
PROPAGATION_UNITS = {"delay": "ms", "speed": "m/s"}


def statistic_unit(name: str, signal: str, time: str) -> str:
    """Return the unit of a statistic of a signal, from those of the signal and of time."""
    unit = STATISTIC_UNITS[name].format(signal=signal, time=time)
    return unit.strip("·").replace("1000/ms", "Hz")


def _efel_units() -> dict[str, str]:
    """Feature -> unit, from the tables that eFEL installs; importing eFEL takes 0.2 s."""
    spec = importlib.util.find_spec("efel")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("eFEL is not installed", name="efel")
    folder = Path(spec.submodule_search_locations[0])
    table = (folder / "DependencyV5.txt").read_text(encoding="utf-8")
    source = (folder / "pyfeatures" / "pyfeatures.py").read_text(encoding="utf-8")
    in_python = source.partition("all_pyfeatures = [")[2].partition("]")[0]
    names = {*re.findall(r"^\w+:(\w+)", table, re.MULTILINE), *re.findall(r"\w+", in_python)}
    units = json.loads((folder / "units" / "units.json").read_text(encoding="utf-8"))
    # eFEL knows no unit of ISIs, and gives slopes of a logarithm that of their argument.
    units |= {"ISIs": "ms", "ISI_log_slope": "", "ISI_log_slope_skip": "", "ISI_semilog_slope": ""}
    plain = {"constant": "", "1/(ms)": "1/ms"}
    return {
        name: plain.get(units.get(name, ""), units.get(name, ""))
        for name in sorted(names - {"interpolate"}, key=str.casefold)
    }


EFEL_UNITS = _efel_units()
