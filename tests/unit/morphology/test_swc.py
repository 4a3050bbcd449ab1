import codecs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dendroflow.errors import MorphologyError
from dendroflow.morphology import swc as swc_reader
from dendroflow.morphology.files import data_sha256, parse, read
from dendroflow.morphology.graph import MISSING

SOMA = "1 1 0 0 0 5 -1"
CELL = (SOMA, "2 3 5 0 0 1 1", "3 3 15 0 0 1 2", "4 3 25 5 0 1 3", "5 3 25 -5 0 1 3")
TWO_SOMATA = ("1 1 0 0 0 5 -1", "2 3 5 0 0 1 1", "3 3 15 0 0 1 2", "4 1 25 0 0 5 3")


def swc(*rows: str, end: str = "\n") -> bytes:
    return "".join(row + end for row in rows).encode("latin-1")


def replaced(line: int, row: str) -> bytes:
    return swc(*CELL[: line - 1], row, *CELL[line:])


REFUSED = {
    "empty": (b"", None, "is empty"),
    "only blanks": (b" \n\t\n", None, "is empty"),
    "only comments": (b"# nothing\n", None, "holds no points"),
    "html": (b"\n<!DOCTYPE html>\n<html></html>\n", 1, "HTML"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 3, "binary"),
    "byte order mark": (codecs.BOM_UTF8 + swc(*CELL), 1, "byte order mark"),
    "utf-16": (swc(*CELL).decode().encode("utf-16"), 1, "byte order mark"),
    "commas": (swc(*CELL).replace(b" ", b","), 1, "1 columns"),
    "a word": (replaced(3, "3 3 15 zero 0 1 2"), 3, "y 'zero' is no number"),
    "nan": (replaced(3, "3 3 15 nan 0 1 2"), 3, "y 'nan' is no number"),
    "inf": (replaced(3, "3 3 15 0 0 inf 2"), 3, "radius 'inf' is no number"),
    "python's digits": (replaced(3, "3 3 1_5 0 0 1 2"), 3, "x '1_5' is no number"),
    "other digits": (replaced(3, "3 3 \xb2 0 0 1 2"), 3, "is no number"),
    "hexadecimal": (replaced(3, "3 3 0x1p3 0 0 1 2"), 3, "is no number"),
    "no-break space": (replaced(3, "3 3 15\xa00 0 1 2"), 3, "6 columns"),
    "six columns": (replaced(3, "3 3 15 0 0 1"), 3, "6 columns"),
    "last line cut off": (swc(*CELL)[:-9], 5, "columns"),
    "long line": (replaced(3, "3 3 15 0 0 1 2" + " " * 5000), 3, "characters"),
    "long comment": (swc("# " + "x" * 60_000, *CELL), 1, "characters"),
    "huge id": (replaced(5, "99999999 3 25 -5 0 1 3"), 5, "id 1e+08"),
    "negative id": (replaced(1, "-3 1 0 0 0 5 -1"), 1, "id -3"),
    "fractional id": (replaced(5, "5.5 3 25 -5 0 1 3"), 5, "id 5.5"),
    "fractional parent": (replaced(5, "5 3 25 -5 0 1 2.5"), 5, "parent 2.5"),
    "root -2": (replaced(1, "1 1 0 0 0 5 -2"), 1, "parent -2"),
    "fractional type": (replaced(3, "3 2.5 15 0 0 1 2"), 3, "type 2.5"),
    "negative type": (replaced(3, "3 -2 15 0 0 1 2"), 3, "type -2"),
    "huge type": (replaced(3, "3 1e9 15 0 0 1 2"), 3, "type 1e+09"),
    "missing parent": (replaced(4, "4 3 25 5 0 1 77"), 4, "parent 77 is missing"),
    "parent 0 for a root": (replaced(1, "1 1 0 0 0 5 0"), 1, "parent 0 is missing"),
    "duplicate id": (replaced(4, "3 3 25 5 0 1 2"), 4, "taken by line 3"),
    "child before parent": (replaced(3, "3 3 15 0 0 1 5"), 3, "comes later, in line 5"),
    "rows out of order": (swc(*CELL[:3], CELL[4], CELL[3]), 5, "ids must increase"),
    "own parent": (replaced(3, "3 3 15 0 0 1 3"), 3, "its own parent"),
    "cycle": (replaced(2, "2 3 5 0 0 1 4"), 2, "comes later, in line 4"),
    "everything in a cycle": (replaced(1, "1 1 0 0 0 5 5"), 1, "comes later"),
    "orphan": (replaced(4, "4 3 25 5 0 1 -1"), 4, "second root"),
    "two somata, two roots": (swc(*CELL, "6 1 90 0 0 5 -1"), 6, "second root"),
    "two somata, one root": (swc(*TWO_SOMATA), 4, "second soma"),
    "no soma": (swc(*CELL).replace(b"1 1 0", b"1 3 0"), None, "no soma"),
    "root in a dendrite": (swc("1 3 0 0 0 1 -1", "2 1 9 0 0 5 1"), 1, "root has type 3"),
    "zero radius": (replaced(3, "3 3 15 0 0 0 2"), 3, "radius 0"),
    "negative radius": (replaced(3, "3 3 15 0 0 -1 2"), 3, "radius -1"),
    "absurd radius": (replaced(3, "3 3 15 0 0 1e300 2"), 3, "radius 1e+300"),
    "infinite radius": (replaced(3, "3 3 15 0 0 1e999 2"), 3, "radius inf"),
    "absurd coordinate": (replaced(3, "3 3 1e300 0 0 1 2"), 3, "coordinate"),
    "infinite coordinate": (replaced(3, "3 3 0 -1e999 0 1 2"), 3, "coordinate"),
    "soma without length": (swc(SOMA, "2 1 0 0 0 5 1", "3 1 0 0 0 5 2"), 1, "points of the soma"),
    "branch without length": (replaced(5, "5 3 15 0 0 1 3"), 5, "no length"),
    "neurite without length": (swc(SOMA, "2 3 5 0 0 1 1", "3 3 5 0 0 1 2"), 3, "no length"),
}


