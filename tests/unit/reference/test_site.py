"""The site: it is built without a warning, its links lead somewhere, and its pages are true."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
import yaml
from pydantic import TypeAdapter
from running import CHECKOUT

from dendroflow.settings.analysis import Analysis
from dendroflow.settings.features import Features
from dendroflow.settings.figures import Figure
from dendroflow.settings.protocols import Protocol
from dendroflow.settings.simulation import Execution
from dendroflow.settings.style import Style
from dendroflow.settings.sweep import Sweep, with_groups

KINDS = {
    "sweep": Sweep,
    "analysis": Analysis,
    "features": Features,
    "figures": list[Figure],
    "protocols": dict[str, Protocol],
    "execution": Execution,
    "style": Style,
}


class Links(HTMLParser):
    """The addresses that a page leads to, and the places in it that others may lead to."""

    def __init__(self, page):
        super().__init__()
        self.addresses, self.places = set(), {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.places.add(said.get("id", ""))
        self.addresses.update(filter(None, [said.get("href"), said.get("src")]))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", folder / "trees"]
    answer = subprocess.run(
        [*command, "-b", "html", CHECKOUT / "docs", folder / "site"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return folder / "site"


def test_no_link_of_the_site_is_broken(site):
    pages = {page.resolve(): Links(page) for page in site.rglob("*.html")}
    assert len(pages) > 50
    for page, links in pages.items():
        for address in links.addresses:
            if re.match(r"[a-z]+:|//", address):
                continue
            path, _, place = unquote(address).partition("#")
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            assert target.exists(), (page.name, address)
            if place and target in pages and target.name not in ("search.html", "genindex.html"):
                assert place in pages[target].places, (page.name, address)


def test_all_pages_can_be_searched(site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    for word in ("glossary", "troubles", "comparison", "recipes", "configuration/figures"):
        assert f'"{word}"' in index


def recipes():
    text = (CHECKOUT / "docs" / "recipes.md").read_text(encoding="utf-8")
    return re.findall(r"^## (.+?)\n.*?^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("title", "text"), recipes())
def test_a_recipe_is_part_of_an_experiment(title, text):
    for key, content in yaml.safe_load(text).items():
        written = with_groups(content, {"pyramidal": ["a", "b"]}) if key == "sweep" else content
        TypeAdapter(KINDS[key]).validate_python(written)


def test_messages_of_the_troubles_are_those_of_the_code():
    text = (CHECKOUT / "docs" / "troubles.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| `([^`]+)`(?: or `([^`]+)`)? \|", text, re.MULTILINE)
    messages = [message for pair in said for message in pair if message]
    assert len(messages) > 10
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (CHECKOUT / "scripts").rglob("*.py")
    )
    whole = re.sub(r'"\s*\n\s*f?"', "", code)
    assert [message for message in messages if message not in whole] == []
