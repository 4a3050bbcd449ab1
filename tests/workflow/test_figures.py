"""Figures and the report of a real run: the same bytes, no network, and text that stays text."""

import hashlib
import re
import shutil
from html.parser import HTMLParser

import pytest
from browser import HOSTILE, document, is_hit, needs_browser
from workflow.small_experiments import STEPS
from workflow.workspace import Workspace

from dendroflow.morphology.files import data_sha256

MARKUP = (
    f"{HOSTILE}\n"
    + """{{ 1/0 }} {% raw %} <script>alert(1)</script> & *stars* `ticks`_ |bars| \\back

.. raw:: html

   <b>bold</b>
"""
)
# Braces are wildcards to Snakemake.
BRACES = "with $g_{Na}$, {x}, {{y}}, { , } {wildcards.figure} and {experiment, .*}"
TITLE = f"Steps <of> current < 1 nA {BRACES}"
SWC = "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 2 -5 0 0 0.5 1\n5 2 -60 0 0 0.5 4\n"
PARAMETERS = """
        größe: str = quantity("a", "{unit}", "size {of} $x_{i}$")
        delay:"""
FIGURES = [
    {"kind": "line", "name": "peaks", "x": "amplitude", "y": "soma_v_maximum", "caption": MARKUP}
    | {"hue": "größe", "where": {"größe": ["{x}", "$g_{K}$"]}, "ends": "{y} $g_{Na}$ {x:g}"},
    {"kind": "trace", "name": "traces", "signal": "soma_v", "caption": f"Words {BRACES}."}
    | {"title": f"Traces {BRACES}"},
]
TREE = {
    "title": f"A <tree> {HOSTILE}",
    "model": "tree",
    "morphology": "cell",
    "simulation": {"duration": 5.0},
    "sweep": {"parameters.amplitude": [0.1]},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
    "figures": [
        {
            "kind": "shape",
            "name": "cell",
            "signal": "v",
            "at": {"peak": "soma_v"},
            "title": HOSTILE,
        }
    ],
}
EXPECTED = {
    f"steps/{name}.{suffix}" for name in ("peaks", "traces") for suffix in ("svg", "pdf", "png")
} | {f"tree/cell.{suffix}" for suffix in ("svg", "pdf", "png", "html")}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("steps", "tree")
    sweep = STEPS["sweep"] | {"parameters.größe": ["{x}", "$g_{K}$"]}
    said = {"title": TITLE, "description": BRACES, "sweep": sweep, "figures": FIGURES}
    workspace.experiment("steps", STEPS, **said).experiment("tree", TREE)
    workspace.replace("models/squid_soma/model.py", "\n        delay:", PARAMETERS)
    workspace.write("cell.swc", SWC)
    pin = data_sha256(SWC.encode(), "swc")
    workspace.write("morphologies.yaml", {"cell": {"file": "cell.swc", "sha256": pin}})
    workspace.run("-n").succeeded()
    workspace.run(cores=2).succeeded()
    return workspace


@pytest.fixture(scope="module")
def report(finished) -> str:
    finished.run("--report", "report.html").succeeded()
    return (finished.folder / "report.html").read_text(encoding="utf-8")


def digests(workspace):
    folder = workspace.results / "figures"
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("[!.]*.*")
    }


def test_every_figure_is_there_in_every_format(finished):
    assert digests(finished).keys() == EXPECTED
    for name in EXPECTED:
        assert (finished.results / "figures" / name).stat().st_size > 1000


def test_names_and_texts_come_into_the_database_as_they_are_typed(finished):
    assert finished.query('SELECT DISTINCT "größe" FROM steps') == [("{x}",), ("$g_{K}$",)]
    said = "SELECT title, description FROM experiments WHERE experiment = 'steps'"
    assert finished.query(said) == [(TITLE, BRACES)]


def test_the_same_inputs_give_the_same_bytes(finished, copy_of):
    project = copy_of(finished)
    shutil.rmtree(project.results / "figures")
    run = project.run("figures").succeeded()
    assert run.jobs == {"render_figures": 2}
    assert digests(project) == digests(finished)


def test_the_report_holds_every_figure(report):
    for name in EXPECTED:
        assert name.rpartition("/")[2] in report, name
    assert TITLE in report
    assert f"Traces {BRACES}" in report


def test_the_report_loads_nothing_from_elsewhere(report):
    loads = r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//[^>]*>"
    assert re.findall(loads, report) == []


class TextOutsideScripts(HTMLParser):
    """What a browser takes for text of a page, not for a script."""

    def __init__(self, page):
        super().__init__()
        self.inside, self.text = 0, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.inside -= tag in ("script", "style")

    def handle_data(self, data):
        if not self.inside:
            self.text += data


def test_captions_are_shown_as_they_are_written(report):
    assert f'"caption": "<p>Words {BRACES}.</p>' in report
    shown = re.search(r'"caption": "(<p>&lt;/script.*?</p>)', report)[1]
    for part in ("{{ 1/0 }} {% raw %}", "*stars* `ticks`_ |bars|", ".. raw:: html"):
        assert part in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown


def test_markup_does_not_leave_the_scripts_of_the_report(report):
    outside = TextOutsideScripts(report).text
    assert "bold" not in outside
    assert "job_properties" not in outside


@needs_browser
def test_text_does_nothing_in_the_report_in_a_browser(finished, report, tmp_path):
    dom = document(finished.folder / "report.html", tmp_path)
    assert not is_hit(dom)
    # The page has come to life: its menu names what the experiments are called.
    menu = dom.partition('<div id="app">')[2].partition("<script")[0]
    assert TITLE.replace("<", "&lt;").replace(">", "&gt;") in menu
    assert "{{ 7*7 }}" in menu


def test_interactive_figures_load_nothing_from_elsewhere(finished):
    html = (finished.results / "figures/tree/cell.html").read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link)\b[^>]*\b(?:src|href)\s*=", html)
    assert "A <tree>" not in html
