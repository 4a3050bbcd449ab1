"""The hand-written pages: links lead somewhere, and what is shown can be used."""

import re

import pytest
import yaml
from pydantic import TypeAdapter
from running import CHECKOUT

from dendroflow.plan.description import describe
from dendroflow.plan.models import names_of
from dendroflow.settings.features import AnyDerived
from dendroflow.settings.figures import Figure
from dendroflow.settings.morphologies import MorphologySource
from dendroflow.settings.optimise import Optimise
from dendroflow.settings.protocols import Protocol
from dendroflow.settings.style import Composition
from dendroflow.settings.sweep import Sweep
from dendroflow.settings.targets import Target

PAGES = sorted(
    path.relative_to(CHECKOUT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "config/*.md")
    for path in CHECKOUT.glob(pattern)
)


def read(page):
    return (CHECKOUT / page).read_text(encoding="utf-8")


def prose(page):
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", read(page), flags=re.MULTILINE | re.DOTALL)


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_pages_are_found():
    assert {"README.md", "CHANGELOG.md", "docs/tutorial.md", "config/README.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = ((CHECKOUT / page).parent / path).resolve() if path else CHECKOUT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.relative_to(CHECKOUT).as_posix()), link


@pytest.mark.parametrize("page", PAGES)
def test_folders_and_files_that_are_named_exist(page):
    named = re.findall(
        r"`((?:config|docs|envs|profiles|rules|scripts|tests)/[\w./-]+)`", prose(page)
    )
    # What the tutorial asks its reader to write, and what `dendroflow new` does.
    own = ("config/models/leaky_soma", "scripts/resistance.py", "envs/dendroflow.txt")
    places = (CHECKOUT, CHECKOUT / "template")
    for path in named:
        assert path.startswith(own) or any((place / path).exists() for place in places), path


def test_the_sweeps_and_the_optimisation_of_the_reference_are_sound():
    parts = sorted(page for page in PAGES if page.startswith("docs/configuration/"))
    shown = [yaml.safe_load(text) for page in parts for text in blocks(page, "yaml")]
    kinds = {"sweep": TypeAdapter(Sweep), "optimise": TypeAdapter(Optimise)}
    kinds["derived"] = TypeAdapter(dict[str, AnyDerived])
    kinds["targets"] = TypeAdapter(dict[str, Target])
    kinds["protocols"] = TypeAdapter(dict[str, Protocol])
    kinds["figures"] = TypeAdapter(list[Figure])
    kinds["panels"] = TypeAdapter(dict[str, Composition])
    assert sorted(key for block in shown for key in block) == sorted(
        ["protocols", "sweep", "sweep", "optimise", "targets", "derived", "figures", "panels"]
    )
    for block in shown:
        for key, content in block.items():
            kinds[key].validate_python(content)


def test_the_catalogue_of_the_morphologies_page_is_sound():
    (text,) = blocks("docs/morphologies.md", 'yaml title="config/morphologies.yaml"')
    sources = TypeAdapter(dict[str, MorphologySource]).validate_python(yaml.safe_load(text))
    assert len({type(source) for source in sources.values()}) == 4


def test_the_model_of_the_models_page_is_one(tmp_path):
    (text,) = blocks("docs/models.md", 'python title="a model"')
    folder = tmp_path / "ball"
    folder.mkdir()
    (folder / "model.py").write_text(text, encoding="utf-8")
    description = describe(names_of(folder), tmp_path / "description.json")
    assert dict(description.signals) == {"soma_v": "mV"}
    assert list(description.parameters) == ["diameter", "gnabar", "amplitude"]
