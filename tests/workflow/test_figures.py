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
# As if a reader had opened it: how many canvases of WebGL its frame draws on.
OPENED = """<script>
const details = document.querySelector("[data-page]");
details.open = true;
setInterval(() => {
  const drawn = details.querySelector("iframe")?.contentDocument.querySelectorAll("canvas");
  document.documentElement.dataset.drawn = drawn?.length ?? 0;
}, 100);
</script></body></html>"""
EXPECTED = {
    f"steps/{name}.{suffix}" for name in ("peaks", "traces") for suffix in ("svg", "pdf", "png")
} | {f"tree/cell.{suffix}" for suffix in ("svg", "pdf", "png", "html")}
EXPECTED |= {f"panels/figure_1.{suffix}" for suffix in ("svg", "pdf")}
PANELS = {
    "figure_1": {
        "mosaic": ["AAB"],
        "figures": {"A": "steps.peaks", "B": "tree.cell"},
        "title": HOSTILE,
        "caption": f"Both {BRACES}.",
        "style": {"width": 180, "formats": ["svg", "pdf"]},
    }
}


@pytest.fixture(scope="module")
def finished(new_workspace) -> Workspace:
    workspace = new_workspace().project("steps", "tree", panels=PANELS)
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
    return (finished.results / "report.html").read_text(encoding="utf-8")


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
    assert run.jobs == {"render_figures": 2, "compose_figures": 1}
    assert digests(project) == digests(finished)


def test_the_report_holds_every_figure(finished, report):
    assert report.count('src="data:image/svg+xml;base64,') == 4
    for name in EXPECTED:
        assert f'href="figures/{name}"' in report, name
        assert (finished.results / "figures" / name).exists()
    text = Text(report).text
    assert TITLE in text
    assert f"Traces {BRACES}" in text
    assert "Figures of several experiments" in text
    assert f"Both {BRACES}." in text


def test_snakemake_reports_on_the_figures_too(finished):
    finished.run("--report", "snakemake.html").succeeded()
    page = (finished.folder / "snakemake.html").read_text(encoding="utf-8")
    for name in EXPECTED:
        assert name.rpartition("/")[2] in page, name


def test_the_report_loads_nothing_from_elsewhere(report):
    loads = r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//[^>]*>"
    assert re.findall(loads, report) == []


class Text(HTMLParser):
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
    text = Text(report).text
    assert f"Words {BRACES}." in text
    assert MARKUP.strip() in text


def test_the_report_says_what_was_asked_and_what_came_out(finished, report):
    text = " ".join(Text(report).text.split())
    assert " ".join(f"{BRACES} ".split()) in text
    points = finished.query("SELECT COUNT(*) FROM steps")[0][0]
    assert f"{points} points; table steps; advanced by NEURON." in text
    for version in ("neuron 9.0.2", "dendroflow 0.2.0", "Results of config.yaml"):
        assert version in text


def test_the_report_is_the_same_when_it_is_written_again(finished, copy_of, report):
    project = copy_of(finished)
    (project.results / "report.html").unlink()
    assert project.run().succeeded().jobs == {"write_report": 1, "check_failures": 1}
    assert (project.results / "report.html").read_text(encoding="utf-8") == report


@needs_browser
def test_text_does_nothing_in_the_report_in_a_browser(finished, tmp_path):
    dom = document(finished.results / "report.html", tmp_path)
    assert not is_hit(dom)
    assert "{{ 7*7 }}" in dom


@needs_browser
def test_an_interactive_figure_opens_in_the_report(finished, report, tmp_path):
    page = tmp_path / "opened.html"
    page.write_text(report.replace("</body></html>", OPENED), encoding="utf-8")
    dom = document(page, tmp_path)
    assert re.search(r'<html[^>]* data-drawn="[1-9]', dom)


def test_interactive_figures_load_nothing_from_elsewhere(finished):
    html = (finished.results / "figures/tree/cell.html").read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link)\b[^>]*\b(?:src|href)\s*=", html)
    assert "A <tree>" not in html
