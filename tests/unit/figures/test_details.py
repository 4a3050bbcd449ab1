import math

import numpy as np
import pandas as pd
import pytest
from synthetic import EVERY_KIND, LABELS, data, failing, figure, points

from dendroflow.figures.axes import make_logarithmic
from dendroflow.figures.data import labels_of, select_points
from dendroflow.figures.encoding import hues_of, in_classes
from dendroflow.figures.page import Page, Slot, house_style
from dendroflow.figures.places import select_point
from dendroflow.figures.relation import _frame, draw, end_of_line
from dendroflow.figures.shape import Outlines
from dendroflow.figures.trace_phase import choose
from dendroflow.settings.style import Style


def line_of(y, failed=()):
    x = np.arange(len(y), dtype=float)
    marks = [i in failed for i in range(len(y))]
    return pd.DataFrame({"x": x, "y": y, "hue": "", "style": "", "failed": marks})


@pytest.mark.parametrize(
    ("y", "failed", "wanted"),
    [
        ([1, 2, None, None], (), 2.0),
        ([1, 2, 3], (), None),
        ([None, 2, 3], (), None),
        ([1, None, 3, None], (), 3.0),
        ([None, None], (), 0.0),
        ([1, None, None], (1,), 2.0),
        ([1, None, None], (1, 2), None),
    ],
)
def test_where_a_line_ends(y, failed, wanted):
    line = line_of([math.nan if v is None else float(v) for v in y], failed)
    assert end_of_line(line.sample(frac=1, random_state=1)) == wanted


def told_ends(declared, source):
    """What is told below the panels, once they are laid out beside it."""
    with house_style(Style()):
        page = draw(declared, source, select_points(declared, source), Slot())
        page.lay_out()
        _, told = page.canvas.legends
        assert told.get_window_extent().y1 < page.canvas.axes[0].get_tightbbox().y0
    return [text.get_text() for text in told.get_texts()]


def test_ends_are_told_for_each_hue_below_the_panels():
    declared, source = figure(**EVERY_KIND[0]), data(failing(points(), 3))
    assert told_ends(declared, source) == [
        "no spike from 14 °C (0.1 S/cm²)",
        "no spike from 18 °C (0.12 S/cm²)",
        "no spike from 22 °C (0.14 S/cm²)",
    ]


def test_ends_of_too_many_lines_are_counted():
    table = points()
    many = [table.assign(method=f"{i:02}", point_id=table["point_id"] + f"{i}") for i in range(6)]
    told = told_ends(figure(**EVERY_KIND[0] | {"col": "method"}), data(pd.concat(many)))
    assert told == [
        "no spike from 14 °C (0.1 S/cm², 00)",
        "16 more lines end in between",
        "no spike from 22 °C (0.14 S/cm², 05)",
    ]


def test_failed_points_have_a_cross_at_their_x():
    declared = figure(**EVERY_KIND[0])
    source = data(failing(points(), 3))
    with house_style(Style()):
        page = draw(declared, source, select_points(declared, source), Slot())
    (crosses,) = [line for line in page.canvas.axes[0].lines if line.get_marker() == "x"]
    assert list(crosses.get_xdata()) == [0.0, 2.0, 4.0]


def test_axis_covers_points_without_a_value():
    declared = figure(**EVERY_KIND[0])
    with house_style(Style()):
        page = draw(declared, data(), select_points(declared, data()), Slot())
    low, high = page.canvas.axes[0].get_xlim()
    assert low < 0 and high > 30


def test_text_along_x_keeps_its_order():
    declared = figure(kind="scatter", x="method", y="duration")
    chosen = select_points(declared, data())
    assert set(_frame(declared, chosen)["x"]) == {0.0, 1.0}
    with house_style(Style()):
        page = draw(declared, data(), chosen, Slot())
    ticks = page.canvas.axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["adaptive", "fixed"]


@pytest.mark.parametrize(
    ("values", "bar", "names"),
    [
        ([0.1, 0.12, None], False, ["0.1", "0.12", "no value"]),
        (["b", "a"], False, ["a", "b"]),
        ([True, False], False, ["False", "True"]),
        (list(range(20)), True, [str(i) for i in range(20)]),
    ],
)
def test_hues_list_few_values_and_have_a_bar_for_many(values, bar, names):
    hues = hues_of(pd.DataFrame({"gnabar": values}), "gnabar", LABELS)
    assert list(hues.colours) == names
    assert (hues.bar is not None) == bar
    assert len(set(hues.colours.values())) == len(names)


