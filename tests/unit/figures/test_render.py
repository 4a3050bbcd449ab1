import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic import (
    EVERY_KIND,
    LABELS,
    content_of,
    data,
    failing,
    figure,
    points,
    read_traces,
    shuffled,
    texts,
)

from dendroflow.errors import ConfigurationError, StoreError
from dendroflow.figures import Label, distribution, render, render_all
from dendroflow.figures.data import select_points
from dendroflow.figures.page import Page, Slot, house_style
from dendroflow.settings.figures import output_names
from dendroflow.settings.style import Style

# A layout that does not fit is a warning of matplotlib.
pytestmark = pytest.mark.filterwarnings("error:constrained_layout:UserWarning")

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[2] / "scripts"


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    figures = [figure(**keys) for keys in EVERY_KIND]
    paths = render_all(figures, data(failing(points(), 3)), folder)
    return folder, figures, paths


def test_every_kind_writes_what_it_announces(rendered):
    folder, figures, paths = rendered
    wanted = {name for each in figures for name in output_names(each)}
    assert {path.name for path in paths} == wanted == {path.name for path in folder.iterdir()}
    heads = {".svg": b"<?xml", ".pdf": b"%PDF", ".png": b"\x89PNG", ".html": b"<!DOCTYPE html>"}
    for path in paths:
        assert path.read_bytes().startswith(heads[path.suffix])


@pytest.mark.slow
def test_same_inputs_give_the_same_bytes(rendered, tmp_path):
    folder, _, _ = rendered
    for seed in (1, 2):
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, (SCRIPTS, HERE))),
            "PYTHONHASHSEED": "0",
            "TZ": "UTC" if seed == 1 else "Asia/Tokyo",
        }
        subprocess.run(
            [sys.executable, str(HERE / "synthetic.py"), str(tmp_path / str(seed)), str(seed)],
            check=True,
            timeout=300,
            env=environment,
        )
    assert hashes(tmp_path / "1") == hashes(tmp_path / "2") == hashes(folder)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("line", ["temperature (°C)", "AP duration (ms)", "(S/cm²)", "A made-up experiment"]),
        ("facets", ["sodium conductance = 0.12 S/cm²", "temperature (°C)"]),
        ("scatter", ["temperature (°C)", "AP duration (ms)", "method", "adaptive"]),
        ("heatmap", ["temperature (°C)", "AP duration (ms)", "no value", "failed"]),
        ("histogram", ["AP duration (ms)", "number of points", "method"]),
        ("trace", ["time (ms)", "soma potential (mV)", "calcium (µM)", "(S/cm²)"]),
        ("movie", ["membrane potential (mV)", "4.05 ms", "9 ms", "20 µm", "temperature = 0 °C"]),
        ("field", ["potassium (mM)", "x (µm)", "y (µm)", "The plane z = 5 µm."]),
        ("shape", ["membrane potential (mV)", "20 µm", "temperature = 0 °C"]),
        ("phase", ["calcium (µM)", "soma potential (mV)", "(S/cm²)"]),
        ("kymograph", ["distance (µm)", "membrane potential (mV)", "temperature = 0 °C"]),
        ("table", ["sodium conductance", "(S/cm²)", "adaptive", "–", "failed"]),
        (
            "box",
            [
                "sodium conductance (S/cm²)",
                "AP duration (ms)",
                "0.14",
                "Points at each place: n = ",
            ],
        ),
        ("violin", ["method = fixed", "AP duration (ms)"]),
        ("strip", ["sodium conductance (S/cm²)", "AP duration (ms)"]),
        ("bar", ["AP duration, mean over points (ms)", "95 % interval of it, bootstrapped"]),
        ("ecdf", ["AP duration (ms)", "share of points", "sodium conductance"]),
        ("contour", ["temperature (°C)", "sodium conductance (S/cm²)", "AP duration (ms)"]),
        ("pair", ["temperature (°C)", "AP duration (ms)", "r = -0.9"]),
    ],
)
def test_labels_carry_units(rendered, name, wanted):
    found = texts(rendered[0] / f"{name}.svg").replace("\n", " ")
    assert [text for text in wanted if text not in found] == []


def test_failed_points_are_marked(rendered, tmp_path):
    folder, _, _ = rendered
    assert "failed (3 points)" in texts(folder / "line.svg")
    assert "failed (3 points)" in texts(folder / "scatter.svg")
    for each in ("line", "facets", "scatter", "heatmap", "histogram", "trace", "phase", "table"):
        assert "3 of 48 points did not succeed: 3 failed." in texts(folder / f"{each}.svg")
    render(figure(**EVERY_KIND[0]), data(), tmp_path)
    assert "failed" not in texts(tmp_path / "line.svg")


