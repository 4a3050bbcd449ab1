"""Movies and fields: what lies in their pages, and that a browser shows it."""

import base64
import re

import numpy as np
import pandas as pd
import pytest
from browser import WAITING, chromium, needs_browser
from matplotlib.image import imread
from synthetic import (
    FIELD_TIMES,
    KEYS,
    TIMES,
    VOXELS,
    content_of,
    data,
    figure,
    points,
    potassium,
    read_traces,
)

from dendroflow.errors import StoreError
from dendroflow.figures import render, viewer
from dendroflow.figures.field import colours_of, plane_of, round_ticks


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for kind in ("shape", "movie", "field"):
        render(figure(**KEYS[kind]), data(), folder)
    return folder


def test_a_movie_holds_each_segment_at_each_time(pages):
    content = content_of(pages / "movie.html")
    assert len(content["times"]) == 26
    assert (content["times"][0], content["times"][-1]) == (4.0, 9.0)
    (point_id,) = points().query("gnabar == 0.14 and celsius == 0")["point_id"]
    for row in read_traces([point_id], ["v"]).to_pylist():
        place = content["names"].index(row["location"])
        wanted = np.interp(content["times"], TIMES, row["values"])
        assert content["values"][:, place] == pytest.approx(wanted, abs=0.002)


def test_a_movie_opens_when_most_is_seen(pages):
    content = content_of(pages / "movie.html")
    assert content["start"] == np.ptp(content["values"], axis=1).argmax() > 0


def test_lines_of_a_movie_are_those_of_the_segments(pages):
    content = content_of(pages / "movie.html")
    assert content["counts"].tolist() == [3] * 10
    (point_id,) = points().query("gnabar == 0.14 and celsius == 0")["point_id"]
    lines = np.split(content["points"], np.cumsum(content["counts"])[:-1])
    for row in read_traces([point_id], ["v"]).to_pylist():
        line = lines[content["names"].index(row["location"])]
        assert line == pytest.approx(np.reshape(row["outline"], (-1, 4)), abs=1 / 32)


def test_a_field_lies_the_right_way_round(pages):
    content = content_of(pages / "field.html")
    plane = content["plane"]
    assert (plane["rows"], plane["columns"], plane["axes"]) == (5, 7, ["x", "y"])
    frame = content["values"][-1].reshape(5, 7)
    last = np.flatnonzero(content["times"][-1] == FIELD_TIMES)[0]
    for row, y in enumerate(range(-20, 21, 10)):
        for column, x in enumerate(range(-30, 31, 10)):
            assert frame[row, column] == pytest.approx(potassium(x, y)[last], abs=0.002)
    assert content["limits"] == [2.5, 4]
    assert content["box"][0][:2] == [-35, -25]


def test_pages_need_no_network_and_are_small(pages):
    for page in pages.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"""(src|href|action)\s*=|@import|url\(|https?:""", text)
        assert page.stat().st_size < 30_000
    assert viewer.PAGE.stat().st_size < 15_000


@pytest.mark.parametrize("size", [1e-9, 1, 1e6])
def test_values_of_a_page_are_within_a_5000th_of_their_range(size, tmp_path):
    values = np.random.default_rng(1).normal(size=(30, 40)) * size
    colours = colours_of((values.min(), values.max()))[0]
    plane = {"rows": 5, "columns": 8}
    box = (0.0, 0.0, 0.0), (8.0, 5.0, 0.0)
    scene = viewer.Scene(pd.DataFrame(values), [], colours, "x", "", box, plane=plane)
    viewer.write_page(tmp_path / "page.html", ("t", "", []), scene, "")
    found = content_of(tmp_path / "page.html")["values"]
    assert found == pytest.approx(values, abs=np.ptp(values) / 5000)


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


# A reader: goes to the last frame, turns the cell, and points at its middle.
READER = (
    WAITING
    + """<script>
window.addEventListener("error", (event) => root.error = event.message);
const at = (kind, x, y) => document.getElementById("canvas").dispatchEvent(
  new PointerEvent(kind, { offsetX: x, offsetY: y, clientX: x, clientY: y, pointerId: 1 }));
async function read() {
  await until(() => root.drawn);
  const canvas = document.getElementById("canvas"), slider = document.getElementById("slider");
  canvas.setPointerCapture = () => {};
  const [x, y] = [canvas.clientWidth / 2, canvas.clientHeight / 2];
  slider.value = slider.max;
  slider.dispatchEvent(new Event("input"));
  await until(() => root.drawn === slider.max);
  const top = canvas.getBoundingClientRect().top;
  const before = canvas.toDataURL();
  at("pointerdown", x, y + top);
  at("pointermove", x + 60, y + top);
  at("pointerup", x + 60, y + top);
  await until(() => canvas.toDataURL() !== before);
  root.turned = canvas.toDataURL() !== before;
  const said = document.getElementById("said");
  for (let dx = -40; dx <= 40 && !said.value; dx += 4) at("pointermove", x + dx, y + top);
  root.said = said.value;
}
read();
</script></body></html>"""
)


@needs_browser
@pytest.mark.parametrize("kind", ["movie", "field"])
def test_a_reader_moves_turns_and_points(pages, tmp_path, kind):
    page = tmp_path / f"{kind}.html"
    text = (pages / page.name).read_text(encoding="utf-8")
    page.write_text(text.replace("</body></html>", READER), encoding="utf-8")
    dom = chromium(tmp_path, "--dump-dom", page.as_uri(), milliseconds=90_000)
    said = dict(re.findall(r'data-(\w+)="([^"]*)"', re.search(r"<html[^>]*>", dom)[0]))
    content = content_of(pages / page.name)
    assert "error" not in said
    assert (said["drawn"], said["turned"]) == (f"{len(content['times']) - 1}", "true")
    assert f"t = {content['times'][-1]:g} ms" in dom
    if kind == "movie":
        name, away, value = re.fullmatch(
            r"(.+), (\d+) µm from dend\[0\]\(0.5\): (\S+) mV", said["said"]
        ).groups()
        place = content["names"].index(name)
        assert int(away) == content["away"][place]
        assert float(value) == pytest.approx(content["values"][-1, place], abs=0.01)
    else:
        assert re.fullmatch(r"x = \S+ µm, y = \S+ µm: \S+ mM", said["said"])


@needs_browser
def test_a_movie_moves_in_a_frame_of_a_report(pages, tmp_path):
    """As Snakemake's report embeds it: a page in a data: URL."""
    pictures = []
    for frame in (0, 5):
        text = (pages / "movie.html").read_text(encoding="utf-8") + WAITING
        address = base64.b64encode(text.encode()).decode()
        page = tmp_path / f"{frame}.html"
        source = f"data:text/html;charset=utf-8;base64,{address}#{frame}"
        page.write_text(f'<iframe src="{source}" width="600" height="600"></iframe>')
        target = tmp_path / f"{frame}.png"
        size = "--window-size=640,640"
        chromium(tmp_path, size, f"--screenshot={target}", page.as_uri())
        pictures.append(imread(target)[100:450, 50:600, :3])
    colour = [np.ptp(picture, axis=2) > 0.15 for picture in pictures]
    assert all(coloured.sum() > 100 for coloured in colour), "no cell is seen"
    both = colour[0] & colour[1]
    changed = np.abs(pictures[0] - pictures[1]).max(axis=2)[both] > 0.1
    assert changed.mean() > 0.2
