import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from synthetic import EVERY_KIND, LABELS, data, failing, figure, points

from dendroflow.figures.data import Label, labels_of, select_points
from dendroflow.figures.distribution import _classes
from dendroflow.figures.encoding import hues_of
from dendroflow.figures.ends import end_of_line, find_ends, mark_ends
from dendroflow.figures.page import Page, add_room, house_style
from dendroflow.figures.relations import _frame, _scale, draw
from dendroflow.figures.shape import Scene, select_point
from dendroflow.figures.traces import spread


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


def test_ends_are_written_for_each_hue_without_overlap():
    declared = figure(**EVERY_KIND[0])
    source = data(failing(points(), 3))
    with house_style():
        page = draw(declared, source, select_points(declared, source))
        page.canvas.draw_without_rendering()
        axes = page.canvas.axes[0]
        ends = [text for text in axes.texts if text.get_gid() == "end"]
        boxes = [text.get_window_extent() for text in ends]
    assert sorted(text.get_text() for text in ends) == [
        "no spike from 14 °C (0.1 S/cm²)",
        "no spike from 18 °C (0.12 S/cm²)",
        "no spike from 22 °C (0.14 S/cm²)",
    ]
    for i, box in enumerate(boxes):
        assert axes.bbox.x0 - 1 <= box.x0 and box.x1 <= axes.bbox.x1 + 1
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    highest = max(np.nanmax(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) > 3)
    assert min(box.y0 for box in boxes) > axes.transData.transform((0, highest))[1]


def test_ends_of_too_many_lines_are_counted():
    found = [(float(i), f"none from {i}", "#000000") for i in range(30)]
    with house_style():
        page = Page("t", "", [], (6, 4))
        axes = page.canvas.subplots()
        axes.set_xlim(0, 30)
        mark_ends(page, [axes], [found])
    written = [text.get_text() for text in axes.texts]
    assert written == ["none from 0", "28 more lines end in between", "none from 29"]


def test_failed_points_have_a_cross_at_their_x():
    declared = figure(**EVERY_KIND[0])
    source = data(failing(points(), 3))
    with house_style():
        page = draw(declared, source, select_points(declared, source))
    (rug,) = [line for line in page.canvas.axes[0].lines if line.get_label() == "failed"]
    assert rug.get_marker() == "x"
    assert list(rug.get_xdata()) == [0.0, 2.0, 4.0]


def test_axis_covers_points_without_a_value():
    declared = figure(**EVERY_KIND[0])
    with house_style():
        page = draw(declared, data(), select_points(declared, data()))
    low, high = page.canvas.axes[0].get_xlim()
    assert low < 0 and high > 30


def test_text_along_x_keeps_its_order():
    declared = figure(kind="scatter", x="method", y="duration")
    frame, ticks = _frame(declared, select_points(declared, data()))
    assert ticks == ["adaptive", "fixed"]
    assert set(frame["x"]) == {0.0, 1.0}


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_room_is_a_share_of_the_axis(scale):
    axes = Page("t", "", [], (6, 4)).canvas.subplots()
    axes.set_yscale(scale)
    axes.set_ylim(1, 100)
    add_room(axes, below=0.1, above=0.3)
    pixels = axes.transData.transform([(0.5, 1), (0.5, 100)])[:, 1]
    shares = (pixels - axes.bbox.y0) / axes.bbox.height
    assert shares == pytest.approx([0.1, 0.7])


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
    hues = hues_of(pd.Series(values), LABELS["gnabar"])
    assert list(hues.colours) == names
    assert (hues.bar is not None) == bar
    assert len(set(hues.colours.values())) == len(names)


def test_traces_are_spread_over_hues():
    table = pd.DataFrame({"g": [1] * 10 + [2] * 50 + [3] * 2, "i": range(62)})
    chosen = spread(table, "g", 6)
    assert chosen["g"].value_counts().to_dict() == {1: 2, 2: 2, 3: 2}
    assert chosen["i"].tolist() == [0, 9, 10, 59, 60, 61]
    many = spread(pd.DataFrame({"g": range(100)}), "g", 12)
    assert len(many) == 12 and {0, 99} <= set(many["g"])
    assert len(spread(table, None, 5)) == 5


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
    point = select_point(declared, select_points(declared, data()))
    assert (point["celsius"], point["gnabar"]) == (celsius, gnabar)


@pytest.mark.parametrize(("length", "bar"), [(1200, 100), (700, 50), (300, 20), (9, 1)])
def test_scale_bar_is_round(length, bar):
    outline = np.array([[0, 0, 0, 1], [0, length, 0, 1.0]])
    scene = Scene("t", "", (), Label("v", "mV"), ("a",), (outline,), np.array([1.0]))
    assert scene.scale_bar == bar
    assert scene.range == (0.5, 1.5)


def test_ends_name_hue_and_style_once():
    declared = figure(
        kind="line", x="celsius", y="duration", hue="gnabar", style="gnabar", ends="to {x:g}"
    )
    frame, _ = _frame(declared, select_points(declared, data()))
    hues = hues_of(data().points["gnabar"], LABELS["gnabar"])
    assert find_ends(declared, data(), frame, hues)[0][:2] == (14.0, "to 14 (0.1 S/cm²)")


def test_histogram_sorts_many_numbers_into_classes():
    few = pd.Series([1.0, 2.0, 3.0])
    assert _classes(few) is few
    many = _classes(pd.Series([*np.linspace(0, 6, 13), np.nan]))
    assert many.tolist()[:3] == ["0 to 1", "0 to 1", "1 to 2"]
    assert many.tolist()[-2] == "5 to 6" and pd.isna(many.tolist()[-1])
    names = list(hues_of(many, LABELS["gnabar"]).colours)
    assert names == [*(f"{i} to {i + 1}" for i in range(6)), "no value"]


def test_colour_bar_and_lists_do_not_overlap():
    declared = figure(
        kind="scatter", x="celsius", y="duration", hue="celsius", style="method", col="gnabar"
    )
    source = data(failing(points(), 3))
    with house_style():
        page = draw(declared, source, select_points(declared, source))
        page.canvas.draw_without_rendering()
        last = page.canvas.axes[2]
        legends = [child for child in last.get_children() if hasattr(child, "legend_handles")]
        boxes = [legend.get_window_extent() for legend in legends]
        boxes += [bar.get_tightbbox() for bar in last.child_axes]
    assert len(boxes) == 3
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert box.x1 <= page.canvas.bbox.x1


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
    axes = Figure(figsize=(2.7, 2.6)).subplots()
    _scale(axes.xaxis, axes.set_xscale, logarithmic=True)
    axes.set_xlim(*limits)
    axes.figure.draw_without_rendering()
    labels = [*axes.xaxis.get_majorticklabels(), *axes.xaxis.get_minorticklabels()]
    shown = {
        float(label.get_text()): label.get_text()
        for label in labels
        if label.get_text() and limits[0] <= label.get_position()[0] <= limits[1]
    }
    assert [shown[value] for value in sorted(shown)] == labelled
