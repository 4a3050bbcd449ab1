"""The frame of the interactive page of a cell: heading, place for the plot, and how it starts."""

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
<p id="reason">$reason</p>
<footer>
<p>$notes</p>
</footer>
<script type="text/plain" id="library">$library</script>
<script type="text/plain" id="figure">$figure</script>
<script>
"use strict";

async function unpacked(id) {
  const packed = atob(document.getElementById(id).textContent);
  const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

async function show() {
  const script = document.createElement("script");
  script.textContent = await unpacked("library");
  document.head.append(script);
  script.remove();
  const figure = JSON.parse(await unpacked("figure"));
  const options = { responsive: true, displaylogo: false, scrollZoom: true };
  await Plotly.newPlot("shape", figure.data, figure.layout, options);
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