@pytest.mark.parametrize(("data", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_bad_files_are_refused_with_line_and_reason(tmp_path, data, line, reason):
    path = tmp_path / "bad.swc"
    path.write_bytes(data)
    with pytest.raises(MorphologyError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: " if line else f"{path}: ")
    assert reason in message
    assert "\n" not in message


ACCEPTED = {
    "crlf": swc(*CELL, end="\r\n"),
    "cr": swc(*CELL, end="\r"),
    "no final newline": swc(*CELL)[:-1],
    "blank lines": swc(*CELL[:3], "", " \t", *CELL[3:]),
    "comments": swc("# caf\xe9", *CELL[:3], "   # between", *CELL[3:]),
    "comment after a row": swc(*(row + " # here" for row in CELL)),
    "tabs and further columns": swc(*(row.replace(" ", "\t") + "\t7 8" for row in CELL)),
    "indented": swc(*("   " + row for row in CELL)),
    "float ids": swc("1.0 1 0 0 0 5 -1.0", *CELL[1:]),
    "signs and exponents": swc("+1 1 .0 0. 0 5e0 -1", *CELL[1:]),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_harmless_variants_are_the_same_cell(data):
    tree, plain = parse(data, "swc", "variant"), parse(swc(*CELL), "swc", "plain")
    for field in ("ids", "types", "xyz", "radii", "parents"):
        np.testing.assert_array_equal(getattr(tree, field), getattr(plain, field))


def test_all_defects_are_collected_and_the_other_points_kept():
    rows = (
        CELL[0],
        CELL[1],
        "x",
        "3 3 15 0 0 1e300 2",
        "4 3 25 5 0 1 9",
        "4 3 25 -5 0 1 6",
        "6 2.5 1",
    )
    graph, defects = swc_reader.read(swc(*rows), "damaged")
    assert [defect.line for defect in defects] == [3, 4, 7, 5, 6, 6]
    assert defects[-2].reason == "id 4 is taken by line 5"
    assert graph.lines.tolist() == [1, 2, 5, 6]
    assert graph.parents.tolist() == [-1, 0, MISSING, MISSING]
    assert graph.repeated.tolist() == [False, False, False, True]


def test_ids_may_be_sparse_and_start_at_zero():
    tree = parse(swc("0 1 0 0 0 5 -1", "7 3 5 0 0 1 0", "40 3 9 0 0 1 7"), "swc", "sparse")
    assert tree.ids.tolist() == [0, 7, 40]
    assert tree.parents.tolist() == [-1, 0, 1]


def test_a_lone_soma_point_is_a_cell():
    tree = parse(swc(SOMA), "swc", "soma")
    assert len(tree) == 1
    assert tree.length() == 0


def test_custom_types_are_accepted_with_a_warning(caplog):
    tree = parse(swc(*CELL, "6 7 0 9 0 1 1", "7 7 0 19 0 1 6"), "swc", "glia")
    assert "2 points of type 7 become sections dend_7 (10 µm)" in caplog.text
    assert tree.length(7) == pytest.approx(10)


def test_the_values_are_those_of_the_file(branched_swc):
    tree = parse(branched_swc, "swc", "branched")
    assert len(tree) == 17
    assert tree.lines[0] == 2
    assert tree.radii[3] == 0.6
    assert tree.xyz[5].tolist() == [0, -90, 5]
    assert np.flatnonzero(tree.stems).tolist() == [3, 6, 10, 12]
    axon = np.hypot(32, 2) + np.hypot(50, 3)
    assert tree.length(2) == pytest.approx(axon)


@pytest.mark.parametrize(
    ("name", "points", "length", "digest"),
    [
        (
            "c91662.CNG.swc",
            1510,
            15328.4,
            "11727a7f2f091ccb97aad8dfe6062418bb8e9ae9425e0b58e01aab51cc606f0e",
        ),
        (
            "n123.CNG.swc",
            5072,
            17539.2,
            "ea5c2f8bc9de36f05f30b5b9117605c94d38e4eab8380631796fed8e7881cd91",
        ),
        (
            "BS0284.swc",
            2263,
            10965.3,
            "5436cf1c2fbb23f1105c86cf0ac0d98965d0f03982605059221b77f691f9ce49",
        ),
    ],
)
def test_real_cells(real_cell, name, points, length, digest):
    path = real_cell(name)
    tree = read(path)
    assert len(tree) == points
    assert tree.length() == pytest.approx(length, abs=0.1)
    assert data_sha256(path.read_bytes(), "swc") == digest


def test_the_data_hash_ignores_comments_blank_lines_and_line_ends():
    plain = data_sha256(swc(*CELL), "swc")
    variants = ("crlf", "cr", "no final newline", "blank lines", "comments")
    assert {data_sha256(ACCEPTED[key], "swc") for key in variants} == {plain}
    assert data_sha256(swc(*(row + "  " for row in CELL)), "swc") == plain
    assert data_sha256(replaced(3, "3 3 15 0 0 1.0 2"), "swc") != plain
    assert data_sha256(b"; a\n(1)\n", "asc") == data_sha256(b"(1)\r\n", "asc")
    assert data_sha256(b"; a\n(1)\n", "swc") != data_sha256(b"(1)\r\n", "swc")


def test_a_missing_file_and_another_suffix_are_refused(tmp_path):
    with pytest.raises(MorphologyError, match="cannot be read: No such file"):
        read(tmp_path / "none.swc")
    with pytest.raises(MorphologyError, match=r"ends in \.swc or \.asc"):
        read(tmp_path / "cell.txt")


FIELD = st.sampled_from(["1", "2", "3", "0", "-1", "4.5", "1e3", "x", "nan", "#", ""])
ROWS = st.lists(st.lists(FIELD, max_size=8).map(" ".join), max_size=6)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=200), ROWS.map(lambda rows: swc(*rows))))
def test_any_bytes_are_a_tree_or_a_refusal(data):
    try:
        tree = parse(data, "swc", "any")
    except MorphologyError:
        return
    assert tree.parents[0] == -1
    assert (tree.parents[1:] < np.arange(1, len(tree))).all()
