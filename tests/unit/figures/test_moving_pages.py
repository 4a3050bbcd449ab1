"""Movies and fields: what lies in their pages, and that a browser shows it."""

import base64
import json
import re

import numpy as np
import pandas as pd
import pytest
from browser import chromium, needs_browser
from synthetic import (
    FIELD_TIMES,
    KEYS,
    TIMES,
    VOXELS,
    data,
    figure,
    packed,
    points,
    potassium,
    read_traces,
)

from dendroflow.errors import StoreError
from dendroflow.figures import render
from dendroflow.figures.field import colours_of, plane_of, round_ticks
from dendroflow.figures.places import frames_of


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for kind in ("shape", "movie", "field"):
        render(figure(**KEYS[kind]), data(), folder)
    return folder


def content_of(page):
    """The plot of a page, its times, and its values of shape (times, places)."""
    content = json.loads(packed(page, "content"))
    return content["plot"], content["frames"]


def test_a_movie_holds_each_segment_at_each_time(pages):
    _, frames = content_of(pages / "movie.html")
    assert len(frames["times"]) == 26
    assert (frames["times"][0], frames["times"][-1]) == (4.0, 9.0)
    (point_id,) = points().query("gnabar == 0.14 and celsius == 0")["point_id"]
    for row in read_traces([point_id], ["v"]).to_pylist():
        place = frames["names"].index(row["location"])
        wanted = np.interp(frames["times"], TIMES, row["values"])
        assert np.array(frames["values"])[:, place] == pytest.approx(wanted, abs=0.01)


def test_each_vertex_of_a_movie_knows_its_segment(pages):
    plot, _ = content_of(pages / "movie.html")
    segments = set()
    for trace in [trace for trace in plot["data"] if trace.get("meta")]:
        x = np.frombuffer(base64.b64decode(trace["x"]["bdata"]), dtype="<f4")
        assert sum(vertices for _, vertices in trace["meta"]) == len(x)
        segments |= {segment for segment, _ in trace["meta"]}
    assert segments == set(range(10))


def test_a_field_lies_the_right_way_round(pages):
    plot, frames = content_of(pages / "field.html")
    assert [trace["type"] for trace in plot["data"] if trace.get("meta")] == ["heatmap"]
    frame = np.array(frames["values"][-1])
    assert frame.shape == (5, 7)
    last = np.flatnonzero(frames["times"][-1] == FIELD_TIMES)[0]
    for row, y in enumerate(range(-20, 21, 10)):
        for column, x in enumerate(range(-30, 31, 10)):
            wanted = potassium(x, y)[last]
            assert frame[row, column] == pytest.approx(wanted, abs=0.002)
    assert plot["layout"]["coloraxis"]["cmin"] == 2.5
    assert plot["layout"]["coloraxis"]["cmax"] == 4


def test_pages_need_no_network_and_are_small(pages):
    for page in pages.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"""(src|href|action)\s*=|@import|url\(|https?:""", text)
        assert page.stat().st_size < 3_000_000
        assert packed(page, "library").lstrip().startswith("/**\n* plotly.js")


@pytest.mark.parametrize("size", [1e-9, 1, 1e6])
def test_values_of_a_page_are_within_a_5000th_of_their_range(size):
    values = np.random.default_rng(1).normal(size=(30, 40)) * size
    frames = frames_of(pd.DataFrame(values), (40,))
    assert np.array(frames["values"]) == pytest.approx(values, abs=np.ptp(values) / 5000)


def test_both_signs_are_told_apart_by_colour():
    colours, _ = colours_of((-1.0, 3.0))
    assert colours.get_clim() == (-3.0, 3.0)
    red, _, blue, _ = colours.cmap(1.0)
    assert red > blue
    assert colours_of((0.0, 3.0))[0].get_clim() == (0.0, 3.0)


@pytest.mark.parametrize(("low", "high"), [(-102.5, 102.5), (-300, 300), (-75, 75), (3, 7.5)])
def test_axes_of_a_plane_have_ticks_away_from_the_edges(low, high):
    ticks = round_ticks(low, high)
    assert 3 <= len(ticks) <= 6
    assert low + 0.05 * (high - low) < ticks[0] < ticks[-1] < high - 0.05 * (high - low)


def test_planes_across_each_axis():
    declared = figure(**KEYS["field"])
    for normal in range(3):
        voxels = np.roll(np.array(VOXELS)[:, :3], normal + 1, axis=1)
        plane = plane_of(declared, np.column_stack([voxels, np.full(len(voxels), 10.0)]))
        assert "xyz"[normal] not in plane.names
        assert plane.place == f"{'xyz'[normal]} = 5 µm"
        assert sorted(plane.order.shape) == [5, 7]


def test_voxels_that_are_no_plane_are_refused():
    declared = figure(**KEYS["field"])
    with pytest.raises(StoreError, match="do not fill a rectangle"):
        plane_of(declared, np.array(VOXELS[:-1]))
    cube = np.array([(x, y, z, 1.0) for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    with pytest.raises(StoreError, match="in no plane"):
        plane_of(declared, cube)


@needs_browser
def test_a_field_moves_in_a_browser(pages, tmp_path):
    seen = {}
    for frame in (0, 39):
        page = chromium(tmp_path, "--dump-dom", f"{(pages / 'field.html').as_uri()}#{frame}")
        assert "The figure cannot be shown" not in page.split("<script")[0]
        assert "potassium (mM)" in page
        assert re.search(r'<div id="controls">', page), "the slider is hidden"
        seen[frame] = (
            re.search(r'<output id="clock">([^<]*)</output>', page)[1],
            re.search(r'<image[^>]*href="(data:image/png[^"]*)"', page)[1],
        )
    assert seen[0][0] == "t = 0 ms"
    assert seen[39][0] == "t = 19.5 ms"
    assert seen[0][1] != seen[39][1]


@needs_browser
def test_a_movie_moves_in_a_browser(pages, tmp_path):
    from matplotlib.image import imread

    pictures = []
    for frame in (0, 5):
        target = tmp_path / f"{frame}.png"
        chromium(
            tmp_path,
            "--window-size=600,600",
            f"--screenshot={target}",
            f"{(pages / 'movie.html').as_uri()}#{frame}",
        )
        # The plot alone, without its colour bar and the clock.
        pictures.append(imread(target)[80:480, 100:420, :3])
    colour = [np.ptp(picture, axis=2) > 0.15 for picture in pictures]
    assert all(coloured.sum() > 100 for coloured in colour), "no cell is seen"
    both = colour[0] & colour[1]
    changed = np.abs(pictures[0] - pictures[1]).max(axis=2)[both] > 0.1
    assert changed.mean() > 0.2
