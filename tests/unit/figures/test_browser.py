from dataclasses import replace

from browser import HOSTILE, document, is_hit, needs_browser
from synthetic import EVERY_KIND, data, figure

from dendroflow.figures import render
from dendroflow.figures.data import Label


@needs_browser
def test_shape_page_draws_itself_without_a_network_and_shows_text_as_text(tmp_path):
    (keys,) = [keys for keys in EVERY_KIND if keys["kind"] == "shape"]
    label = Label(f"membrane potential {HOSTILE}", "<b>mV</b>")
    source = data()
    source = replace(source, title=HOSTILE, labels={**source.labels, keys["signal"]: label})
    render(figure(**(keys | {"title": HOSTILE})), source, tmp_path)
    dom = document(tmp_path / "shape.html", tmp_path)
    assert "The figure cannot be shown" not in dom.split("<script")[0]
    assert "js-plotly-plot" in dom
    assert 'class="main-svg"' in dom
    assert "<canvas" in dom
    assert "membrane potential" in dom
    assert not is_hit(dom)
    assert "<img" not in dom.partition("<script")[0]
    assert "{{ 7*7 }}" in dom
