import re
from html.parser import HTMLParser

import pytest
from synthetic_cell import sound_cell

from dendroflow.quality.checks import run_check
from dendroflow.quality.page import Entry, render
from dendroflow.quality.picture import draw
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.quality.result import CheckResult
from dendroflow.quality.suitability import Suitability
from dendroflow.quality.tables import read_checks, write_checks, write_uses
from dendroflow.settings.quality import Quality
from dendroflow.tables.tables import read_table

HOSTILE = "<script>alert('x')</script> & \"quoted\""
BAD = CheckResult(
    "fail",
    HOSTILE,
    2,
    "µm",
    HOSTILE,
    values={"points": 3},
    lines=tuple(range(1, 12)),
    where=HOSTILE,
    check="connected",
)
GOOD = CheckResult(
    "pass", "Paths are short.", 1.1, "", "at most 1.4", {"excess": 0.1}, check="z_noise"
)


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_the_page_escapes_what_it_shows_and_needs_no_network():
    suitability = Suitability("cable", HOSTILE, "unsuitable", (BAD,))
    page = render([Entry(HOSTILE, HOSTILE, [BAD, GOOD], [suitability], b"\x89PNG")])
    tags = _Tags()
    tags.feed(page)
    assert not [tag for tag, _ in tags.seen if tag in ("script", "link", "iframe")]
    for tag, attributes in tags.seen:
        for key in ("src", "href"):
            if key in attributes:
                assert attributes[key].startswith(("data:image/png;base64,", "#")), (tag, key)
        assert not [key for key in attributes if key.startswith("on")]
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert "&lt;script&gt;" in page
    assert "Lines 1, 2, 3, 4, 5, 6, 7, 8 and 3 more." in page
    assert re.search(r'class="badge unsuitable">unsuitable<', page)


def test_a_page_of_nothing():
    assert "<h1>" in render([])


def test_results_come_back_as_they_were_written(tmp_path):
    path = tmp_path / "results.parquet"
    write_checks([("m", BAD), ("m", GOOD)], path, {"address": "a", "file": "f"})
    found, notes = read_checks(path)
    assert found == [BAD, GOOD]
    assert notes == {"address": "a", "file": "f"}
    row = read_table(path).to_pylist()[1]
    assert (row["morphology"], row["value"]) == ("m", 1.1)


def test_results_as_a_table(tmp_path):
    path = tmp_path / "uses.parquet"
    write_uses([("m", [Suitability("cable", "a cable", "unsuitable", (BAD,))])], path)
    assert read_table(path).to_pylist() == [
        {"morphology": "m", "use": "cable", "suitability": "unsuitable", "reasons": ["connected"]}
    ]


def picture(data, paths):
    cell = Reconstruction("cell", data, "swc", "cells/cell.swc")
    found = [run_check(name, cell, Quality()) for name in ("connected", "z_noise")]
    draw(cell, found, paths)
    return [path.read_bytes() for path in paths]


def test_the_same_cell_has_the_same_picture(tmp_path):
    data = sound_cell().swc()
    images = picture(data, [tmp_path / "a.png", tmp_path / "a.pdf"])
    assert images[0][:4] == b"\x89PNG"
    assert images[1][:5] == b"%PDF-"
    assert picture(data, [tmp_path / "b.png", tmp_path / "b.pdf"]) == images


@pytest.mark.parametrize(
    "data",
    [
        b"1 1 0 0 0 5 -1\n2 3 5 0 0 1 99\n",
        b"1 3 0 0 0 5 2\n2 3 0 0 0 5 1\n",
        b"no cell",
    ],
    ids=["two points", "cycle at one place", "none"],
)
def test_a_damaged_file_has_a_picture(tmp_path, data):
    assert picture(data, [tmp_path / "a.png"])[0][:4] == b"\x89PNG"
