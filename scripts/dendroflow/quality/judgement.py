"""What findings mean for a use of the morphology, and for an experiment that asks for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from dendroflow.errors import MorphologyError
from dendroflow.quality.finding import Finding
from dendroflow.settings.appraisal import Appraisal, Requirements, Use

Fitness = Literal["fit", "with care", "unfit"]


@dataclass(frozen=True)
class Judgement:
    """How fit a morphology is for a use.

    Attributes
    ----------
    use, title : str
        Name of the use, and how the report calls it.
    fitness : {"fit", "with care", "unfit"}
        The verdict.
    reasons : tuple of Finding
        Those that decided: what makes it unfit, or all that asks for care.
    """

    use: str
    title: str
    fitness: Fitness
    reasons: tuple[Finding, ...]


def judge(findings: Iterable[Finding], name: str, use: Use) -> Judgement:
    """Weigh findings for one use.

    Raises
    ------
    KeyError
        If a check that the use names was not made; the settings see to it that it was.
    """
    by_name = {finding.check: finding for finding in findings}
    required = [by_name[check] for check in use.requires]
    against = tuple(f for f in required if f.verdict in ("fail", "unknown"))
    if against:
        return Judgement(name, use.title, "unfit", against)
    heeded = [by_name[check] for check in use.heeds]
    cautions = [f for f in required if f.verdict == "warn"]
    cautions += [f for f in heeded if f.verdict in ("warn", "fail", "unknown")]
    return Judgement(name, use.title, "with care" if cautions else "fit", tuple(cautions))


def judge_all(findings: Iterable[Finding], settings: Appraisal) -> list[Judgement]:
    """Weigh findings for every use of the settings."""
    kept = list(findings)
    return [judge(kept, name, use) for name, use in settings.uses.items()]


def objections(
    findings: Iterable[Finding], requirements: Requirements, settings: Appraisal
) -> list[Finding]:
    """The findings for which a morphology is refused, each once."""
    kept = list(findings)
    by_name = {finding.check: finding for finding in kept}
    found = [by_name[check] for check in requirements.checks]
    against = {f.check: f for f in found if f.verdict in ("fail", "unknown")}
    for name in requirements.uses:
        judgement = judge(kept, name, settings.uses[name])
        if judgement.fitness == "unfit":
            against |= {f.check: f for f in judgement.reasons}
    return list(against.values())


def refuse(experiment: str, objecting: Mapping[str, tuple[str, list[Finding]]]) -> None:
    """Raise the error that says why an experiment does not start, if there is any objection.

    Parameters
    ----------
    experiment : str
        Its name.
    objecting : mapping
        Morphology -> its file, and what is held against it.

    Raises
    ------
    MorphologyError
        One line: the first objection with check, value, threshold and file; how many more.
    """
    found = [(name, file, f) for name, (file, fs) in objecting.items() for f in fs]
    if not found:
        return
    name, file, finding = found[0]
    others = [f"{f.check} ({other})" for other, _, f in found[1:]]
    more = f"; also {', '.join(others)}" if others else ""
    raise MorphologyError(
        f"{experiment}: morphology '{name}' ({file}) {describe(finding)}{more}; use another "
        "morphology, or change `morphology_requires` in the experiment"
    )


def describe(finding: Finding) -> str:
    """Check, value, threshold and what was found, on one line."""
    verb = "fails" if finding.verdict == "fail" else "cannot be judged by"
    numbers = (
        [f"value {finding.value:.4g} {finding.unit}".strip()] if finding.value is not None else []
    )
    numbers += [f"threshold: {finding.threshold}"] if finding.threshold else []
    line = f"line {finding.lines[0]}" if finding.lines else finding.where
    place = f", {line}" if line else ""
    inner = f" ({'; '.join(numbers)})" if numbers else ""
    return f"{verb} {finding.check}{inner}{place}: {finding.sentence.rstrip('.')}"
