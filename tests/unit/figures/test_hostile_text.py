"""Text of a configuration is text in every figure and on every page."""

import re
from dataclasses import replace

import pytest
from browser import HOSTILE, WAITING, document, is_hit, needs_browser
from synthetic import EVERY_KIND, KEYS, data, figure

from dendroflow.figures import render
from dendroflow.figures.data import Label

# Half a formula, a tag, and what `str.format` takes for a field.
TEXT = "$x^{$ <b>&amp; {0}"


@pytest.mark.parametrize("keys", EVERY_KIND, ids=lambda keys: keys["name"])
def test_any_text_is_drawn_as_it_is(tmp_path, keys):
    sound = data()
    labels = {name: Label(f"{name} {TEXT}", TEXT) for name in sound.labels}
    source = replace(sound, title=TEXT, labels=labels)
    source.points["method"] = source.points["method"] + TEXT
    render(
        figure(**(keys | {"title": TEXT, "caption": TEXT, "style": {"formats": ["png"]}})),
        source,
        tmp_path,
    )
    assert (tmp_path / f"{keys['name']}.png").stat().st_size > 1000


@needs_browser
def test_the_browser_tells_a_page_that_does_not_escape(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><html><body><p>{HOSTILE}</p></body></html>", "utf-8")
    assert is_hit(document(path, tmp_path, 500))


@needs_browser
def test_shape_page_draws_itself_without_a_network_and_shows_text_as_text(tmp_path):
    keys = KEYS["shape"]
    label = Label(f"membrane potential {HOSTILE}", "<b>mV</b>")
    source = data()
    source = replace(source, title=HOSTILE, labels={**source.labels, keys["signal"]: label})
    render(figure(**(keys | {"title": HOSTILE})), source, tmp_path)
    page = tmp_path / "shape.html"
    page.write_text(page.read_text(encoding="utf-8") + WAITING, encoding="utf-8")
    dom = document(page, tmp_path)
    assert "The figure cannot be shown" not in dom.split("<script")[0]
    assert re.search(r'<html[^>]* data-drawn="0"', dom)
    assert "membrane potential" in dom
    assert not is_hit(dom)
    assert "<img" not in dom.partition("<script")[0]
    assert "{{ 7*7 }}" in dom
