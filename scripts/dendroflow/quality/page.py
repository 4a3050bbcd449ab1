"""The report on morphologies: one HTML page that needs neither network nor scripts."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dendroflow.quality.checks import THEME_OF
from dendroflow.quality.finding import Finding
from dendroflow.quality.judgement import Judgement

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
         border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
img { max-width: 100%; }
.badge { display: inline-block; padding: 0 .5em; border-radius: .6em; white-space: nowrap;
         border: 1px solid; }
.pass, .fit { background: #e3f2e8; color: #14532d; }
.info { background: #eef2f6; color: #334155; }
.warn, .with-care { background: #fff3d6; color: #6b4200; }
.fail, .unfit { background: #fbe1e1; color: #7f1d1d; }
.unknown { background: #eee; color: #444; }
.number { white-space: nowrap; }
.muted { color: #666; }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Entry:
    """What the page shows of one morphology.

    Attributes
    ----------
    name, address : str
        Its name, and where it came from.
    findings, judgements : sequence
        Of all checks and uses.
    picture : bytes
        Its portrait, PNG.
    """

    name: str
    address: str
    findings: Sequence[Finding]
    judgements: Sequence[Judgement]
    picture: bytes


def render(entries: Sequence[Entry]) -> str:
    """Return the page; everything that it shows of files and metadata is escaped."""
    body = "\n".join([_overview(entries), *(_entry(k, e) for k, e in enumerate(entries))])
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Appraisal of morphologies</title><style>{_STYLE}</style></head>\n<body>"
        f"<h1>Appraisal of morphologies</h1>\n{body}\n</body></html>\n"
    )


def _overview(entries: Sequence[Entry]) -> str:
    titles = [judgement.title for judgement in entries[0].judgements] if entries else []
    rows = [
        [f'<a href="#m{k}">{escape(entry.name)}</a>']
        + [_badge(judgement.fitness) for judgement in entry.judgements]
        for k, entry in enumerate(entries)
    ]
    note = (
        '<p class="muted">Thresholds are advice, set on rodent pyramidal cells; they and the '
        "checks that count for a use are in config/appraisal.yaml. Unknown: a check that could "
        "not be made.</p>"
    )
    return _table(["morphology", *map(escape, titles)], rows) + note


def _entry(number: int, entry: Entry) -> str:
    uses = [
        [escape(j.title), _badge(j.fitness), "<br>".join(map(_reason, j.reasons)) or "no objection"]
        for j in entry.judgements
    ]
    rows = [
        [
            escape(f.check),
            escape(THEME_OF[f.check]),
            _badge(f.verdict),
            f'<span class="number">{escape(_number(f))}</span>',
            escape(f.threshold),
            escape(f.sentence) + _where(f),
        ]
        for f in entry.findings
    ]
    image = base64.b64encode(entry.picture).decode("ascii")
    return (
        f'<h2 id="m{number}">{escape(entry.name)}</h2>'
        f'<p class="muted">{escape(entry.address)}</p>'
        + _table(["use", "verdict", "because"], uses)
        + f'<img alt="Portrait of {escape(entry.name)}" src="data:image/png;base64,{image}">'
        + _table(["check", "theme", "verdict", "value", "threshold", "finding"], rows)
    )


def _reason(finding: Finding) -> str:
    return f"<b>{escape(finding.check)}</b>: {escape(finding.sentence)}"


def _number(finding: Finding) -> str:
    if finding.value is None:
        return ""
    return f"{finding.value:.4g} {finding.unit}".strip()


def _where(finding: Finding) -> str:
    if finding.lines and finding.verdict != "pass":
        shown = ", ".join(map(str, finding.lines[:8]))
        more = f" and {len(finding.lines) - 8} more" if len(finding.lines) > 8 else ""
        return f' <span class="muted">Lines {shown}{more}.</span>'
    return f' <span class="muted">At {escape(finding.where)}.</span>' if finding.where else ""


def _badge(word: str) -> str:
    return f'<span class="badge {word.replace(" ", "-")}">{escape(word)}</span>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n" for cells in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"