def test_a_line_has_a_gap_where_a_point_failed():
    from dendroflow.figures.relation import draw

    table = points()
    lost = (table["gnabar"] == 0.14) & (table["celsius"] == 4)
    table.loc[lost, ["duration", "status"]] = [np.nan, "failed"]
    declared = figure(kind="line", x="celsius", y="duration", where={"gnabar": 0.14})
    with house_style(Style()):
        page = draw(declared, data(table), select_points(declared, data(table)), Slot())
    first, second = page.canvas.axes[0].lines[:2]
    assert list(first.get_xdata()) == [0.0, 2.0]
    assert list(second.get_xdata())[:2] == [6.0, 8.0]


def test_points_at_one_place_are_a_mean_with_a_band(tmp_path):
    render(figure(kind="line", name="mean", x="celsius", y="duration"), data(), tmp_path)
    assert "Line: mean of the points at the same place (n = 1 to 3); band: their range." in texts(
        tmp_path / "mean.svg"
    )


@pytest.mark.parametrize("errorbar", ["range", "sd", "se", "pi", "none"])
def test_the_band_of_a_mean_is_what_is_asked_for(errorbar):
    from dendroflow.figures.relation import draw

    declared = figure(kind="line", x="celsius", y="duration", errorbar=errorbar)
    with house_style(Style()):
        page = draw(declared, data(), select_points(declared, data()), Slot())
    groups = data().points.groupby("celsius")["duration"]
    spread = {"sd": groups.std(), "se": groups.sem()}.get(errorbar)
    high = {"range": groups.max(), "pi": groups.quantile(0.975)}.get(errorbar)
    if spread is not None:
        high = groups.mean() + spread.fillna(0)
    bands = page.canvas.axes[0].collections
    assert len(bands) == (errorbar != "none")
    for band in bands:
        assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(high.max())


def test_a_mean_says_over_what_and_all_values_are_counted_where_asked(tmp_path):
    labels = LABELS | {"duration": Label("AP duration", "ms", "of each point")}
    source = replace(data(), labels=labels)
    for declared in (
        figure(kind="line", name="line", x="celsius", y="spike_count"),
        figure(kind="heatmap", name="heatmap", x="celsius", y="method", value="duration"),
        figure(kind="scatter", name="scatter", x="celsius", y="duration"),
        figure(kind="histogram", name="all", x="duration", all_values=True),
    ):
        render(declared, source, tmp_path)
    for name, wanted in (
        ("line", "spike count, mean over points"),
        ("heatmap", "AP duration, mean over points (ms)"),
        ("scatter", "AP duration, mean of each point (ms)"),
    ):
        assert wanted in texts(tmp_path / f"{name}.svg").replace("\n", " ")
    found = texts(tmp_path / "all.svg")
    assert "number of values" in found and "mean" not in found
    with house_style(Style()):
        page = distribution.draw(declared, source, select_points(declared, source), Slot())
    heights = [bar.get_height() for bar in page.canvas.axes[0].patches]
    assert sum(heights) == 2 * points()["duration"].notna().sum()


@pytest.mark.parametrize("kind", range(len(EVERY_KIND)))
def test_without_success_a_figure_says_so(kind, tmp_path):
    declared = figure(**EVERY_KIND[kind] | {"style": {"formats": ["svg"]}})
    table = points().assign(duration=np.nan, status="timeout", error="took longer than 5 s")
    paths = render(declared, data(table), tmp_path)
    assert [path.name for path in paths] == list(output_names(declared))
    found = texts(tmp_path / f"{declared.name}.svg")
    assert "No point of this figure succeeded." in found
    assert "48 of 48 points did not succeed: 48 timeout." in found
    assert "took longer than 5 s" in found
    if declared.paged:
        page = (tmp_path / f"{declared.name}.html").read_text(encoding="utf-8")
        assert "No point of this figure succeeded." in page


@pytest.mark.parametrize("kind", [0, 2, 3, 4, *range(12, 19)])
def test_a_feature_that_exists_nowhere_is_no_error(kind, tmp_path):
    declared = figure(**EVERY_KIND[kind])
    render(declared, data(points().assign(duration=None)), tmp_path)
    assert re.search("None of|exists at none of", texts(tmp_path / f"{declared.name}.svg"))


def test_where_selects_by_value(tmp_path):
    declared = figure(kind="histogram", x="duration", where={"gnabar": 0.12, "celsius": [0, 2.0]})
    selected = select_points(declared, data())
    assert selected[["gnabar", "celsius"]].values.tolist() == [[0.12, 0.0], [0.12, 2.0]]


