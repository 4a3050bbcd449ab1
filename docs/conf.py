"""How `make site` turns the Markdown of this folder into a site that can be searched."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]

project = "dendroflow"
release = re.search(
    r'__version__ = "(.+)"', (CHECKOUT / "scripts/dendroflow/__init__.py").read_text("utf-8")
)[1]
copyright = "the authors of dendroflow"  # noqa: A001

extensions = ["myst_parser"]
myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]
exclude_patterns = ["examples"]
# There is no lexer for hoc.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"dendroflow {release}"
html_copy_source = False
html_show_sourcelink = False

# Pages beside this folder, and what stands for them in the site.
ELSEWHERE = {"../README.md": "index.md", "../CHANGELOG.md": "changelog.md"}


def lead_within(_app, _name, source):
    """Let links to pages beside this folder lead into the site; what it does not have is text."""
    text = re.sub(
        r"\]\((\.\./[A-Z]+\.md)", lambda found: f"]({ELSEWHERE.get(found[1], found[1])}", source[0]
    )
    source[0] = re.sub(r"\[([^\]]+)\]\(\.\./[A-Z]+\.md\)", r"\1", text)


def setup(app):
    """Register what is done to each page."""
    app.connect("source-read", lead_within)
