"""The report as one HTML file that needs neither network nor other files."""

from pathlib import Path

from jinja2 import Environment

import dendroflow
from dendroflow import layout
from dendroflow.report.contents import Figure, figure_of, read
from dendroflow.report.references import references
from dendroflow.settings.project import Configuration

PAGE = Path(__file__).with_name("page.html")
COMPARED = (
    "Each morphometric of a cell as its deviation from what was observed, in standard deviations. "
    "The shaded part counts as within."
)


def render(configuration: Configuration, results: Path) -> str:
    """Return the page of a configuration whose database and figures are there."""
    contents = read(configuration, results)
    parts = contents.parts
    quality = layout.QUALITY_PAGE.below(results, scope="morphologies")
    shown = configuration.project.morphology_report and quality.exists()
    return (
        Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .from_string(PAGE.read_text(encoding="utf-8"))
        .render(
            title=f"Results of {configuration.source.name}" if len(parts) != 1 else parts[0].title,
            parts=parts,
            versions=contents.versions,
            citations=contents.cells,
            references=[
                *(cited.text for cited in references(configuration, contents.engines)),
                f"dendroflow {dendroflow.__version__}: CITATION.cff of its repository",
            ],
            quality=quality.relative_to(results) if shown else None,
            panels=_composed(configuration, results),
            compared=_compared(configuration, results),
        )
    )


def _composed(configuration: Configuration, results: Path) -> list[Figure]:
    folder = layout.PANELS.below(results)
    return [
        figure_of(results, folder, name, page.title or name, page.caption)
        for name, page in configuration.project.panels.items()
    ]


def _compared(configuration: Configuration, results: Path) -> list[Figure]:
    folder = layout.FIGURES.below(results, experiment="morphometry")
    return [
        figure_of(results, folder, name, said.title or name, COMPARED)
        for name, said in configuration.project.morphometry.items()
    ]