def test_where_on_a_feature_keeps_failed_points():
    declared = figure(kind="line", x="celsius", y="duration", where={"spike_count": 1})
    selected = select_points(declared, data(failing(points(), 3)))
    assert (selected["status"] == "failed").sum() == 3
    assert set(selected["spike_count"].dropna()) == {1.0}


def test_where_that_selects_nothing_is_said(tmp_path):
    declared = figure(kind="line", name="n", x="celsius", y="duration", where={"gnabar": 0.5})
    render(declared, data(), tmp_path)
    assert "`where` selects no point" in texts(tmp_path / "n.svg")


def test_order_of_points_does_not_matter():
    declared = figure(kind="line", x="celsius", y="duration")
    one, two = (select_points(declared, shuffled(data(), seed)) for seed in (3, 4))
    pd.testing.assert_frame_equal(one, two)
    assert one["celsius"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "phase", "x": "cai", "y": "v"}, "v is recorded in many places"),
        ({"kind": "movie", "signal": "v", "times": [99]}, "lies outside"),
        ({"kind": "movie", "signal": "v", "window": [50, 60]}, "0 samples"),
        ({"kind": "line", "x": "celsius", "y": "method"}, "does not hold numbers"),
        ({"kind": "line", "x": "method", "y": "duration", "ends": "{x:g}"}, "needs numbers"),
        ({"kind": "trace", "signal": "v"}, "many places"),
        ({"kind": "trace", "signal": "soma_v", "window": [50, 60]}, "outside of what was recorded"),
        ({"kind": "shape", "signal": "v", "at": 99}, "outside of what was recorded"),
        ({"kind": "shape", "signal": "v", "at": {"peak": "v"}}, "recorded in one place"),
        ({"kind": "scatter", "x": "celsius", "y": "duration", "style": "celsius"}, "told apart"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(keys, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message) as error:
        render(figure(name="wrong", **keys), data(), tmp_path)
    assert "\n" not in str(error.value)
    assert "wrong" in str(error.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "shape", "signal": "soma_v", "at": 3}, "no outline of the cell"),
        ({"kind": "kymograph", "signal": "soma_v"}, "no outline of the cell"),
        ({"kind": "movie", "signal": "k"}, "kind: field"),
        ({"kind": "shape", "signal": "k", "at": 1}, "kind: field"),
        ({"kind": "field", "signal": "v"}, "kind: shape"),
        ({"kind": "field", "signal": "soma_v"}, "record_field"),
    ],
)
def test_what_was_recorded_elsewhere_is_named(keys, message, tmp_path):
    with pytest.raises(StoreError, match=message):
        render(figure(**keys), data(), tmp_path)


def test_missing_traces_are_named(tmp_path):
    empty = data().__class__(
        **{**vars(data()), "read_traces": lambda _, names: read_traces([], [])}
    )
    with pytest.raises(StoreError, match="no trace of soma_v"):
        render(figure(kind="trace", signal="soma_v"), empty, tmp_path)


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    from dendroflow.figures.page import Canvas

    def broken(self, path, **_):
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Canvas, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        render(figure(**EVERY_KIND[0]), data(), tmp_path)
    assert not (tmp_path / "line.svg").exists()


def test_shape_page_shows_values_at_the_asked_time(rendered):
    content = content_of(rendered[0] / "shape.html")
    # The soma rises most steeply at 5 - 1/sqrt(2) ms, between two samples; 0.5 ms are added.
    steps = np.diff(-65 + 100 * np.exp(-((np.arange(0, 20, 0.1) - 5) ** 2)))
    time = 0.1 * np.argmax(steps) + 0.05 + 0.5
    samples = np.arange(0, 20, 0.1)
    assert sorted(content["names"]) == [f"dend[{place}](0.5)" for place in range(10)]
    for name, found in zip(content["names"], content["values"][0], strict=True):
        place = int(name[5])
        values = -65 + (100 - 5 * place) * np.exp(-((samples - 5 - 0.3 * place) ** 2))
        assert found == pytest.approx(np.interp(time, samples, values), abs=0.01)
    assert (len(content["times"]), content["unit"]) == (1, "mV")
    assert abs(time - (5 - 1 / np.sqrt(2) + 0.5)) < 0.1
    assert content["label"] == "membrane potential (mV)"


def test_a_reason_stands_in_the_middle_of_its_page(tmp_path):
    with house_style(Style()):
        page = Page(Slot(), "Title", "", ["A note."], 60)
        page.say("None of the points has both values.")
        page.save(tmp_path, "reason")
        box = page.canvas.axes[0].texts[0].get_window_extent()
    middle = (box.x0 + box.x1) / 2 / page.sheet.bbox.width
    assert middle == pytest.approx(0.5, abs=0.06)