def test_traces_are_spread_over_hues():
    table = pd.DataFrame({"g": [1] * 10 + [2] * 50 + [3] * 2, "i": range(62), "status": "ok"})
    chosen, notes = choose(table, "g", 6)
    assert notes == ["6 of 62 points are shown."]
    assert chosen["g"].value_counts().to_dict() == {1: 2, 2: 2, 3: 2}
    assert chosen["i"].tolist() == [0, 9, 10, 59, 60, 61]
    many, _ = choose(pd.DataFrame({"g": range(100), "status": "ok"}), "g", 12)
    assert len(many) == 12 and {0, 99} <= set(many["g"])
    assert len(choose(table, None, 5)[0]) == 5


@pytest.mark.parametrize(
    ("select", "celsius", "gnabar"),
    [
        ({"maximum": "duration"}, 0.0, 0.14),
        ({"minimum": "duration"}, 20.0, 0.14),
        (None, 0.0, 0.1),
    ],
)
def test_shape_selects_one_point(select, celsius, gnabar):
    declared = figure(kind="shape", signal="v", at=1, select=select)
    point, (note,) = select_point(declared, data(), select_points(declared, data()))
    assert point[["celsius", "gnabar"]].values.tolist() == [[celsius, gnabar]]
    assert "one of 48" in note


@pytest.mark.parametrize(("length", "bar"), [(1200, 100), (700, 50), (300, 20), (9, 1)])
def test_scale_bar_is_round(length, bar):
    assert Outlines([np.array([[0, 0, 0, 1], [0, length, 0, 1.0]])]).scale_bar == bar


def test_ends_name_hue_and_style_once():
    keys = {"hue": "gnabar", "style": "gnabar", "ends": "to {x:g}"}
    assert told_ends(figure(**EVERY_KIND[0] | keys), data())[0] == "to 14 (0.1 S/cm²)"


def test_histogram_sorts_many_numbers_into_classes():
    few = pd.DataFrame({"gnabar": [1.0, 2.0, 3.0]})
    assert in_classes(few, "gnabar") is few
    many = in_classes(pd.DataFrame({"gnabar": [*np.linspace(0, 6, 13), np.nan]}), "gnabar")
    texts = many["gnabar"].tolist()
    assert texts[:4] == ["0 to 1", "0 to 1", "0 to 1", "1 to 2"]
    assert texts[-2] == "5 to 6" and pd.isna(texts[-1])
    names = list(hues_of(many, "gnabar", LABELS).colours)
    assert names == [*(f"{i} to {i + 1}" for i in range(6)), "no value"]


def test_colour_bar_and_lists_do_not_overlap():
    declared = figure(
        kind="scatter", x="celsius", y="duration", hue="celsius", style="method", col="gnabar"
    )
    source = data(failing(points(), 3))
    with house_style(Style()):
        page = draw(declared, source, select_points(declared, source), Slot())
        page.lay_out()
        boxes = [legend.get_window_extent() for legend in page.canvas.legends]
        boxes += [axes.get_tightbbox() for axes in page.canvas.axes]
    assert len(boxes) == 5
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert box.x1 <= page.sheet.bbox.x1


def test_columns_that_are_called_alike_are_told_apart():
    described = [
        {"name": name, "meaning": meaning, "unit": "S/cm²", "kind": kind}
        for name, meaning, kind in [
            ("a", "conductance", "swept"),
            ("b", "conductance", "swept"),
            ("c", "leak", "swept"),
            ("leak", "leak", "signal"),
        ]
    ]
    assert [str(label) for label in labels_of(described).values()] == [
        "conductance, a (S/cm²)",
        "conductance, b (S/cm²)",
        "leak (S/cm²)",
        "leak (S/cm²)",
    ]


@pytest.mark.parametrize(
    ("limits", "labelled"),
    [
        ((0.003, 0.03), ["0.005", "0.01", "0.02"]),
        ((2, 4), ["2", "3", "4"]),
        ((1, 1000), ["1", "10", "100", "1000"]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_few_plain_numbers(limits, labelled):
    with house_style(Style()):
        page = Page(Slot(Style(width=45)), "t", "", [], 43)
        (axes,) = page.panels()
        make_logarithmic(axes, "x")
        axes.set_xlim(*limits)
        page.lay_out()
        labels = [*axes.xaxis.get_majorticklabels(), *axes.xaxis.get_minorticklabels()]
    shown = {
        float(label.get_text()): label.get_text()
        for label in labels
        if label.get_text() and limits[0] <= label.get_position()[0] <= limits[1]
    }
    assert [shown[value] for value in sorted(shown)] == labelled
