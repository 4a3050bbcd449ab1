"""Mending: each defect alone, what is accepted stays as it is, and damaged files are accepted."""

import random

import numpy as np
import pytest
from fuzz.mutations import mutated

from dendroflow.commands.cli import main
from dendroflow.errors import MorphologyError
from dendroflow.morphology import swc
from dendroflow.morphology.importing import import_sections
from dendroflow.morphology.mend import STUB_LENGTH, mend
from dendroflow.settings.morphologies import Mend

SOUND = """\
1 1 0 0 0 5 -1
2 3 5 0 0 0.5 1
3 3 50 0 0 0.5 2
4 3 90 30 0 0.4 3
5 3 90 -30 0 0.4 3
6 2 -5 0 0 0.3 1
7 2 -80 0 0 0.3 6
"""
# What is changed in the sound file, the wishes, and what is said of which line.
CASES = {
    "rows in another order": (
        ("2 3 5 0 0 0.5 1\n3 3 50 0 0 0.5 2\n", "3 3 50 0 0 0.5 2\n2 3 5 0 0 0.5 1\n"),
        {},
        "rows are sorted",
    ),
    "radius 0": (("50 0 0 0.5", "50 0 0 0"), {}, "line 3: radius 0.1 instead of 0 µm"),
    "a floor": (("50 0 0 0.5", "50 0 0 0"), {"floor": 0.3}, "line 3: radius 0.3 instead of 0"),
    "no soma": (("1 1 0", "1 0 0"), {}, "line 1: is the soma, of which there was none"),
    "the wrong root": (
        ("6 2 -5 0 0 0.3 1", "6 2 -5 0 0 0.3 -1"),
        {},
        "line 6: joined to line 1, 5 µm",
    ),
    "too far": (
        ("6 2 -5 0 0 0.3 1", "6 2 -50 0 0 0.3 -1"),
        {},
        "left out: a tree of 2 points, 50 µm",
    ),
    "wished": (
        ("6 2 -5 0 0 0.3 1", "6 2 -50 0 0 0.3 -1"),
        {"join": 60.0},
        "line 6: joined to line 1, 50 µm away",
    ),
    "a missing parent": (("0.4 3\n5", "0.4 33\n5"), {"join": 90.0}, "line 4: starts a tree"),
    "a cycle": (("50 0 0 0.5 2", "50 0 0 0.5 4"), {"join": 90.0}, "it was in a cycle"),
    "an id twice": (("5 3 90 -30", "4 3 90 -30"), {}, "id 4 is taken by line 4"),
    "no length": (("7 2 -80 0 0", "7 2 -5 0 0"), {}, "left out: it has no length"),
    "a second soma": (("7 2 -80", "7 1 -80"), {}, "line 7: has type 2: there is another soma"),
    "a line that is none": (("7 2 -80", "7 x -80"), {}, "line 7: left out: type 'x' is no number"),
    "a type that is none": (("7 2 -80", "7 -1 -80"), {}, "line 7: has type 0 instead of -1"),
    "nanometres": (("1 1 0 0 0 5 ", "1 1 0 0 0 5 "), {"scale": 1e-3}, "all lengths times 0.001"),
    "a label": (("7 2 -80", "7 0 -80"), {"label": "axon"}, "1 points of type 0 get type 2"),
    "no axon": (("", ""), {"axon": "drop"}, "line 6: the axon that starts here is left out"),
}


@pytest.mark.parametrize(("change", "wishes", "said"), CASES.values(), ids=CASES)
def test_each_defect_is_mended_and_told(change, wishes, said):
    data = SOUND.replace(*change, 1).encode()
    if wishes.get("scale"):
        data = b"".join(
            b" ".join([*r[:2], *(b"%d" % int(1000 * float(x)) for x in r[2:6]), r[6]]) + b"\n"
            for r in map(bytes.split, data.splitlines())
        )
    scale = wishes.get("scale", 1.0)
    mended, changes = mend(data, "cell", None if wishes.get("scale") else Mend(**wishes), scale)
    assert said in "; ".join(f"line {line}: {what}" for line, what in changes)
    tree = swc.parse(mended, "cell")
    if wishes.get("scale"):
        assert tree.length() == pytest.approx(swc.parse(SOUND.encode(), "cell").length())
    if not wishes:
        again, more = mend(mended, "cell")
        assert (again, more) == (mended, [])


