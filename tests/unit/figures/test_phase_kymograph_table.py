"""Figures of kinds phase, kymograph and table, drawn from made-up points."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from synthetic import KEYS, data, failing, figure, points, read_traces, texts

from dendroflow.errors import ConfigurationError
from dendroflow.figures import render
from dendroflow.figures.kymograph import read_map

# A layout that does not fit is a warning of matplotlib.
pytestmark = pytest.mark.filterwarnings("error:constrained_layout:UserWarning")

MAP = KEYS["kymograph"] | {"where": {"celsius": [4, 20], "gnabar": 0.14}}
TABLE = KEYS["table"] | {"where": {"celsius": [4, 20]}}


def test_axes_of_a_phase_plane_are_signals_with_units(tmp_path):
    drawn = figure(**KEYS["phase"], window=[2, 8])
    render(drawn, dataclasses.replace(data(), time_unit="h"), tmp_path)
    found = texts(tmp_path / f"{drawn.name}.svg").splitlines()
    for text in ("calcium (nM)", "soma potential (mV)", "From 2 to 8 h."):
        assert text in found


def test_a_map_has_distance_along_the_cable_and_a_panel_for_each_point(tmp_path):
    drawn = figure(**MAP)
    render(drawn, data(), tmp_path)
    found = texts(tmp_path / f"{drawn.name}.svg").splitlines()
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


def test_a_table_shows_numbers_absence_and_failure(tmp_path):
    drawn = figure(**TABLE)
    render(drawn, data(failing(points(), 3)), tmp_path)
    found = texts(tmp_path / f"{drawn.name}.svg").splitlines()
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
    found = texts(tmp_path / f"{drawn.name}.svg").splitlines()
    assert found.count("2.5e-05") == 2
    assert found.count("2.5e-01") == 4


def test_a_table_of_too_many_points_is_refused(tmp_path):
    many = data(points().loc[lambda t: t.index.repeat(2)].reset_index(drop=True))
    with pytest.raises(
        ConfigurationError, match=r"96 points do not fit .* choose fewer by `where`"
    ):
        render(figure(kind="table", columns=["duration"]), many, tmp_path)
