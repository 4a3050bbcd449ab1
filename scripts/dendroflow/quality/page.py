"""The report on morphologies: one HTML page that needs neither network nor scripts."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dendroflow.quality.names import THEME_OF
from dendroflow.quality.result import CheckResult
from dendroflow.quality.suitability import Suitability

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
.pass, .suitable { background: #e3f2e8; color: #14532d; }
.info { background: #eef2f6; color: #334155; }
.warn, .with-care { background: #fff3d6; color: #6b4200; }
.fail, .unsuitable { background: #fbe1e1; color: #7f1d1d; }
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
    results, suitabilities : sequence
        Of all checks and uses.
    picture : bytes
        Its picture, PNG.
    """

    name: str
    address: str
    results: Sequence[CheckResult]
    suitabilities: Sequence[Suitability]
    picture: bytes


def render(entries: Sequence[Entry]) -> str:
    """Return the page; everything that it shows of files and metadata is escaped."""
    body = "\n".join([_overview(entries), *(_entry(k, e) for k, e in enumerate(entries))])
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Quality of morphologies</title><style>{_STYLE}</style></head>\n<body>"
        f"<h1>Quality of morphologies</h1>\n{body}\n</body></html>\n"
    )


def _overview(entries: Sequence[Entry]) -> str:
    titles = [suitability.title for suitability in entries[0].suitabilities] if entries else []
    rows = [
        [f'<a href="#m{k}">{escape(entry.name)}</a>']
        + [_badge(suitability.suitability) for suitability in entry.suitabilities]
        for k, entry in enumerate(entries)
    ]
    note = (
        '<p class="muted">Thresholds are advice, set on rodent pyramidal cells; they and the '
        "checks that count for a use are in config/quality.yaml. Unknown: a check that could "
        "not be made.</p>"
    )
    return _table(["morphology", *map(escape, titles)], rows) + note


def _entry(number: int, entry: Entry) -> str:
    uses = [
        [
            escape(j.title),
            _badge(j.suitability),
            "<br>".join(map(_reason, j.reasons)) or "nothing against it",
        ]
        for j in entry.suitabilities
    ]
    rows = [
        [
            escape(f.check),
            escape(THEME_OF[f.check]),
            _badge(f.result),
            f'<span class="number">{escape(_number(f))}</span>',
            escape(f.threshold),
            escape(f.sentence) + _where(f),
        ]
        for f in entry.results
    ]
    image = base64.b64encode(entry.picture).decode("ascii")
    return (
        f'<h2 id="m{number}">{escape(entry.name)}</h2>'
        f'<p class="muted">{escape(entry.address)}</p>'
        + _table(["use", "suitability", "because"], uses)
        + f'<img alt="Picture of {escape(entry.name)}" src="data:image/png;base64,{image}">'
        + _table(["check", "theme", "result", "value", "threshold", "what was found"], rows)
    )


def _reason(result: CheckResult) -> str:
    return f"<b>{escape(result.check)}</b>: {escape(result.sentence)}"


def _number(result: CheckResult) -> str:
    if result.value is None:
        return ""
    return f"{result.value:.4g} {result.unit}".strip()


def _where(result: CheckResult) -> str:
    if result.lines and result.result != "pass":
        shown = ", ".join(map(str, result.lines[:8]))
        more = f" and {len(result.lines) - 8} more" if len(result.lines) > 8 else ""
        return f' <span class="muted">Lines {shown}{more}.</span>'
    return f' <span class="muted">At {escape(result.where)}.</span>' if result.where else ""


def _badge(word: str) -> str:
    return f'<span class="badge {word.replace(" ", "-")}">{escape(word)}</span>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n" for cells in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"
