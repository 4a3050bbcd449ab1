import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dendroflow.errors import MorphologyError
from dendroflow.morphology.files import data_sha256, parse, read

SOMA = '("CellBody" (CellBody)\n(-5 -5 0 0)\n(5 -5 0 0)\n(5 5 0 0)\n(-5 5 0 0)\n)\n'  # lines 1-6
ABOVE = SOMA.replace(" 0 0)", " 2 0)")
SLANTED = SOMA.replace("(-5 5 0 0)", "(-5 5 1 0)")
FAR = SOMA.replace("(5", "(205").replace("(-5", "(195")
DENDRITE = "( (Color Red) (Dendrite)\n(5 0 0 1)\n(20 0 0 1)\n)\n"  # from line 7
SPLIT = "( (Axon)\n(0 5 0 1)\n(0 20 0 1)\n(\n(5 30 0 1)\n|\n(-5 30 0 1)\n)\n)\n"


def nested(depth: int) -> str:
    opening = "".join(f"( ({20 + k} 1 0 1) | ({20 + k} 0 0 1)\n" for k in range(1, depth))
    return SOMA + DENDRITE[:-2] + opening + ")" * depth


REFUSED = {
    "empty": ("", None, "is empty"),
    "only comments": ("; nothing\n", None, "no soma"),
    "html": ("<html>", 1, "HTML"),
    "binary": ('("CellBody"\0', 1, "binary"),
    "arbor's xml": ('<?xml version="1.0"?>', 1, "XML"),
    "no soma": (DENDRITE, None, "no soma"),
    "soma as a property": ("(CellBody (1 2 3 4))" + DENDRITE, None, "no soma"),
    "two-point soma": ('("CellBody" (0 0 0 0) (1 1 0 0))', 1, "outline of 2 points"),
    "soma without length": ('("Soma" (0 0 0 0) (0 0 0 0) (0 0 0 0))', 1, "points of the soma"),
    "somata apart": (SOMA + FAR + DENDRITE, 7, "second soma, apart"),
    "stack not flat": (SLANTED + ABOVE, 1, "one z plane"),
    "stack not in order": (SOMA + ABOVE + SOMA, 1, "order of z"),
    "centimetres away": (SOMA + DENDRITE.replace("(5 0", "(50000 0"), 8, "5 cm from the soma"),
    "cut off": (SOMA + DENDRITE[:-2], None, "the '(' of line 7 is never closed"),
    "one ')' too many": (SOMA + DENDRITE + ")" + SPLIT, 11, "')' without '('"),
    "open string": ('("CellBody\n', 1, "is no number, word, string"),
    "open spine": (SOMA + DENDRITE.replace("(20", "< (20"), None, "a spine is never closed"),
    "'>' alone": (SOMA + DENDRITE.replace("(20", "> (20"), 9, "'>' without '<'"),
    "strange character": (SOMA + DENDRITE.replace("20 0", "20 @ 0"), 9, "'@ 0 0 1)'"),
    "stuck numbers": (SOMA + DENDRITE.replace("20 0", "2.0.0"), 9, "is no number"),
    "number and word": (SOMA + DENDRITE.replace("20 0", "20x 0"), 9, "is no number"),
    "nan": (SOMA + DENDRITE.replace("20 0", "nan 0"), 9, "is no number"),
    "infinite": (SOMA + DENDRITE.replace("20 0", "1e999 0"), 9, "coordinate"),
    "absurd coordinate": (SOMA + DENDRITE.replace("20 0", "20 1e30"), 9, "coordinate"),
    "no diameter": (SOMA + DENDRITE.replace("20 0 0 1", "20 0 0"), 9, "3 numbers"),
    "five numbers": (SOMA + DENDRITE.replace("20 0 0 1", "20 0 0 1 1"), 9, "more than four"),
    "zero diameter": (SOMA + DENDRITE.replace("20 0 0 1", "20 0 0 0"), 9, "radius 0"),
    "no type": (SOMA + DENDRITE.replace("(Dendrite)", ""), 7, "neither (Axon)"),
    "unknown type": (SOMA + DENDRITE.replace("Dendrite", "Glia"), 7, "neither (Axon)"),
    "type not last": (
        SOMA + DENDRITE.replace("(Color Red) (Dendrite)", "(Dendrite) (Color Red)"),
        7,
        "(Dendrite) must be the tree's last property",
    ),
    "no points": (SOMA + "( (Axon) )", 7, "a branch without points"),
    "empty branch": (SOMA + SPLIT.replace("(5 30 0 1)", ""), 10, "a branch without points"),
    "one-point neurite": (SOMA + "( (Axon) (0 5 0 1) )", 7, "is one point"),
    "no length": (SOMA + DENDRITE.replace("20 0", "5 0"), 9, "no length"),
    "branch without length": (SOMA + SPLIT.replace("5 30", "0 20"), 11, "no length"),
    "points after the end": (
        SOMA + DENDRITE.replace("(20 ", "Normal (20 "),
        9,
        "after the end of its branch",
    ),
    "two splits": (SOMA + SPLIT[:-2] + "((1 1 1 1))\n)", 15, "at most one"),
    "words outside": (SOMA + "Dendrite", 7, "outside of parentheses"),
    "too deep": (nested(1100), 1007, "nested deeper"),
    "a set without a name": (SOMA + f"(Set {DENDRITE})", 7, "a Set without a name"),
    "long line": (SOMA + "; " + "x" * 5000, 7, "characters"),
}


