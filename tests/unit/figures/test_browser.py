from browser import document, needs_browser
from synthetic import EVERY_KIND, data, figure

from dendroflow.figures import render


@needs_browser
def test_shape_page_draws_itself_without_a_network(tmp_path):
    (declared,) = [figure(**keys) for keys in EVERY_KIND if keys["kind"] == "shape"]
    render(declared, data(), tmp_path)
    dom = document(tmp_path / "shape.html", tmp_path)
    assert "The figure cannot be shown" not in dom.split("<script")[0]
    assert "js-plotly-plot" in dom
    assert 'class="main-svg"' in dom
    assert "<canvas" in dom
    assert "membrane potential (mV)" in dom