def test_a_cell_whose_rows_are_shuffled_is_the_same_cell():
    rows = SOUND.splitlines()
    expected = swc.parse(SOUND.encode(), "cell")
    for seed in range(20):
        random.Random(seed).shuffle(rows)
        tree = swc.parse(mend("\n".join(rows).encode(), "cell")[0], "cell")
        assert tree.length() == pytest.approx(expected.length())
        for kind in (2, 3):
            assert tree.length(kind) == pytest.approx(expected.length(kind))
        assert sorted(map(tuple, tree.xyz)) == sorted(map(tuple, expected.xyz))


def test_a_root_at_a_tip_is_turned_round():
    reversed_rows = (
        "7 2 -80 0 0 0.3 -1\n6 2 -5 0 0 0.3 7\n1 1 0 0 0 5 6\n2 3 5 0 0 0.5 1\n3 3 50 0 0 0.5 2\n"
    )
    mended, changes = mend(reversed_rows.encode(), "cell")
    tree = swc.parse(mended, "cell")
    assert tree.somatic[0]
    assert tree.length(2) == 75.0
    assert "no longer starts the tree" in "; ".join(change.what for change in changes)


def test_a_stub_takes_the_axons_place():
    mended, _ = mend(SOUND.encode(), "cell", Mend(axon="stub"))
    tree = swc.parse(mended, "cell")
    assert tree.length(2) == pytest.approx(STUB_LENGTH)
    assert tree.xyz[tree.axonal][:, 0].tolist() == pytest.approx([-5.0, -65.0])


def test_repeated_points_go_on_wish():
    data = SOUND.replace("4 3 90 30 0 0.4 3", "8 3 50 0 0 0.4 3\n9 3 90 30 0 0.4 8").encode()
    data = b"\n".join(sorted(data.splitlines(), key=lambda row: int(row.split()[0])))
    assert mend(data, "cell")[1] == []
    mended, changes = mend(data, "cell", Mend(repeated=True))
    assert len(changes) == 1
    assert len(swc.parse(mended, "cell")) == 7


def test_what_is_accepted_stays_as_it_is():
    data = b"# a comment\r\n" + SOUND.replace("\n", "\r\n").encode()
    assert mend(data, "cell") == (data, [])


def test_what_holds_no_points_is_refused():
    with pytest.raises(MorphologyError, match="cell: holds no points"):
        mend(b"<html>", "cell")


def test_damaged_files_are_accepted_once_mended():
    accepted = 0
    for seed in range(1500):
        data = mutated(SOUND.encode(), random.Random(seed))
        try:
            mended, _ = mend(data, "cell")
        except MorphologyError as error:
            # What is left to a person: no points, or numbers that nothing says how to change.
            assert any(why in str(error) for why in ("no points", "by hand")), error
        else:
            tree = swc.parse(mended, "cell")
            assert np.isfinite(tree.xyz).all()
            accepted += 1
    assert accepted > 1000


SOMATA = {
    "a point": [],
    "three points": ["2 1 0 5 0 5 1", "3 1 0 -5 0 5 1"],
    "cylinders": ["2 1 0 8 0 4 1", "3 1 0 -8 0 4 1"],
}


@pytest.mark.parametrize("soma", SOMATA.values(), ids=SOMATA)
def test_neuron_reads_what_is_mended_as_it_is_written(tmp_path, soma):
    first, *rest = (row.split() for row in SOUND.splitlines())
    shift = len(soma)
    later = (
        [str(int(row[0]) + shift), *row[1:6], row[6] if row[6] == "1" else str(int(row[6]) + shift)]
        for row in rest
    )
    data = "\n".join([" ".join(first), *soma, *map(" ".join, later), ""]).encode()
    path = tmp_path / "cell.swc"
    read = 0
    for seed in range(15):
        try:
            mended, _ = mend(mutated(data, random.Random(seed)), "cell")
        except MorphologyError:
            continue
        path.write_bytes(mended)
        import_sections(path)
        assert mend(mended, "cell") == (mended, [])
        read += 1
    assert read > 10


def test_the_command_lists_and_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.swc").write_text(SOUND.replace("50 0 0 0.5", "50 0 0 0"), encoding="utf-8")
    command = ["morphology", "mend", "cell.swc"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "cell.swc, line 3: radius 0.1 instead of 0 µm" in said
    assert "not written" in said
    assert main([*command, "--output", "mended.swc"]) == 0
    assert swc.parse((tmp_path / "mended.swc").read_bytes(), "cell").radii[2] == 0.1
    capsys.readouterr()
    assert main([*command, "--output", "mended.swc"]) == 1
    assert capsys.readouterr().err == (
        "dendroflow: mended.swc: is there already; name a file that is not\n"
    )
    assert main([*command, "--unit", "mile"]) == 1
    assert "um, nm, or a number" in capsys.readouterr().err
