"""Several figures on one page, each in a part of it with a letter: what a paper prints."""

from collections.abc import Mapping
from typing import Any

from dendroflow.figures.data import FigureData
from dendroflow.figures.page import Page, Slot, house_style
from dendroflow.figures.render import draw
from dendroflow.settings.figures import Figure
from dendroflow.settings.style import Composition, Style

# mm of a row of the mosaic, where no height is asked for.
ROW = 60.0


def compose(page: Composition, figures: Mapping[str, tuple[Figure, FigureData]]) -> Page:
    """Draw figures into the parts of a page.

    Parameters
    ----------
    figures
        letter of the mosaic -> the figure, and what it is drawn from.
    """
    bare = {"title": False, "footnote": False}
    style = Style.model_validate(bare | page.style.model_dump(exclude_unset=True))
    with house_style(style):
        sheet = Page(
            Slot(style.model_copy(update=bare)),
            page.title,
            page.caption,
            [],
            ROW * len(page.mosaic),
        )
        grid = sheet.sheet.add_gridspec(len(page.mosaic), len(page.mosaic[0]))
        notes = []
        for letter, (figure, data) in figures.items():
            rows, columns = _place(page.mosaic, letter)
            part = sheet.sheet.add_subfigure(grid[rows, columns])
            drawn = draw(_with_palette(figure, style), data, Slot(style, part, letter))
            notes += [f"{letter}: {note.lstrip('!')}" for note in drawn.heading[2]]
        sheet.heading = (page.title, page.caption, notes)
        return sheet


def _with_palette(figure: Figure, style: Style) -> Figure:
    """The figure in its own colours, or in those of the page if it has none."""
    own = figure.style.model_copy(update={"palette": figure.style.palette or style.palette})
    return figure.model_copy(update={"style": own})


def _place(mosaic: Any, letter: str) -> tuple[slice, slice]:
    """The rows and columns of a letter."""
    rows = [r for r, row in enumerate(mosaic) if letter in row]
    columns = [c for c, found in enumerate(mosaic[rows[0]]) if found == letter]
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
