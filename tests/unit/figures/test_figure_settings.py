import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from synthetic import figure

from dendroflow.settings.figures import check_names, columns, output_names, signals


def test_name_and_caption_are_derived():
    line = figure(kind="line", x="celsius", y="AP_duration", hue="gnabar")
    assert line.name == "line-ap_duration-celsius-gnabar"
    meanings = {"AP_duration": "AP duration", "celsius": "temperature"}
    assert line.said(meanings) == "AP duration against temperature, coloured by gnabar."
    trace = figure(kind="trace", signal=["soma_v", "cai"], hue="gnabar")
    assert trace.name == "trace-soma_v_cai-gnabar"
    assert trace.said({"cai": "calcium"}) == "Soma_v, calcium over time, coloured by gnabar."
    shape = figure(kind="shape", signal="v", at={"peak": "soma_v"})
    words = {"v": "membrane potential", "soma_v": "somatic potential"}
    assert (
        shape.said(words) == "Membrane potential along the cell at the peak of somatic potential."
    )


def test_given_name_and_caption_are_kept():
    line = figure(kind="line", x="a", y="b", name="mine", caption="Look.")
    assert (line.name, line.said({"a": "b"})) == ("mine", "Look.")


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"kind": "histogram", "x": "a"}, ("n.svg", "n.pdf", "n.png")),
        ({"kind": "shape", "signal": "v", "at": 3}, ("n.svg", "n.pdf", "n.png", "n.html")),
    ],
)
def test_output_names(keys, names):
    assert output_names(figure(name="n", **keys)) == names


@pytest.mark.parametrize(
    ("keys", "wanted_columns", "wanted_signals"),
    [
        (
            {"kind": "line", "x": "a", "y": "b", "hue": "c", "style": "d", "col": "e"},
            {"a", "b", "c", "d", "e", "w"},
            set(),
        ),
        ({"kind": "heatmap", "x": "a", "y": "b", "value": "c"}, {"a", "b", "c", "w"}, set()),
        ({"kind": "trace", "signal": "v"}, {"w"}, {"v"}),
        ({"kind": "phase", "x": "a", "y": "b", "hue": "c"}, {"c", "w"}, {"a", "b"}),
        ({"kind": "kymograph", "signal": "v"}, {"w"}, {"v"}),
        ({"kind": "table", "columns": ["a", "b"]}, {"a", "b", "w"}, set()),
        (
            {
                "kind": "shape",
                "signal": "v",
                "at": {"peak": "soma_v"},
                "select": {"minimum": "b"},
            },
            {"b", "w"},
            {"v", "soma_v"},
        ),
        ({"kind": "shape", "signal": "v", "at": 3}, {"w"}, {"v"}),
    ],
)
def test_used_columns_and_signals(keys, wanted_columns, wanted_signals):
    declared = figure(where={"w": 1}, **keys)
    assert columns(declared) == wanted_columns
    assert signals(declared) == wanted_signals


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "pie", "x": "a"}, "kind"),
        ({"kind": "line", "x": "a"}, "Field required"),
        ({"kind": "line", "x": "a", "y": "b", "colour": "c"}, "unknown key; did you mean 'col'"),
        ({"kind": "line", "x": "a", "y": "b", "name": "../up"}, "pattern"),
        ({"kind": "line", "x": "a", "y": "b", "ends": "from {x:d}"}, "does not format"),
        ({"kind": "line", "x": "a", "y": "b", "where": {"a": []}}, "is empty; name at least one"),
        ({"kind": "trace", "signal": "v", "window": [5, 5]}, "5 must lie below 5"),
        ({"kind": "phase", "x": "a", "y": "b", "window": [8, 2]}, "8 must lie below 2"),
        ({"kind": "movie", "signal": "v", "window": [5, 5]}, "5 must lie below 5"),
        ({"kind": "movie", "signal": "v", "window": [1, 5], "times": [6]}, "outside of `window`"),
        ({"kind": "movie", "signal": "v", "frames": 1}, "greater than or equal to 2"),
        ({"kind": "field", "signal": "k", "limits": [4, 2]}, "4 must lie below 2"),
        ({"kind": "trace", "signal": []}, "at least 1"),
        ({"kind": "shape", "signal": "v", "at": {"upstroke": "a", "peak": "b"}}, "exactly one of"),
        ({"kind": "shape", "signal": "v", "at": 1, "select": {}}, "exactly one of"),
    ],
)
def test_wrong_declarations_are_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        figure(**keys)


@pytest.mark.parametrize(
    ("ends", "drawn"),
    [
        ("none from {x:g} °C, {x}", "none from 6.5 °C, 6.5"),
        ("$g_{Na}$ {y} {} { }} {x", "$g_{Na}$ {y} {} { }} {x"),
        ("{{x:.2f}}", "{6.50}"),
    ],
)
def test_only_the_number_is_filled_in_where_a_line_ends(ends, drawn):
    assert figure(kind="line", x="a", y="b", ends=ends).end_at(6.5) == drawn


def test_two_figures_of_one_name_are_refused():
    one = figure(kind="histogram", x="a", name="same")
    other = figure(kind="histogram", x="b", name="other")
    check_names([one, other])
    with pytest.raises(ValueError, match="figures 1 and 3 are both named 'same'"):
        check_names([one, other, figure(kind="line", x="a", y="b", name="same")])


def test_settings_load_no_plotting_library():
    code = (
        "import sys, dendroflow.settings.figures as f;"
        "print([m for m in ('matplotlib','seaborn','plotly','pandas') if m in sys.modules])"
    )
    scripts = Path(__file__).parents[3] / "scripts"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=scripts,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout.strip() == "[]"
