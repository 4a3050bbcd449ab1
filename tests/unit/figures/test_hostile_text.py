"""Text of a configuration is text in every figure and on every page."""

from dataclasses import replace

import pytest
from browser import HOSTILE, document, is_hit, needs_browser
from synthetic import EVERY_KIND, data, figure

from dendroflow.appraisal.finding import Finding
from dendroflow.appraisal.judgement import Judgement
from dendroflow.appraisal.page import Entry
from dendroflow.appraisal.page import render as appraisal_page
from dendroflow.figures import render
from dendroflow.figures.data import Label


def hostile_data():
    sound = data()
    labels = {name: Label(f"{name} {HOSTILE}", "<b>") for name in sound.labels}
    return replace(sound, title=HOSTILE, labels=labels)


@pytest.mark.parametrize("keys", EVERY_KIND, ids=lambda keys: keys["name"])
def test_any_text_is_drawn_as_it_is(tmp_path, keys):
    render(figure(**(keys | {"title": HOSTILE, "caption": HOSTILE})), hostile_data(), tmp_path)
    assert all(path.stat().st_size > 1000 for path in tmp_path.iterdir())


@needs_browser
def test_the_browser_tells_a_page_that_does_not_escape(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><html><body><p>{HOSTILE}</p></body></html>", "utf-8")
    assert is_hit(document(page, tmp_path))


@needs_browser
@pytest.mark.parametrize("kind", ["shape", "movie", "field"])
def test_text_does_nothing_in_a_figure_in_a_browser(tmp_path, kind):
    keys = next(keys for keys in EVERY_KIND if keys["kind"] == kind)
    render(figure(**(keys | {"title": HOSTILE})), hostile_data(), tmp_path)
    dom = document(tmp_path / f"{keys['name']}.html", tmp_path)
    assert not is_hit(dom)
    assert "<img" not in dom.partition("<script")[0]
    assert "js-plotly-plot" in dom
    assert "{{ 7*7 }}" in dom


@needs_browser
def test_text_does_nothing_in_an_appraisal_in_a_browser(tmp_path):
    found = Finding("components", "fail", HOSTILE, 2, HOSTILE, HOSTILE, lines=(1,), where=HOSTILE)
    judged = Judgement("cable", HOSTILE, "unfit", (found,))
    page = tmp_path / "page.html"
    page.write_text(
        appraisal_page([Entry(HOSTILE, HOSTILE, [found], [judged], b"\x89PNG")]), "utf-8"
    )
    dom = document(page, tmp_path)
    assert not is_hit(dom)
    assert "{{ 7*7 }}" in dom
