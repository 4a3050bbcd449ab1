"""Where lines end because y no longer exists, written into the figure."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import FigureData, is_numeric
from dendroflow.figures.encoding import Hues
from dendroflow.figures.page import Page, add_room
from dendroflow.settings.figures import Line

FONT_SIZES = (9.0, 8.0, 7.0, 6.0)
ROW = 13.0
GAP = 4.0
MOST_ROWS = 12
MOST_ROOM = 0.45

End = tuple[float, str, str]


def end_of_line(line: pd.DataFrame) -> float | None:
    """Find the first x from which y exists no more, although points succeeded there.

    Parameters
    ----------
    line
        columns x, y (NaN where it does not exist), failed.
    """
    alive = line[~line["failed"]].dropna(subset="x")
    exists = alive.groupby("x", sort=True)["y"].count() > 0
    last = exists[exists].index.max() if exists.any() else float("-inf")
    after = exists.index[exists.index > last]
    return float(after[0]) if len(after) else None


def find_ends(figure: Line, data: FigureData, part: pd.DataFrame, hues: Hues) -> list[End]:
    """Find x, text and colour of each line of one panel that ends, by x.

    Parameters
    ----------
    part
        the points of the panel: columns x, y, hue, style, failed.

    Raises
    ------
    ConfigurationError
        If x holds no numbers.
    """
    if not is_numeric(data.points[figure.x]):
        raise ConfigurationError(
            f"figure {figure.name}: `ends` needs numbers along x, which {figure.x} does not hold"
        )
    found = []
    for (hue, style), line in part.groupby(["hue", "style"]):
        x = end_of_line(line)
        if x is None:
            continue
        columns = {figure.hue: hue, figure.style: style}
        values = [f"{t} {data.labels[c].unit}".rstrip() for c, t in columns.items() if c]
        text = (figure.ends or "").format(x=x) + (f" ({', '.join(values)})" if values else "")
        found.append((x, text, hues.colours[str(hue)]))
    return sorted(found)


def mark_ends(page: Page, panels: Sequence[Axes], ends: Sequence[list[End]]) -> None:
    """Write the ends of lines into their panels, one above the other, with a rule at each x.

    The axes are made higher by the space for the texts, so that these hide nothing.
    """
    if not any(ends):
        return
    page.canvas.draw_without_rendering()
    height = panels[0].bbox.height * 72 / page.canvas.dpi
    rows = min(MOST_ROWS, int(MOST_ROOM * height / ROW))
    ends = [_shortened(found, rows) for found in ends]
    add_room(panels[0], above=(max(map(len, ends)) * ROW + GAP) / height)
    for axes, found in zip(panels, ends, strict=True):
        if found:
            _write(axes, found, ROW / height)


def _shortened(found: list[End], rows: int) -> list[End]:
    """The first and the last end with a count of the others, where they are too many."""
    if len(found) <= rows:
        return found
    between = found[len(found) // 2]
    count = f"{len(found) - 2} more lines end in between"
    return [found[0], (between[0], count, between[2]), found[-1]]


def _write(axes: Axes, found: list[End], row: float) -> None:
    size, widths = _fitting(axes, [text for _, text, _ in found])
    transform = axes.get_xaxis_transform()
    places = [float(transform.transform((x, 0))[0]) for x, _, _ in found]
    unit = axes.figure.dpi / 72
    room = [axes.bbox.x1 - place for place in places]
    leftwards = any(w + GAP * unit > r for w, r in zip(widths, room, strict=True))
    for index, (x, text, colour) in enumerate(found):
        # The line that ends farthest in the direction away from the texts gets the top row;
        # so no rule crosses a text.
        rank = len(found) - 1 - index if leftwards else index
        y = 1 - (rank + 0.5) * row
        axes.plot([x, x], [0, y], color=colour, lw=1, ls=":", transform=transform, zorder=1)
        overhang = widths[index] + GAP * unit - (places[index] - axes.bbox.x0)
        offset = -GAP + max(overhang, 0) / unit if leftwards else GAP
        axes.annotate(
            text,
            (x, y),
            xycoords=transform,
            xytext=(offset, 0),
            textcoords="offset points",
            ha="right" if leftwards else "left",
            va="center",
            size=size,
            gid="end",
            parse_math=False,
        )


def _fitting(axes: Axes, texts: Sequence[str]) -> tuple[float, list[float]]:
    """The largest font at which all texts fit into the axes, and their widths in pixels."""
    widths: list[float] = []
    for size in FONT_SIZES:
        widths = []
        for text in texts:
            artist = axes.text(0, 0, text, size=size, parse_math=False)
            widths.append(artist.get_window_extent().width)
            artist.remove()
        if max(widths) <= 0.98 * axes.bbox.width:
            break
    return size, widths