@pytest.mark.parametrize(("text", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_bad_files_are_refused_with_line_and_reason(tmp_path, text, line, reason):
    path = tmp_path / "bad.asc"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MorphologyError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: " if line else f"{path}: ")
    assert reason in message
    assert "\n" not in message


def test_the_cell_is_read_without_its_decoration(branched_asc):
    tree = parse(branched_asc, "asc", "branched")
    assert tree.outline
    assert tree.types.tolist() == [1] * 6 + [2] * 3 + [3] * 4 + [4] * 6
    assert tree.parents.tolist() == [
        -1,
        0,
        1,
        2,
        3,
        4,
        0,
        6,
        7,
        0,
        9,
        10,
        10,
        0,
        13,
        14,
        15,
        16,
        15,
    ]
    assert tree.xyz[12].tolist() == [-60, -40, -2]
    assert tree.radii[13] == 2.0
    assert tree.lines[6] == 24
    axon = np.hypot(33, 2) + np.hypot(50, 3)
    assert tree.length(2) == pytest.approx(axon)


@pytest.mark.parametrize(
    "variant",
    [
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"(Color Red)", b"(Color RGB (1, 2, 3)) (Resolution 0.1)"),
        lambda text: text.replace(b"1.2)", b"1.2, S1)"),
        lambda text: text.replace(b"  Incomplete\n", b""),
        lambda text: text.replace(b"   0 -40  2  1.0", b"0,-40,2,1"),
    ],
)
def test_harmless_variants_are_the_same_cell(branched_asc, variant):
    data = variant(branched_asc)
    assert data != branched_asc
    tree, plain = parse(data, "asc", "variant"), parse(branched_asc, "asc", "plain")
    for field in ("types", "xyz", "radii", "parents"):
        np.testing.assert_array_equal(getattr(tree, field), getattr(plain, field))


def test_trees_inside_a_set_belong_to_the_cell():
    inside = parse(f'(Set "cell"\n{SOMA}{DENDRITE})'.encode(), "asc", "set")
    assert inside.types.tolist() == [1, 1, 1, 1, 3, 3]


def test_sets_may_be_nested_as_deep_as_branches():
    text = '(Set "a"\n' * 990 + SOMA + DENDRITE + ")" * 990
    assert len(parse(text.encode(), "asc", "sets")) == 6


def test_a_stack_of_outlines_is_one_soma():
    tree = parse((SOMA + ABOVE + DENDRITE).encode(), "asc", "stack")
    assert tree.somatic.sum() == 8


FAR_SWC = "1 1 0 0 0 5 -1\n2 3 {0} 0 0 0.5 1\n3 3 220 0 0 0.5 2\n"


@pytest.mark.parametrize(
    ("x", "warned"), [(5, False), (9, False), (15.1, True), (200, True), (9000, True)]
)
def test_both_formats_have_one_rule_of_the_distance_from_the_soma(caplog, x, warned):
    parse((SOMA + DENDRITE.replace("(5 0", f"({x} 0")).encode(), "asc", "drawn")
    parse(FAR_SWC.format(x).encode(), "swc", "rows")
    said = f"the neurite that starts here lies {x - 5:.3g} µm from the soma, which is 10 µm wide"
    assert (f"drawn, line 8: {said}" in caplog.text) == warned
    assert (f"rows, line 2: {said}" in caplog.text) == warned
    assert bool(caplog.records) == warned


def test_deep_trees_are_read():
    tree = parse(nested(900).encode(), "asc", "deep")
    assert len(tree) == 4 + 2 + 2 * 899


def test_the_cell_of_bluepyopt(l5pc):
    tree = read(l5pc)
    assert len(tree) == 10524
    assert tree.length() == pytest.approx(29156.16, abs=0.01)
    assert [int((tree.types == kind).sum()) for kind in (1, 2, 3, 4)] == [21, 5123, 1668, 3712]
    assert data_sha256(l5pc.read_bytes(), "asc").startswith("eb55af2cdf35")


TOKEN = st.sampled_from(["(", ")", "|", "<", ">", '"CellBody"', "(Axon)", "1", "2 3", "x", ";"])
TEXT = st.lists(TOKEN, max_size=20).map(lambda parts: " ".join(parts))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=100), TEXT.map(lambda text: (SOMA + text).encode())))
def test_any_bytes_are_a_tree_or_a_refusal(data):
    try:
        tree = parse(data, "asc", "any")
    except MorphologyError:
        return
    assert tree.somatic.any()
