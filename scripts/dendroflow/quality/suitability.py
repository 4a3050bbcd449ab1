"""What the results of checks mean for a use, and for an experiment that requires something."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dendroflow.errors import MorphologyError
from dendroflow.quality.result import CheckResult
from dendroflow.settings.quality import Quality, Requirements, Use

Suitable = Literal["suitable", "with care", "unsuitable"]


@dataclass(frozen=True)
class Suitability:
    """How suitable a morphology is for a use.

    Attributes
    ----------
    use, title : str
        Name of the use, and how the report calls it.
    suitability : {"suitable", "with care", "unsuitable"}
        What the results come to.
    reasons : tuple of CheckResult
        Those that decided: what makes it unsuitable, or all that asks for care.
    """

    use: str
    title: str
    suitability: Suitable
    reasons: tuple[CheckResult, ...]


def suitability_for(results: Iterable[CheckResult], name: str, use: Use) -> Suitability:
    """Weigh results for one use.

    Raises
    ------
    KeyError
        If a check that the use names was not made; the settings see to it that it was.
    """
    by_name = {result.check: result for result in results}
    required = [by_name[check] for check in use.requires]
    against = tuple(f for f in required if f.result in ("fail", "unknown"))
    if against:
        return Suitability(name, use.title, "unsuitable", against)
    recommended = [by_name[check] for check in use.recommends]
    cautions = [f for f in required if f.result == "warn"]
    cautions += [f for f in recommended if f.result in ("warn", "fail", "unknown")]
    return Suitability(name, use.title, "with care" if cautions else "suitable", tuple(cautions))


def suitabilities(results: Iterable[CheckResult], settings: Quality) -> list[Suitability]:
    """Weigh results for every use of the settings."""
    kept = list(results)
    return [suitability_for(kept, name, use) for name, use in settings.uses.items()]


def unmet(
    results: Iterable[CheckResult], requirements: Requirements, settings: Quality
) -> list[CheckResult]:
    """The results for which a morphology is refused, each once."""
    kept = list(results)
    by_name = {result.check: result for result in kept}
    found = [by_name[check] for check in requirements.checks]
    against = {f.check: f for f in found if f.result in ("fail", "unknown")}
    for name in requirements.uses:
        suitability = suitability_for(kept, name, settings.uses[name])
        if suitability.suitability == "unsuitable":
            against |= {f.check: f for f in suitability.reasons}
    return list(against.values())


def refuse(experiment: str, unmet: Mapping[str, tuple[str, list[CheckResult]]]) -> None:
    """Raise the error that says why an experiment does not start, if any requirement is not met.

    Parameters
    ----------
    experiment : str
        Its name.
    unmet : mapping
        Morphology -> its file, and the results that do not meet the requirements.

    Raises
    ------
    MorphologyError
        One line: the first of them with check, value, threshold and file; how many more.
    """
    found = [(name, file, f) for name, (file, fs) in unmet.items() for f in fs]
    if not found:
        return
    name, file, result = found[0]
    others = [f"{f.check} ({other})" for other, _, f in found[1:]]
    more = f"; also {', '.join(others)}" if others else ""
    raise MorphologyError(
        f"{experiment}: morphology '{name}' ({file}) {_in_words(result)}{more}; use another "
        "morphology, or change `morphology_requires` in the experiment"
    )


def _in_words(result: CheckResult) -> str:
    """Check, value, threshold and what was found, on one line."""
    verb = "fails" if result.result == "fail" else "cannot be checked for"
    numbers = (
        [f"value {result.value:.4g} {result.unit}".strip()] if result.value is not None else []
    )
    numbers += [f"threshold: {result.threshold}"] if result.threshold else []
    line = f"line {result.lines[0]}" if result.lines else result.where
    place = f", {line}" if line else ""
    inner = f" ({'; '.join(numbers)})" if numbers else ""
    return f"{verb} {result.check}{inner}{place}: {result.sentence.rstrip('.')}"
