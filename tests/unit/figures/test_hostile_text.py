"""Text of a configuration is text in every figure and on every page."""

from dataclasses import replace

import pytest
from browser import HOSTILE, document, is_hit, needs_browser
from synthetic import EVERY_KIND, data, figure

from dendroflow.figures import page, render
from dendroflow.figures.data import Label
from dendroflow.quality.page import Entry
from dendroflow.quality.page import render as quality_page
from dendroflow.quality.result import CheckResult
from dendroflow.quality.suitability import Suitability

# Half a formula, a tag, and what `str.format` takes for a field.
TEXT = "$x^{$ <b>&amp; {0}"


@pytest.mark.parametrize("keys", EVERY_KIND, ids=lambda keys: keys["name"])
def test_any_text_is_drawn_as_it_is(tmp_path, monkeypatch, keys):
    monkeypatch.setattr(page, "PRINT_FORMATS", ("png",))
    sound = data()
    labels = {name: Label(f"{name} {TEXT}", TEXT) for name in sound.labels}
    source = replace(sound, title=TEXT, labels=labels)
    source.points["method"] = source.points["method"] + TEXT
    render(figure(**(keys | {"title": TEXT, "caption": TEXT})), source, tmp_path)
    assert (tmp_path / f"{keys['name']}.png").stat().st_size > 1000


@needs_browser
def test_the_browser_tells_a_page_that_does_not_escape(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><html><body><p>{HOSTILE}</p></body></html>", "utf-8")
    assert is_hit(document(path, tmp_path, 500))


@needs_browser
def test_text_does_nothing_in_a_report_on_quality_in_a_browser(tmp_path):
    found = CheckResult(
        "components", "fail", HOSTILE, 2, HOSTILE, HOSTILE, lines=(1,), where=HOSTILE
    )
    suitability = Suitability("cable", HOSTILE, "unsuitable", (found,))
    path = tmp_path / "page.html"
    path.write_text(
        quality_page([Entry(HOSTILE, HOSTILE, [found], [suitability], b"\x89PNG")]), "utf-8"
    )
    dom = document(path, tmp_path, 500)
    assert not is_hit(dom)
    assert "{{ 7*7 }}" in dom
