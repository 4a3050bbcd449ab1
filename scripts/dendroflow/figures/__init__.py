"""Declared figures, rendered so that the same inputs give the same bytes."""

from dendroflow.figures.data import FigureData, Label
from dendroflow.figures.render import render, render_all

__all__ = ["FigureData", "Label", "render", "render_all"]
