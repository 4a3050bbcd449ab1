"""A page that needs no network: a plot that can be turned and enlarged, over time by a slider."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment
from plotly.io import to_json
from plotly.offline import get_plotlyjs

from dendroflow.files import replacing


@dataclass(frozen=True)
class Interactive:
    """What a page shows: a plot at one time or at several, or why there is none.

    Attributes
    ----------
    frames
        `times`, and for each of them `values`; where these are those of segments also their
        `names` and `unit`. A trace with `meta`, pairs of a segment and a number of vertices,
        gets the values of its segments; a heatmap with `meta` gets them as they are.
    """

    plot: go.Figure | None = None
    frames: Mapping[str, Any] | None = None
    reason: str = ""

    def write(self, path: Path, title: str, subtitle: str, notes: Sequence[str]) -> None:
        """Write the page; plotly.js and the plot lie in it, compressed."""
        library = content = ""
        if self.plot is not None:
            plot = to_json(self.plot, engine="json", remove_uids=True)
            library = _packed(get_plotlyjs())
            content = _packed(f'{{"plot": {plot}, "frames": {json.dumps(self.frames)}}}')
        page = PAGE.render(
            title=title,
            subtitle=subtitle,
            notes=[note.lstrip("!") for note in notes],
            reason=self.reason,
            library=library,
            content=content,
        )
        with replacing(path) as temporary:
            temporary.write_text(page, "utf-8", newline="\n")


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


PAGE = Environment(autoescape=True, keep_trailing_newline=True).from_string("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
  html, body { height: 100vh; margin: 0; }
  body { display: flex; flex-direction: column; color: #222; background: #fff;
         font-family: "DejaVu Sans", Verdana, sans-serif; }
  header, footer { padding: 0.6rem 1rem; }
  h1 { margin: 0; font-size: 1.15rem; }
  p { margin: 0.2rem 0 0; color: #666; font-size: 0.85rem; }
  #plot { flex: 1; min-height: 360px; }
  #controls { display: flex; gap: 0.8rem; align-items: center; padding: 0.2rem 1rem; }
  #controls[hidden] { display: none; }
  #controls button { width: 5rem; font: inherit; }
  #controls input { flex: 1; }
  #controls output { width: 8rem; font-variant-numeric: tabular-nums; }
  #reason { margin: auto; padding: 1.5rem; color: #cc2222; font-size: 1rem; }
  #reason:empty, :has(#reason:not(:empty)) > #plot { display: none; }
</style>
</head>
<body>
<header>
<h1>{{ title }}</h1>
<p>{{ subtitle }}</p>
</header>
<div id="plot"></div>
<div id="controls" hidden>
<button id="play">Play</button>
<input id="slider" type="range" min="0" value="0" step="1" aria-label="time">
<output id="clock"></output>
</div>
<p id="reason">{{ reason }}</p>
<footer>
<p>{{ notes | join(" ") }}</p>
</footer>
<script type="text/plain" id="library">{{ library }}</script>
<script type="text/plain" id="content">{{ content }}</script>
<script>
"use strict";
const part = (id) => document.getElementById(id);

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(part(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

function colour(trace, values, { names, unit }) {
  if (trace.type === "heatmap") {
    trace.z = values;
    return;
  }
  const segments = trace.meta.flatMap(([segment, vertices]) => Array(vertices).fill(segment));
  trace.line.color = segments.map((i) => values[i]);
  trace.text = segments.map((i) => names[i] + "<br>" + values[i].toPrecision(4) + " " + unit);
}

async function show() {
  const script = document.createElement("script");
  script.textContent = await unpacked("library");
  document.head.append(script);
  script.remove();
  const { plot, frames } = JSON.parse(await unpacked("content"));
  const options = { responsive: true, displaylogo: false, scrollZoom: true };
  const last = frames.times.length - 1;
  let playing = false;

  async function draw(k) {
    for (const trace of plot.data.filter((each) => each.meta)) {
      colour(trace, frames.values[k], frames);
    }
    part("slider").value = k;
    part("clock").value = "t = " + frames.times[k] + " ms";
    await Plotly.react("plot", plot.data, plot.layout, options);
  }

  async function play() {
    while (playing) {
      await draw((Number(part("slider").value) + 1) % (last + 1));
      await new Promise((later) => setTimeout(later, 80));
    }
  }

  part("controls").hidden = last === 0;
  part("slider").max = last;
  part("slider").addEventListener("input", () => draw(Number(part("slider").value)));
  part("play").addEventListener("click", () => {
    playing = !playing;
    part("play").textContent = playing ? "Pause" : "Play";
    play();
  });
  // The address may end in the number of a frame: page.html#12
  await draw(Math.min(Number(location.hash.slice(1)) || 0, last));
}

if (!part("reason").textContent) {
  show().catch((error) => {
    part("reason").textContent =
      "The figure cannot be shown: " + error + ". It needs a browser of 2023 or later, with WebGL.";
  });
}
</script>
</body>
</html>
""")
