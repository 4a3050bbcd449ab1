"""What stands for points that share a place, and how far they spread."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from dendroflow.figures.data import Label

# What a note says of an error bar.
SPREADS = {
    "range": "their range",
    "sd": "one SD to both sides",
    "se": "one SEM to both sides",
    "ci": "95 % interval of it, bootstrapped",
    "pi": "95 % of them",
}


def seaborn_errorbar(errorbar: str) -> Any:
    """The error bar as seaborn takes it."""
    return {
        "range": lambda values: (values.min(), values.max()),
        "ci": ("ci", 95),
        "pi": ("pi", 95),
        "none": None,
    }.get(errorbar, errorbar)


def is_mean(frame: pd.DataFrame, place: Sequence[str]) -> bool:
    """Whether several points share a place."""
    return bool(frame.dropna(subset=["x", "y"])[list(place)].duplicated().any())


def mean_note(
    what: str, estimator: str, errorbar: str, alive: pd.DataFrame, place: Sequence[str]
) -> str:
    """Say of how many points a line or a bar is the mean, and what its error bar is."""
    band = {"Line": "band", "Bar": "error bar"}[what]
    spread = f"; {band}: {SPREADS[errorbar]}" if errorbar != "none" else ""
    word = {"min": "least", "max": "largest"}.get(estimator, estimator)
    return f"{what}: {word} of the points at the same place ({sizes_at(alive, place)}){spread}."


def sizes_at(alive: pd.DataFrame, place: Sequence[str]) -> str:
    """How many points share a place, such as "n = 4 to 11"."""
    sizes = alive.dropna(subset=["x", "y"]).groupby(list(place), observed=True).size()
    least, most = sizes.min(), sizes.max()
    return f"n = {most}" if least == most else f"n = {least} to {most}"


def named(label: Label, estimator: str) -> Label:
    """The label of an axis that shows an estimate over points."""
    if estimator == "mean":
        return replace(label, mean="over points")
    word = {"min": "least", "max": "largest"}.get(estimator, estimator)
    return replace(label, text=f"{label.text}, {word} over points", mean="")
