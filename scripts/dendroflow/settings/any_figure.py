"""What figures of every kind have in common: name, title, caption, points, style."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from pydantic import Field, model_validator

from dendroflow.settings.base import Settings
from dendroflow.settings.conditions import CONDITIONS, Column, Wanted
from dendroflow.settings.style import FileName, Style

# What a caption says of the keys by which points are told apart.
_TOLD_BY = {
    "hue": "coloured by",
    "marks": "styled by",
    "size": "sized by",
    "col": "a panel for each",
    "row": "a row of panels for each",
}


class OwnFigure(NamedTuple):
    """A figure that `optimise` or `analysis` draws by itself; its files have this name."""

    name: str
    title: str
    caption: str


class AnyFigure(Settings):
    """What figures of every kind have in common.

    `where` keeps the points whose column has the given value, one of the given values, or a value
    within limits.
    """

    columns_of: ClassVar[tuple[str, ...]] = ()
    # Keys of columns that must hold numbers.
    numbers_of: ClassVar[tuple[str, ...]] = ()
    signals_of: ClassVar[tuple[str, ...]] = ()
    # Whether it is also a page to open in a browser.
    paged: ClassVar[bool] = False
    # The title, unless it is given; {x} stands for what the key `x` says.
    shows: ClassVar[str] = ""
    # What the caption says besides, unless it is given.
    more: ClassVar[str] = ""

    name: FileName = Field("", description="file name; derived from the other keys if left out")
    title: str | None = Field(None, min_length=1, description="heads the figure")
    caption: str = Field("", description="a sentence or two beside the figure in the report")
    where: Mapping[Column, Wanted] = Field(
        default_factory=dict,
        description="selects points by column: a value, a list of values, or a mapping with any of "
        f"{', '.join(CONDITIONS)}",
    )
    style: Style = Field(Style(), description="how it looks on the page")

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, data: Any) -> Any:
        """Fill in the name that was left out."""
        if not isinstance(data, Mapping):
            return data
        words = cls._words(data)
        keys = ("kind", *cls.signals_of, *cls.columns_of)
        name = data.get("name") or _slug("-".join(words[key] for key in keys if words[key]))
        return {**data, "name": name}

    def said(self, meanings: Mapping[str, str]) -> str:
        """The caption; where none is given, one in the words for columns and signals."""
        if self.caption:
            return self.caption
        words = self._words(self.model_dump(), lambda name: meanings.get(name, name))
        by = "".join(f", {told} {words[key]}" for key, told in _TOLD_BY.items() if words[key])
        text = f"{(self.shows + self.more).format_map(words)}{by}."
        return text[:1].upper() + text[1:]

    @classmethod
    def _words(cls, data: Mapping[str, Any], meant: Callable[[str], str] = str) -> dict[str, str]:
        """What the keys say; columns and signals as `meant` has them."""
        marks = data.get("style")
        marks = marks.get("column") if isinstance(marks, Mapping) else marks
        given = {**data, "marks": marks if isinstance(marks, str) else None}
        named = {*cls.columns_of, *cls.signals_of}
        return defaultdict(
            str,
            {
                key: ", ".join(map(meant if key in named else str, _several(value)))
                for key, value in given.items()
                if value
            },
        )


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else (value,)


def _slug(text: str) -> str:
    """`text` as a file name: lower case, underscores for all that is not a letter or a digit."""
    return re.sub(r"[^a-z0-9-]+", "_", text.lower()).strip("_-")[:120].strip("_-")
