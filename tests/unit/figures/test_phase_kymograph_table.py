"""Figures of kinds phase, kymograph and table, drawn from made-up points."""

import dataclasses
import re

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError
from synthetic import data, failing, figure, points, read_traces, shuffled

from dendroflow.errors import ConfigurationError, StoreError
from dendroflow.figures import render
from dendroflow.figures.kymograph import read_map
from dendroflow.settings.figures import columns, output_names, signals

# A layout that does not fit is a warning of matplotlib.
pytestmark = pytest.mark.filterwarnings("error:constrained_layout:UserWarning")

PHASE = {"kind": "phase", "x": "cai", "y": "soma_v", "hue": "gnabar", "where": {"celsius": 4}}
MAP = {"kind": "kymograph", "signal": "v", "where": {"celsius": [4, 20], "gnabar": 0.14}}
TABLE = {
    "kind": "table",
    "columns": ["gnabar", "method", "duration"],
    "where": {"celsius": [4, 20]},
}


def texts(folder, drawn):
    """The texts of an SVG: matplotlib writes each into a comment beside its outlines."""
    svg = (folder / f"{drawn.name}.svg").read_text(encoding="utf-8")
    return re.findall(r"<!-- (.*?) -->", svg)


@pytest.mark.parametrize("keys", [PHASE, MAP, TABLE], ids=lambda keys: keys["kind"])
def test_the_same_points_in_any_order_give_the_same_files(tmp_path, keys):
    drawn = figure(**keys)
    for name, made in (("a", data()), ("b", shuffled(data(), 1))):
        paths = render(drawn, made, tmp_path / name)
        assert [path.name for path in paths] == list(output_names(drawn))
    for name in output_names(drawn):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_they_ask_of_points_and_traces():
    assert columns(figure(**PHASE)) == {"gnabar", "celsius"}
    assert signals(figure(**PHASE)) == {"cai", "soma_v"}
    assert columns(figure(**MAP)) == {"gnabar", "celsius"}
    assert signals(figure(**MAP)) == {"v"}
    assert columns(figure(**TABLE)) == {"gnabar", "method", "duration", "celsius"}
    assert signals(figure(**TABLE)) == set()


def test_axes_of_a_phase_plane_are_signals_with_units(tmp_path):
    drawn = figure(**PHASE, window=[2, 8])
    render(drawn, dataclasses.replace(data(), time_unit="h"), tmp_path)
    found = texts(tmp_path, drawn)
    for text in ("calcium (mM)", "soma potential (mV)", "From 2 to 8 h."):
        assert text in found


def test_a_phase_plane_needs_signals_of_one_place(tmp_path):
    with pytest.raises(ConfigurationError, match="v is recorded in many places"):
        render(figure(**(PHASE | {"y": "v"})), data(), tmp_path)


def test_a_map_has_distance_along_the_cable_and_a_panel_for_each_point(tmp_path):
    drawn = figure(**MAP)
    render(drawn, data(), tmp_path)
    found = texts(tmp_path, drawn)
    for text in ("distance (µm)", "membrane potential (mV)", "temperature = 4 °C"):
        assert text in found
    assert found.count("time (ms)") == 2
    times, places, values = read_map(drawn, data(), points()["point_id"][0])
    # Ten segments of two pieces each, sqrt(5² + 10²) µm and a little more for their depth.
    assert len(places) == 11
    assert places[1] == pytest.approx(2 * np.hypot(5, 10))
    assert values.shape == (10, len(times) - 1)
    # What is recorded farther away rises later.
    assert (np.diff(values.argmax(axis=1)) > 0).all()


def test_branches_have_no_common_distance(tmp_path):
    def in_two_branches(point_ids, names):
        rows = read_traces(point_ids, names).to_pylist()
        rows[5]["outline"][0] += 50
        return pa.Table.from_pylist(rows, schema=read_traces(point_ids, names).schema)

    with pytest.raises(ConfigurationError, match="several branches"):
        render(figure(**MAP), dataclasses.replace(data(), read_traces=in_two_branches), tmp_path)


def test_a_signal_of_one_place_makes_no_map(tmp_path):
    with pytest.raises(StoreError, match="no outline of the cell"):
        render(figure(**(MAP | {"signal": "soma_v"})), data(), tmp_path)


def test_a_table_shows_numbers_absence_and_failure(tmp_path):
    drawn = figure(**TABLE)
    render(drawn, data(failing(points(), 3)), tmp_path)
    found = texts(tmp_path, drawn)
    assert "AP duration" in " ".join(found)
    assert f"{6 * np.exp(-4 / 15) + 0.1:.3g}" in found
    # At 20 °C only the largest conductance has a spike; at 4 °C, 0.12 S/cm² failed.
    assert found.count("–") == 2
    assert found.count("failed") == 1
    assert "1 of 6 points did not succeed: 1 failed." in found


def test_small_numbers_are_written_with_exponents_throughout(tmp_path):
    table = points()
    table["duration"] = np.where(table["gnabar"] == 0.1, 2.5e-5, 0.25)
    drawn = figure(**TABLE)
    render(drawn, data(table), tmp_path)
    found = texts(tmp_path, drawn)
    assert found.count("2.5e-05") == 2
    assert found.count("2.5e-01") == 4


def test_a_table_of_too_many_points_is_refused(tmp_path):
    many = data(points().loc[lambda t: t.index.repeat(2)].reset_index(drop=True))
    with pytest.raises(
        ConfigurationError, match=r"96 points do not fit .* choose fewer by `where`"
    ):
        render(figure(kind="table", columns=["duration"]), many, tmp_path)


@pytest.mark.parametrize("keys", [PHASE, MAP, TABLE], ids=lambda keys: keys["kind"])
def test_a_name_that_does_not_exist_is_one_clear_line(tmp_path, keys):
    wrong = {"columns": ["duraton"]} if keys["kind"] == "table" else {"where": {"celsus": 4}}
    with pytest.raises(ConfigurationError, match=r"there is no column .*did you mean"):
        render(figure(**(keys | wrong)), data(), tmp_path)


def test_a_window_the_wrong_way_round():
    with pytest.raises(ValidationError, match="8 must lie below 2"):
        figure(**PHASE, window=[8, 2])
