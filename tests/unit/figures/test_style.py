"""What a figure looks like on the page: sizes, fonts, palettes, units, and several on one page."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import LogNorm
from PIL import Image
from pydantic import TypeAdapter, ValidationError
from synthetic import EVERY_KIND, KEYS, data, failing, figure, points, texts

from dendroflow.errors import ConfigurationError
from dendroflow.figures import Label, page, render
from dendroflow.figures.compose import compose
from dendroflow.figures.data import select_points
from dendroflow.figures.encoding import norm_of
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.style import Composition, over

pytestmark = pytest.mark.filterwarnings("error:constrained_layout:UserWarning")
NARROW = {"width": 85, "title": False, "footnote": False, "formats": ["svg", "png"]}


def millimetres(svg: Path) -> tuple[float, float]:
    root = ElementTree.parse(svg).getroot()
    width, height = (float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
    return width / 72 * 25.4, height / 72 * 25.4


@pytest.mark.parametrize("keys", EVERY_KIND, ids=lambda keys: keys["name"])
def test_every_kind_is_as_wide_as_asked_for_with_letters_that_are_read_in_print(tmp_path, keys):
    own: dict = {"formats": ["svg"]}
    if isinstance(keys.get("style"), str):
        own["column"] = keys["style"]
    render(figure(**keys | {"style": NARROW | own}), data(failing(points(), 3)), tmp_path)
    svg = tmp_path / f"{keys['name']}.svg"
    assert millimetres(svg)[0] == pytest.approx(85)
    sizes = re.findall(r"font-size: ([0-9.]+)px", svg.read_text(encoding="utf-8"))
    assert sizes and all(5 <= float(size) <= 9 for size in sizes)
    assert "A made-up experiment" not in texts(svg)
    assert "did not succeed" not in texts(svg)


def test_notes_that_are_left_out_stand_in_the_metadata(tmp_path):
    render(figure(**KEYS["line"] | {"style": NARROW}), data(failing(points(), 3)), tmp_path)
    said = "3 of 48 points did not succeed: 3 failed."
    assert said in (tmp_path / "line.svg").read_text(encoding="utf-8")
    assert said in Image.open(tmp_path / "line.png").text["Description"]


def test_height_formats_and_dots_are_those_asked_for(tmp_path):
    style = {"width": 90, "height": 50, "dpi": 200, "formats": ["png", "svg"]}
    paths = render(figure(**KEYS["line"] | {"style": style}), data(), tmp_path)
    assert [path.name for path in paths] == ["line.png", "line.svg"]
    assert millimetres(tmp_path / "line.svg") == pytest.approx((90, 50))
    width, height = Image.open(tmp_path / "line.png").size
    assert (width, height) == pytest.approx((90 / 25.4 * 200, 50 / 25.4 * 200), abs=1)


def test_a_font_that_is_not_installed_is_told_once(tmp_path, caplog):
    page._installed.cache_clear()
    for name in ("one", "two"):
        declared = figure(**KEYS["line"] | {"name": name, "style": {"font": "No Such Font"}})
        render(declared, data(), tmp_path)
    told = [record.message for record in caplog.records if "No Such Font" in record.message]
    assert told == ["font No Such Font is not installed; DejaVu Sans is used"]


@pytest.mark.parametrize("palette", ["Set2", "rocket", ["#ff0000", "teal", "gold"]])
def test_a_palette_is_one_of_seaborn_or_a_list(tmp_path, palette):
    for keys in (KEYS["line"], KEYS["heatmap"], KEYS["histogram"]):
        render(figure(**keys | {"style": {"palette": palette}}), data(), tmp_path)
    assert (tmp_path / "line.svg").exists()


def test_a_palette_that_is_none_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="palette: nosuch: no palette of seaborn"):
        render(figure(**KEYS["line"] | {"style": {"palette": "nosuch"}}), data(), tmp_path)


@pytest.mark.parametrize(
    ("unit", "values", "decades", "wanted", "factor"),
    [
        ("mM", [1e-5, 7e-5], False, "nM", 1e6),
        ("mM", [0.0, 2e-3], False, "µM", 1e3),
        ("µS", [5e-4, 4e-3], True, "nS", 1e3),
        ("S/cm²", [0.1, 0.12], True, "S/cm²", 1),
        ("S/cm²", [1e-6, 1e-2], True, "µS/cm²", 1e6),
        ("ms", [0, 60_000], False, "s", 1e-3),
        ("s", [50_000], False, "s", 1),
        ("µm", [50_000], False, "µm", 1),
        ("cm²", [1e-6], False, "cm²", 1),
        ("mV", [-80, 1e-12, 40], False, "mV", 1),
        ("nA", [np.nan, np.inf], False, "nA", 1),
        ("", [1e-9], False, "", 1),
    ],
)
def test_units_have_prefixes_that_fit(unit, values, decades, wanted, factor):
    label = Label("x", unit).fitting(values, decades=decades)
    assert (label.unit, label.factor) == (wanted, pytest.approx(factor))


def test_values_are_drawn_in_the_unit_that_the_axis_names(tmp_path):
    source = data(points().assign(gnabar=lambda table: table["gnabar"] * 1e-6))
    declared = figure(
        kind="line", name="n", x="gnabar", y="duration", where={"gnabar": {"above": 1.1e-7}}
    )
    assert select_points(declared, source)["gnabar"].min() == 0.12e-6
    source = source.__class__(**vars(source) | {"swept": ("celsius", "gnabar")})
    render(declared, source, tmp_path)
    found = texts(tmp_path / "n.svg")
    assert "sodium conductance (nS/cm²)" in found
    assert "sodium conductance > 110 nS/cm²" in found


def test_colours_follow_values_over_decades():
    assert isinstance(norm_of([1, 10, 100, 1000]), LogNorm)
    assert not isinstance(norm_of([1, 5, 10, 15, 20]), LogNorm)
    assert not isinstance(norm_of([-1, 0, 5]), LogNorm)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"celsius": {"at_least": 2, "below": 6}}, {2.0, 4.0}),
        ({"celsius": {"above": 2, "at_most": 6}}, {4.0, 6.0}),
        ({"celsius": {"not": [0, 2]}, "gnabar": 0.1}, set(np.arange(4.0, 31, 2))),
        ({"duration": {"exists": False}, "gnabar": 0.1}, set(np.arange(14.0, 31, 2))),
        ({"duration": {"exists": True}, "gnabar": 0.1}, set(np.arange(0.0, 13, 2))),
        ({"method": {"not": "fixed"}, "celsius": {"below": 5}}, {0.0, 4.0}),
    ],
)
def test_where_takes_conditions(where, kept):
    declared = figure(kind="line", x="celsius", y="duration", where=where)
    assert set(select_points(declared, data())["celsius"]) == kept


def test_a_condition_that_says_nothing_is_refused():
    with pytest.raises(ValidationError, match="it may have at_least, above"):
        figure(kind="line", x="a", y="b", where={"a": {}})


@pytest.mark.parametrize("key", ["log_x", "levels"])
def test_a_heatmap_has_no_true_axes(key):
    keys = KEYS["heatmap"] | {key: [2.0] if key == "levels" else True}
    with pytest.raises(ValidationError, match=f"{key}: needs true axes, which `kind: contour` has"):
        figure(**keys)


def test_estimates_and_bars_are_those_of_pandas(tmp_path):
    from dendroflow.figures.page import Slot, house_style
    from dendroflow.figures.render import draw

    declared = figure(kind="bar", x="gnabar", y="duration", errorbar="sd", estimator="median")
    with house_style(declared.style):
        drawn = draw(declared, data(), Slot())
    groups = points().groupby("gnabar")["duration"]
    bars = drawn.canvas.axes[0].patches
    assert [bar.get_height() for bar in bars] == pytest.approx(groups.median().tolist())
    ends = [line.get_ydata() for line in drawn.canvas.axes[0].lines]
    assert [high - low for low, high in ends] == pytest.approx((2 * groups.std()).tolist())


def test_figures_take_the_style_of_their_experiment_where_they_have_none():
    figures = [
        KEYS["line"],
        KEYS["scatter"] | {"style": "method"},
        {**KEYS["box"], "style": {"dpi": 99}},
    ]
    content = {
        "title": "t",
        "model": "m",
        "simulation": {"duration": 1},
        "features": {"signal": "v", "statistics": ["maximum"]},
        "figures": figures,
    }
    experiment = TypeAdapter(Experiment).validate_python(
        over({"width": 180, "dpi": 400}, content | {"style": {"width": 85}})
    )
    line, scatter, box = experiment.figures
    assert (line.style.width, line.style.dpi) == (85, 400)
    assert (scatter.style.width, scatter.marks) == (85, "method")
    assert (box.style.width, box.style.dpi) == (85, 99)


MOSAIC = {
    "mosaic": ["AAB", "CDD"],
    "figures": {"A": "e.line", "B": "e.shape", "C": "e.violin", "D": "e.trace"},
    "style": {"width": 180, "height": 110},
}


def test_panels_have_the_colours_of_the_page_unless_they_have_their_own(tmp_path):
    style = MOSAIC["style"] | {"palette": ["#123456"], "formats": ["svg"]}
    page = Composition.model_validate(
        {"mosaic": ["AB"], "figures": {"A": "e.a", "B": "e.b"}, "style": style}
    )
    plain = {"kind": "histogram", "x": "duration"}
    drawn = {
        "A": (figure(**plain), data()),
        "B": (figure(**plain, style={"palette": ["#abcdef"]}), data()),
    }
    (path,) = compose(page, drawn).save(tmp_path, "page")
    found = path.read_text(encoding="utf-8")
    assert "#123456" in found and "#abcdef" in found


def test_several_figures_make_one_page(tmp_path):
    composed = Composition.model_validate(MOSAIC)
    drawn = {
        letter: (figure(**KEYS[name.removeprefix("e.")]), data(failing(points(), 3)))
        for letter, name in MOSAIC["figures"].items()
    }
    paths = [compose(composed, drawn).save(tmp_path / run, "figure_1") for run in "ab"]
    svg = tmp_path / "a/figure_1.svg"
    assert millimetres(svg) == pytest.approx((180, 110))
    found = texts(svg).splitlines()
    assert {"A", "B", "C", "D"} <= set(found)
    assert "A made-up experiment" not in found
    assert "A: 3 of 48 points did not succeed" in svg.read_text(encoding="utf-8")
    first, second = ([path.read_bytes() for path in run] for run in paths)
    assert first == second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mosaic": ["AAB", "CD"]}, "the rows have different lengths"),
        ({"mosaic": ["ABA", "CDD"]}, "A does not fill a rectangle"),
        ({"mosaic": ["AAB", "C.."]}, "D is in `figures` and not in `mosaic`"),
        ({"mosaic": ["AAE", "CDD"]}, "is in `"),
        ({"figures": {"A": "line"}}, "pattern"),
    ],
)
def test_a_mosaic_that_fits_no_page_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Composition.model_validate(MOSAIC | changes)


def test_a_pair_tells_the_correlation(tmp_path):
    render(figure(kind="pair", name="p", columns=["celsius", "duration"]), data(), tmp_path)
    alive = points().dropna(subset="duration")
    r = np.corrcoef(alive["celsius"], alive["duration"])[0, 1]
    assert f"r = {r:.2f}" in texts(tmp_path / "p.svg")


def test_strips_do_not_depend_on_what_was_drawn_before(tmp_path):
    found = []
    for run in "ab":
        np.random.seed(len(found))
        render(figure(**KEYS["strip"]), data(), tmp_path / run)
        found.append((tmp_path / run / "strip.svg").read_bytes())
    assert found[0] == found[1]


def test_a_group_of_too_many_values_is_refused(tmp_path):
    table = pd.concat([points().assign(gnabar=step) for step in np.linspace(0, 1, 50)])
    table["point_id"] = [f"{k}" for k in range(len(table))]
    with pytest.raises(ConfigurationError, match="has 50 values, and there are places for 40"):
        render(figure(kind="box", x="gnabar", y="duration"), data(table), tmp_path)
