"""How figures look on the page: sizes of a journal, font, palette, and which files there are."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from dendroflow.settings.base import Settings, each_once, spelled

Format = Literal["svg", "pdf", "png"]
FONT = "DejaVu Sans"
PRINT_FORMATS: tuple[Format, ...] = ("svg", "pdf", "png")

FigureName = Annotated[
    str, spelled(r"^[a-z][a-z0-9_]*\.[a-z0-9][a-z0-9_-]*$", "<experiment>.<name of a figure of it>")
]


def in_rectangles(mosaic: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse rows of unlike length, and letters that fill no rectangle."""
    if len({len(row) for row in mosaic}) > 1:
        raise ValueError("the rows have different lengths; `.` leaves a place empty")
    for letter in sorted(set("".join(mosaic)) - {"."}):
        places = [
            (r, c) for r, row in enumerate(mosaic) for c, found in enumerate(row) if found == letter
        ]
        rows, columns = ({place[axis] for place in places} for axis in (0, 1))
        full = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
        if len(places) != full:
            raise ValueError(f"{letter} does not fill a rectangle")
    return mosaic


Millimetres = Annotated[float, Field(ge=30, le=1000, allow_inf_nan=False)]
FileName = Annotated[
    str, spelled(r"^[a-z0-9][a-z0-9_-]*$", "a file name of a-z, 0-9, '_' and '-'", 120)
]


class Style(Settings):
    """How figures look on the page.

    What a figure does not say, its experiment says, and what that does not, the configuration.
    """

    width: Millimetres = Field(
        114,
        description="mm; journals print 85 to 90 in a column, 114, or 170 to 180 across the page",
    )
    height: Millimetres | None = Field(
        None, description="of the whole figure, mm; without this, as its content needs it"
    )
    title: bool = Field(True, description="whether a heading stands above the axes")
    footnote: bool = Field(
        True, description="whether notes, such as numbers of failed points, stand below the axes"
    )
    font: Annotated[str, Field(min_length=1)] = Field(
        FONT,
        description="such as Arial or Helvetica; what is not installed is replaced, which the log "
        "of the job says",
    )
    palette: Annotated[str, Field(min_length=1)] | tuple[str, ...] | None = Field(
        None, description="a palette of seaborn, such as `deep` or `rocket`, or a list of colours"
    )
    dpi: Annotated[int, Field(ge=50, le=1200)] = Field(300, description="dots per inch of PNG")
    formats: Annotated[tuple[Format, ...], Field(min_length=1), AfterValidator(each_once)] = Field(
        PRINT_FORMATS, description="files of each figure"
    )


class Composition(Settings):
    """Several figures of any experiments on one page, each with a letter."""

    mosaic: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(in_rectangles)] = Field(
        description="a text per row of the page; each letter is a figure, as wide and as high as "
        "it is repeated, such as [AAB, AAC]"
    )
    figures: dict[Annotated[str, spelled("^[A-Za-z]$", "a letter of `mosaic`")], FigureName] = (
        Field(description="letter: experiment.figure")
    )
    title: str = Field("", description="heads the report; the page itself has none")
    caption: str = Field("", description="beside the page in the report")
    style: Style = Field(Style(), description="how it looks on the page")

    @model_validator(mode="after")
    def _letters_agree(self) -> Self:
        drawn, named = set("".join(self.mosaic)) - {"."}, set(self.figures)
        for letter in sorted(drawn ^ named):
            where = (
                "`mosaic` and not in `figures`"
                if letter in drawn
                else "`figures` and not in `mosaic`"
            )
            raise ValueError(f"{letter} is in {where}")
        return self


def over(below: Mapping[str, Any], content: Any) -> Any:
    """The content of settings with a `style` that says what its own does not."""
    if not isinstance(content, Mapping) or not below:
        return content
    own = content.get("style", {})
    if isinstance(own, str):
        own = {"column": own}
    return {**content, "style": {**below, **own}} if isinstance(own, Mapping) else content


def with_style(content: Any, key: str) -> Any:
    """The content of settings whose style is that of all that stands under a key, too."""
    if not isinstance(content, Mapping) or not isinstance(content.get("style"), Mapping):
        return content
    below, style = content.get(key), content["style"]
    if isinstance(below, Mapping):
        return {**content, key: {name: over(style, each) for name, each in below.items()}}
    if isinstance(below, list | tuple):
        return {**content, key: [over(style, each) for each in below]}
    return content
