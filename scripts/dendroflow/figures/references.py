"""Errors against a reference: how far points are from the one that is simulated best."""

from dataclasses import replace

import pandas as pd

from dendroflow.errors import ConfigurationError
from dendroflow.figures.data import OK, FigureData, Label, is_null, numbers, shown
from dendroflow.settings.conditions import is_any
from dendroflow.settings.figures_of_columns import Line, Scatter


def against_reference(
    figure: Line | Scatter, data: FigureData, points: pd.DataFrame
) -> tuple[FigureData, pd.DataFrame]:
    """Replace y by its relative error |y / y of the reference - 1|.

    The reference of a point has the values that `figure.reference` gives, and those of the point
    in all other swept columns. It is looked for among all points of the experiment, and is itself
    left out. The error is null where either value is.

    Raises
    ------
    ConfigurationError
        If a point has no reference.
    """
    wanted = ", ".join(f"{c} = {shown(v)}" for c, v in figure.reference.items())
    best = data.points
    for column, value in figure.reference.items():
        best = best[[not is_null(found) and is_any(found, value) for found in best[column]]]
    if best.empty:
        raise ConfigurationError(f"figure {figure.name}: reference: no point has {wanted}")
    others = [column for column in data.swept if column not in figure.reference]
    judged = points[~points["point_id"].isin(best["point_id"])].reset_index(drop=True)
    # A column for the join where nothing but the reference is swept.
    best = best.assign(all=0, y=numbers(figure, best, figure.y).mask(best["status"] != OK))
    best = best.drop_duplicates(["all", *others])[["all", *others, "y"]]
    joined = judged[others].assign(all=0).merge(best, how="left", indicator=True)
    lost = joined["_merge"] != "both"
    if lost.any():
        missing = data.swept_values(judged.iloc[int(lost.argmax())])
        raise ConfigurationError(
            f"figure {figure.name}: no point is the reference of that with {missing}: sweep "
            f"{wanted} with the same other values"
        )
    error = (numbers(figure, judged, figure.y) / joined["y"] - 1).abs()
    label = Label(f"relative error of {data.labels[figure.y].text}", "")
    labels = {**data.labels, figure.y: label}
    return replace(data, labels=labels), judged.assign(**{figure.y: error})


def reference_note(figure: Line | Scatter, data: FigureData) -> str:
    """Say what errors are relative to."""
    values = ", ".join(
        f"{data.labels[c].text} {data.labels[c].number(v)} {data.labels[c].unit}".rstrip()
        for c, v in figure.reference.items()
    )
    return f"Errors are relative to the otherwise equal point with {values}."
