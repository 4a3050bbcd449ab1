"""What the results of checks mean for a use, and for an experiment that requires something."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dendroflow.errors import MorphologyError
from dendroflow.quality.result import CheckResult
from dendroflow.settings.quality import Quality, Requirements, Use


@dataclass(frozen=True)
class Suitability:
    """How suitable a morphology is for a use, by its name, and its title in the report.

    The reasons are the results that decided: what makes it unsuitable, or all that asks for care.
    """

    use: str
    title: str
    suitability: Literal["suitable", "with care", "unsuitable"]
    reasons: tuple[CheckResult, ...]


def suitability_for(results: Iterable[CheckResult], name: str, use: Use) -> Suitability:
    """Weigh results for one use; the settings see to it that all its checks were made."""
    by_name = {result.check: result for result in results}
    required = [by_name[check] for check in use.requires]
    if against := tuple(r for r in required if r.result in ("fail", "unknown")):
        return Suitability(name, use.title, "unsuitable", against)
    recommended = [by_name[check] for check in use.recommends]
    cautions = [r for r in required if r.result == "warn"]
    cautions += [r for r in recommended if r.result in ("warn", "fail", "unknown")]
    return Suitability(name, use.title, "with care" if cautions else "suitable", tuple(cautions))


def suitabilities(results: Sequence[CheckResult], settings: Quality) -> list[Suitability]:
    """Weigh results for every use of the settings."""
    return [suitability_for(results, name, use) for name, use in settings.uses.items()]


def unmet(
    results: Sequence[CheckResult], requirements: Requirements, settings: Quality
) -> list[CheckResult]:
    """The results for which a morphology is refused, each once."""
    by_name = {result.check: result for result in results}
    asked = [by_name[check] for check in requirements.checks]
    against = [result for result in asked if result.result in ("fail", "unknown")]
    for name in requirements.uses:
        found = suitability_for(results, name, settings.uses[name])
        if found.suitability == "unsuitable":
            against += found.reasons
    return list({result.check: result for result in against}.values())


def refuse(experiment: str, refused: Mapping[str, tuple[str, list[CheckResult]]]) -> None:
    """Raise a `MorphologyError` if a morphology of an experiment does not meet the requirements.

    `refused` maps each morphology to its file and the results that do not meet them. The error is
    one line: the first of them with check, value, threshold and file; which others.
    """
    found = [(name, file, r) for name, (file, results) in refused.items() for r in results]
    if not found:
        return
    name, file, result = found[0]
    others = ", ".join(f"{r.check} ({other})" for other, _, r in found[1:])
    raise MorphologyError(
        f"{experiment}: morphology '{name}' ({file}) {_in_words(result)}"
        f"{f'; also {others}' if others else ''}; use another morphology, or change "
        "`morphology_requires` in the experiment"
    )


def _in_words(result: CheckResult) -> str:
    """Check, value, threshold and what was found, on one line."""
    verb = "fails" if result.result == "fail" else "cannot be checked for"
    numbers = []
    if result.value is not None:
        numbers.append(f"value {result.value:.4g} {result.unit}".strip())
    if result.threshold:
        numbers.append(f"threshold: {result.threshold}")
    inner = f" ({'; '.join(numbers)})" if numbers else ""
    place = f"line {result.lines[0]}" if result.lines else result.where
    return f"{verb} {result.check}{inner}{place and f', {place}'}: {result.sentence.rstrip('.')}"
