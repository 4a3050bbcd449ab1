"""The report on morphologies: one HTML page that needs neither network nor scripts."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment

from dendroflow.quality.names import CHECKS
from dendroflow.quality.result import RESULTS, CheckResult
from dendroflow.quality.suitability import Suitability

_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quality of morphologies</title><style>
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
         border-bottom: 1px solid #ddd; overflow-wrap: break-word; }
img { max-width: 100%; }
.wide { overflow-x: auto; }
.badge { display: inline-block; padding: 0 .5em; border-radius: .6em; white-space: nowrap;
         border: 1px solid; }
.pass, .suitable { background: #e3f2e8; color: #14532d; }
.info { background: #eef2f6; color: #334155; }
.warn, .with-care { background: #fff3d6; color: #6b4200; }
.fail, .unsuitable { background: #fbe1e1; color: #7f1d1d; }
.unknown { background: #eee; color: #444; }
.number { white-space: nowrap; }
.muted { color: #666; }
@media (max-width: 40rem) {
  .cards tr { display: block; padding: .5rem 0; border-bottom: 1px solid #ddd; }
  .cards td { display: inline-block; border: 0; padding: .1rem .4rem; }
  .cards td:first-child { font-weight: bold; } .cards td:last-child { display: block; }
  .cards tr:first-child { display: none; }
}
</style></head>
<body><h1>Quality of morphologies</h1>
{% macro badge(word) -%}
<span class="badge {{ word.replace(" ", "-") }}">{{ word }}</span>
{%- endmacro %}
{% macro head(names) %}<tr>{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr>{% endmacro %}
<div class="wide"><table>{{ head(["morphology"] + titles) }}
{% for entry in entries %}
<tr><td><a href="#m{{ loop.index0 }}">{{ entry.name }}</a></td>
{% for use in entry.suitabilities %}<td>{{ badge(use.suitability) }}</td>{% endfor %}</tr>
{% endfor %}
</table></div>
<p class="muted">Thresholds are advice, set on rodent pyramidal cells; they and the checks that
count for a use are in config/quality.yaml. Unknown: a check that could not be made.</p>
{% for entry in entries %}
<h2 id="m{{ loop.index0 }}">{{ entry.name }}</h2>
<p class="muted">{{ entry.address }}</p>
<table class="cards">{{ head(["use", "suitability", "because"]) }}
{% for use in entry.suitabilities %}
<tr><td>{{ use.title }}</td><td>{{ badge(use.suitability) }}</td>
<td>{% for result in use.reasons %}
<div><b>{{ result.title }}</b>: {{ result.sentence }}</div>
{% else %}nothing against it{% endfor %}</td></tr>
{% endfor %}
</table>
<img alt="Picture of {{ entry.name }}" src="data:image/png;base64,{{ base64(entry.picture) }}">
<table class="cards">
{{ head(["check", "result", "value", "threshold", "what was found, and why it matters"]) }}
{% for result in worst_first(entry.results) %}
<tr><td>{{ result.title }}</td><td>{{ badge(result.result) }}</td><td class="number">
{%- if result.value is not none %}{{ "%.4g %s" | format(result.value, result.unit) }}{% endif -%}
</td><td>{{ result.threshold }}</td><td>{{ result.sentence }} <span class="muted">
{%- if result.lines and result.result != "pass" -%}
Lines {{ result.lines[:8] | join(", ") }}
{%- if result.lines | length > 8 %} and {{ result.lines | length - 8 }} more{% endif %}.
{%- elif result.where -%}At {{ result.where }}.{% endif %}
{{ " " }}{{ why[result.check][0] | upper }}{{ why[result.check][1:] }}.</span></td></tr>
{% endfor %}
</table>
{% endfor %}
</body></html>
"""


@dataclass(frozen=True)
class Entry:
    """What the page shows of one morphology: among others its picture, as PNG."""

    name: str
    address: str
    results: Sequence[CheckResult]
    suitabilities: Sequence[Suitability]
    picture: bytes


def render(entries: Sequence[Entry]) -> str:
    """Return the page; everything that it shows of files and metadata is escaped."""
    template = Environment(autoescape=True, trim_blocks=True).from_string(_PAGE)
    return template.render(
        entries=entries,
        titles=[found.title for found in entries[0].suitabilities] if entries else [],
        why=CHECKS,
        worst_first=lambda results: sorted(results, key=lambda r: -RESULTS.index(r.result)),
        base64=lambda data: base64.b64encode(data).decode("ascii"),
    )
