"""The picture of a morphology: projections, diameters, steps in z, and places of warnings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from dendroflow.figures.encoding import colour_map
from dendroflow.figures.page import GREY, INK, SMALL_SIZE, Page, Slot, house_style
from dendroflow.morphology.graph import PointGraph
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import RESULTS, CheckResult, NotMeasurableError
from dendroflow.settings.style import Style

HEIGHT = 125.0  # mm
MOST_MARKED = 5
# Okabe and Ito's colours, which colour-blind readers tell apart, and shapes besides.
MARKS = (("o", "#d55e00"), ("s", "#cc79a7"), ("^", "#56b4e9"), ("D", "#e69f00"), ("v", "#000000"))
DOMAINS = {3: ("basal", "#0072b2"), 4: ("apical", "#d55e00"), 2: ("axon", "#009e73")}
# The dots are for the page of the report; for print there is the PDF.
STYLE = Style(width=170, dpi=160)


def draw(cell: Reconstruction, results: Sequence[CheckResult], paths: Sequence[Path]) -> None:
    """Draw a cell and write the picture, each file in the format that its name says.

    Of the results, the worst that have lines are marked in the projections.
    """
    with house_style(STYLE):
        page = _page(cell, results)
        page.write(paths)


def _page(cell: Reconstruction, results: Sequence[CheckResult]) -> Page:
    failing, warning = (
        ", ".join(r.title for r in results if r.result == kind) or "none"
        for kind in ("fail", "warn")
    )
    notes = [f"Fails: {failing}.", f"Warns: {warning}."]
    page = Page(Slot(STYLE), f"Quality of {cell.name}", cell.address, notes, HEIGHT)
    try:
        points = cell.points
    except NotMeasurableError as error:
        page.say(str(error))
        return page
    spans = np.ptp(points.xyz, axis=0)
    tall = float(np.clip(spans[0] / max(spans[1], 1e-9), 0.45, 1.5))
    halves: Any = page.canvas.subfigures(1, 2, width_ratios=(tall, 1.0), wspace=0.02)
    left, right = halves
    view = left.subplots()
    depth, histogram, steps = right.subplots(3, 1, height_ratios=(1.2, 1, 1))
    _projections(left, (view, depth), points, results)
    _diameters(histogram, points)
    _steps(steps, points)
    return page


def _projections(
    canvas: Any, pair: tuple[Axes, Axes], points: PointGraph, results: Sequence[CheckResult]
) -> None:
    """The cell from above and from the side, coloured by diameter; below, what is marked."""
    ends = np.flatnonzero(points.neurite)
    diameters = np.maximum(2 * points.radii, 1e-3)
    shown = diameters[ends] if len(ends) else np.ones(1)
    low, high = float(shown.min()), float(shown.max())
    norm = LogNorm(low, max(high, 1.05 * low))
    marks = _marks(points, results)
    for axes, (across, up) in zip(pair, ((0, 1), (0, 2)), strict=True):
        here = points.xyz[:, (across, up)]
        lines = np.stack([here[points.parents[ends]], here[ends]], axis=1)
        coloured = LineCollection(
            list(lines),
            array=diameters[ends],
            norm=norm,
            cmap=colour_map(),
            linewidths=0.4 + 1.6 * diameters[ends] / high,
            capstyle="round",
            rasterized=True,
        )
        axes.add_collection(coloured)
        soma = here[points.somatic]
        if len(soma):
            axes.scatter(soma[:, 0].mean(), soma[:, 1].mean(), s=14, color=INK, zorder=3)
        for (label, where), (marker, colour) in zip(marks, MARKS, strict=False):
            axes.scatter(
                here[where, 0],
                here[where, 1],
                marker=marker,
                s=11 if len(where) < 100 else 4,
                facecolors="none",
                edgecolors=colour,
                linewidths=0.6,
                label=label,
                zorder=4,
                rasterized=len(where) > 200,
            )
        axes.set_aspect("equal", adjustable="datalim")
        axes.autoscale_view()
        axes.set_xlabel("x (µm)")
        axes.set_ylabel(f"{'xyz'[up]} (µm)")
    if marks:
        pair[0].legend(loc="upper left", frameon=True, framealpha=0.85)
    bar = canvas.colorbar(coloured, ax=pair[0], location="bottom", shrink=0.8, aspect=35)
    bar.set_label("diameter (µm)")
    bar.ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    bar.ax.xaxis.set_major_formatter(ScalarFormatter())
    bar.ax.xaxis.set_minor_formatter(NullFormatter())


def _marks(points: PointGraph, results: Sequence[CheckResult]) -> list[tuple[str, np.ndarray]]:
    """Label and points of the results that are marked, the worst first."""
    placed = [f for f in results if f.lines and f.result in ("fail", "warn")]
    placed.sort(key=lambda f: (-RESULTS.index(f.result), len(f.lines)))
    found = [(r.title, np.flatnonzero(np.isin(points.lines, r.lines))) for r in placed]
    marked = [(f"{check}: {len(where)}", where) for check, where in found if len(where)]
    return marked[:MOST_MARKED]


def _diameters(axes: Axes, points: PointGraph) -> None:
    """Length of each kind of neurite by diameter."""
    counted = points.neurite
    diameters = 2 * points.radii
    high = float(np.percentile(diameters[counted], 99.5)) if counted.any() else 1.0
    bins = np.linspace(0.0, max(high, 0.1) * 1.05, 41)
    for kind, (name, colour) in DOMAINS.items():
        chosen = counted & (points.types == kind)
        if chosen.any():
            lengths, _ = np.histogram(
                np.minimum(diameters[chosen], bins[-1]), bins, weights=points.steps[chosen] / 1000
            )
            axes.stairs(lengths, bins, color=colour, label=name, linewidth=0.9)
    axes.set_xlabel("diameter (µm)")
    axes.set_ylabel("length (mm)")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right")


def _steps(axes: Axes, points: PointGraph) -> None:
    """Each step in z against its length in the plane."""
    delta = points.deltas[points.inner & ~points.axonal]
    plane, up = np.hypot(delta[:, 0], delta[:, 1]), np.abs(delta[:, 2])
    axes.scatter(plane, up, s=1.5, color="#0072b2", alpha=0.35, linewidths=0, rasterized=True)
    reach = float(plane.max(initial=1.0))
    axes.plot([0, reach], [0, reach], color=GREY, lw=0.8, ls="--")
    axes.annotate("45°", (reach, reach), color=GREY, size=SMALL_SIZE, ha="right", va="bottom")
    axes.set_xlabel("dendritic steps in the xy plane (µm)")
    axes.set_ylabel("|step in z| (µm)")
