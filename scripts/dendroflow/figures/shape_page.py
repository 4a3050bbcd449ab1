"""The frame of an interactive page: heading, place for the plot, how it starts and moves on."""

from string import Template

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  html, body { height: 100vh; margin: 0; }
  body { display: flex; flex-direction: column; color: #222; background: #fff;
         font-family: "DejaVu Sans", Verdana, sans-serif; }
  header, footer { padding: 0.6rem 1rem; }
  h1 { margin: 0; font-size: 1.15rem; }
  p { margin: 0.2rem 0 0; color: #666; font-size: 0.85rem; }
  #shape { flex: 1; min-height: 360px; }
  #controls { display: flex; gap: 0.8rem; align-items: center; padding: 0.2rem 1rem; }
  #controls[hidden] { display: none; }
  #controls button { width: 5rem; font: inherit; }
  #controls input { flex: 1; }
  #controls output { width: 8rem; font-variant-numeric: tabular-nums; }
  #reason:empty { display: none; }
  #reason { margin: auto; padding: 1.5rem; color: #cc2222; font-size: 1rem; }
</style>
</head>
<body>
<header>
<h1>$title</h1>
<p>$subtitle</p>
</header>
<div id="shape"></div>
<div id="controls" hidden>
<button id="play">Play</button>
<input id="slider" type="range" min="0" value="0" step="1" aria-label="time">
<output id="clock"></output>
</div>
<p id="reason">$reason</p>
<footer>
<p>$notes</p>
</footer>
<script type="text/plain" id="library">$library</script>
<script type="text/plain" id="figure">$figure</script>
<script type="text/plain" id="frames">$frames</script>
<script type="text/plain" id="codes">$codes</script>
<script>
"use strict";

async function unpacked(id) {
  const packed = atob(document.getElementById(id).textContent);
  const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream);
}

async function parsed(id) {
  return JSON.parse(await (await unpacked(id)).text());
}

async function show() {
  const script = document.createElement("script");
  script.textContent = await (await unpacked("library")).text();
  document.head.append(script);
  script.remove();
  const figure = await parsed("figure");
  const moves = document.getElementById("frames").textContent !== "";
  document.getElementById("controls").hidden = !moves;
  const options = { responsive: true, displaylogo: false, scrollZoom: true };
  await Plotly.newPlot("shape", figure.data, figure.layout, options);
  if (moves) {
    await animate(await parsed("frames"), figure.data);
  }
}

/* Values of all places at all times: place by place the differences of 16-bit codes over time,
   first their low bytes, then their high bytes. */
async function decoded(frames) {
  const bytes = new Uint8Array(await (await unpacked("codes")).arrayBuffer());
  const times = frames.times.length, places = frames.places, count = times * places;
  const values = frames.times.map(() => new Float32Array(places));
  for (let place = 0; place < places; place++) {
    let code = 0;
    for (let k = 0; k < times; k++) {
      const i = place * times + k;
      code = (code + bytes[i] + 256 * bytes[count + i]) & 0xffff;
      values[k][place] = frames.low + code * frames.step;
    }
  }
  return values;
}

function changes(trace, values, frames) {
  if (trace.type === "heatmap") {
    const [rows, columns] = trace.meta;
    const z = [];
    for (let row = 0; row < rows; row++) {
      z.push(values.slice(row * columns, (row + 1) * columns));
    }
    return { z };
  }
  const colour = [], text = [];
  for (let i = 0; i < trace.meta.length; i += 2) {
    const place = trace.meta[i], value = values[place];
    const label = frames.names[place] + "<br>" + value.toPrecision(4) + " " + frames.unit;
    for (let k = 0; k < trace.meta[i + 1]; k++) {
      colour.push(value);
      text.push(label);
    }
  }
  return { "line.color": colour, text };
}

async function animate(frames, traces) {
  const values = await decoded(frames);
  const moving = traces.flatMap((trace, i) => (trace.meta ? [i] : []));
  const [play, slider, clock] =
    ["play", "slider", "clock"].map((id) => document.getElementById(id));
  let playing = false;

  async function draw(k) {
    const all = moving.map((i) => changes(traces[i], values[k], frames));
    const update = {};
    for (const key of Object.keys(all[0])) {
      update[key] = all.map((change) => change[key]);
    }
    slider.value = k;
    clock.value = "t = " + frames.times[k] + " ms";
    await Plotly.restyle("shape", update, moving);
  }

  async function run() {
    while (playing) {
      await draw((Number(slider.value) + 1) % frames.times.length);
      await new Promise((later) => setTimeout(later, 80));
    }
  }

  slider.max = frames.times.length - 1;
  slider.addEventListener("input", () => draw(Number(slider.value)));
  play.addEventListener("click", () => {
    playing = !playing;
    play.textContent = playing ? "Pause" : "Play";
    run();
  });
  // The address may end in the number of a frame: page.html#12
  const asked = Number(location.hash.slice(1));
  await draw(Math.min(Math.max(0, Math.trunc(asked) || 0), frames.times.length - 1));
}

if (document.getElementById("reason").textContent) {
  document.getElementById("shape").remove();
} else {
  show().catch((error) => {
    document.getElementById("reason").textContent =
      "The figure cannot be shown: " + error + ". It needs a browser of 2023 or later, with WebGL.";
  });
}
</script>
</body>
</html>
""")
