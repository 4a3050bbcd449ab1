"""A point's name is its content."""

import hashlib
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dendroflow.design import distinct, expand, ids, point_ids
from dendroflow.errors import ConfigurationError
from dendroflow.settings.sweep import Block

numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
scalars = st.one_of(numbers, st.booleans(), st.text())
point_rows = st.lists(st.tuples(scalars, scalars, numbers), min_size=1, max_size=12)
PATHS = ["parameters.b", "morphology", "simulation.celsius"]


def hashed(text):
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def as_table(rows, paths=PATHS):
    return pd.DataFrame(
        {path: pd.Series([row[i] for row in rows], dtype=object) for i, path in enumerate(paths)}
    )


@pytest.mark.parametrize(
    ("row", "pinned"),
    [
        ({"parameters.gnabar": 0.12, "simulation.celsius": 6.3}, "68210907a03e142e6907"),
        (
            {"simulation.celsius": 20.0, "morphology": "c91662", "parameters.on": True},
            "1311542705015246418a",
        ),
        ({"parameters.name": 'ångström "x"', "parameters.small": 1e-300}, "d48d9645c7f3d3d7a4c7"),
    ],
)
def test_names_never_change(row, pinned):
    plain = json.dumps(row, sort_keys=True).encode()
    assert hashlib.blake2b(plain, digest_size=10).hexdigest() == pinned
    assert list(point_ids(pd.DataFrame([row]))) == [pinned]


def test_whole_numbers_are_floats_unless_no_float_equals_them():
    table = pd.DataFrame({"parameters.a": [1, 2**53, 2**53 + 1, -(2**63)]})
    assert list(point_ids(table)) == [
        hashed('{"parameters.a": 1.0}'),
        hashed('{"parameters.a": 9007199254740992.0}'),
        hashed('{"parameters.a": 9007199254740993}'),
        hashed('{"parameters.a": -9.223372036854776e+18}'),
    ]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 0, 3]),
        pd.Series([1.0, -0.0, 3.0]),
        pd.Series([1, 0.0, 3], dtype=object),
        pd.Series([np.int32(1), np.float32(-0.0), 3], dtype=object),
        pd.Series([1, 0, 3], dtype="uint8"),
        pd.Series([1, 0, 3], dtype="Int64"),
        pd.Series([1, 0, 3], dtype="float32"),
        pd.Series([1, 0, 3], dtype="int64[pyarrow]"),
        pd.Series([1, 0, 3], dtype="category"),
    ],
)
def test_types_of_columns_do_not_matter(column):
    expected = [hashed(f'{{"parameters.a": {x}}}') for x in ("1.0", "0.0", "3.0")]
    assert list(point_ids(pd.DataFrame({"parameters.a": column}))) == expected


@pytest.mark.parametrize("kind", [object, "str", "category"])
def test_types_of_text_do_not_matter(kind):
    table = pd.DataFrame({"morphology": pd.Series(["a", "b", "a"], dtype=kind)})
    a, b = hashed('{"morphology": "a"}'), hashed('{"morphology": "b"}')
    assert list(point_ids(table)) == [a, b, a]


def test_true_is_not_one_nor_its_text():
    values = [True, 1, 1.0, "true", "1", "1.0", False, 0, np.True_]
    got = list(point_ids(pd.DataFrame({"parameters.a": pd.Series(values, dtype=object)})))
    assert got[1] == got[2]
    assert got[0] == got[8]
    assert len(set(got)) == 7
    truths = point_ids(pd.DataFrame({"parameters.a": [True, False]}))
    assert list(truths) == [got[0], got[6]]


@given(point_rows, st.randoms(use_true_random=False))
def test_order_and_index_do_not_matter(rows, random):
    table = as_table(rows)
    expected = list(point_ids(table))
    order = random.sample(range(len(rows)), len(rows))
    columns = random.sample(PATHS, 3)
    shuffled = table[columns].iloc[order].set_axis(random.sample(range(99), len(rows)), axis=0)
    got = point_ids(shuffled)
    assert type(got) is np.ndarray
    assert list(got) == [expected[i] for i in order]


@given(point_rows, st.sets(st.sampled_from(PATHS), max_size=2))
def test_what_all_rows_share_counts_as_a_column_does(rows, shared):
    first = dict(zip(PATHS, rows[0], strict=True))
    common = {path: first[path] for path in shared}
    table = as_table(rows)
    for path, value in common.items():
        table[path] = pd.Series([value] * len(rows), dtype=object)
    got = point_ids(table.drop(columns=list(shared)), common)
    assert list(got) == list(point_ids(table))


@given(point_rows)
def test_names_are_the_content_and_nothing_else(rows):
    """Equal names for equal content, distinct ones for distinct content."""

    def content(row):
        return tuple((isinstance(v, bool), isinstance(v, str), v) for v in row)

    got = point_ids(as_table(rows))
    for i, one in enumerate(rows):
        for j, other in enumerate(rows):
            assert (got[i] == got[j]) == (content(one) == content(other))
    assert all(len(name) == 20 and int(name, 16) >= 0 for name in got)


@given(
    st.lists(numbers, min_size=1, max_size=5, unique=True),
    st.lists(numbers, min_size=1, max_size=3, unique=True),
    numbers,
)
def test_growing_an_axis_leaves_other_points_alone(values, others, new):
    assume(new not in values)

    def names(axis):
        return set(
            point_ids(
                expand((Block(grid={"parameters.a": axis, "parameters.b": others}),), ".").table
            )
        )

    before, after = names(values), names([new, *values])
    assert before < after
    assert len(after - before) == len(others)


def test_chunks_decide_nothing(monkeypatch):
    table = pd.DataFrame({"parameters.a": np.arange(25) % 7, "morphology": list("abcde") * 5})
    expected = list(point_ids(table))
    monkeypatch.setattr(ids, "_CHUNK", 4)
    assert list(point_ids(table)) == expected


def test_no_columns_or_no_rows():
    assert list(point_ids(pd.DataFrame({"parameters.a": []}))) == []
    assert list(point_ids(pd.DataFrame(index=[5]))) == [hashed("{}")]


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, -math.inf, None, pd.NA, pd.Timestamp(0), 1j, (1,), b"a"]
)
def test_what_cannot_be_swept_is_refused(monkeypatch, bad):
    monkeypatch.setattr(ids, "_CHUNK", 2)
    values = pd.Series([0.5, 1.5, 2.5, bad], dtype=object)
    with pytest.raises(ConfigurationError, match=r"row 4: parameters\.a is .*finite number"):
        point_ids(pd.DataFrame({"parameters.a": values}))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_unfinite_floats_are_refused(bad):
    with pytest.raises(ConfigurationError, match=r"row 2: parameters\.a is"):
        point_ids(pd.DataFrame({"parameters.a": [0.5, bad]}))


def once(table, blocks=()):
    return distinct(table, point_ids(table), blocks, "a.yaml: sweep")


def test_equal_points_are_refused():
    table = pd.DataFrame(
        {"parameters.a": [1, 2, 3, 2, 3, 2], "morphology": list("xyzyzy")}, index=[9] * 6
    )
    with pytest.raises(ConfigurationError) as caught:
        once(table)
    assert str(caught.value) == (
        "a.yaml: sweep: rows 2 and 4 are the same point (parameters.a = 2, morphology = y); "
        "3 rows repeat an earlier one, remove them"
    )
    different = table.iloc[:3]
    found, design = once(different)
    assert list(found["point_id"]) == list(point_ids(different))
    assert found.drop(columns="point_id").equals(different)
    assert design == []


SAMPLES = {"samples": 8, "axes": {"parameters.a": {"integer_range": [1, 2]}}}


@pytest.mark.parametrize(
    ("blocks", "rows"),
    [
        pytest.param([{"grid": {"parameters.a": [1]}}, {"latin_hypercube": SAMPLES}], 9, id="grid"),
        pytest.param([{"latin_hypercube": SAMPLES}, {"sobol": SAMPLES}], 16, id="two samples"),
        pytest.param([{"latin_hypercube": SAMPLES}] * 2, 16, id="the same samples twice"),
    ],
)
def test_a_point_that_samples_meet_again_is_one(blocks, rows):
    expanded = expand([Block(**block) for block in blocks], ".")
    found, design = once(*expanded)
    assert len(expanded.table) == rows
    assert sorted(found["parameters.a"]) == [1, 2]
    assert list(found.index) == [0, 1]
    assert [part["block"] for part in design] == [
        number for number, block in enumerate(blocks) if "grid" not in block
    ]


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([{"latin_hypercube": SAMPLES, "grid": {"parameters.b": [1, 1]}}], id="grid"),
        pytest.param(
            [{"latin_hypercube": SAMPLES}, *[{"grid": {"parameters.a": [1]}}] * 2], id="2"
        ),
    ],
)
def test_what_is_written_twice_is_refused_beside_samples(blocks):
    with pytest.raises(ConfigurationError, match="are the same point"):
        once(*expand([Block(**block) for block in blocks], "."))


def test_samples_that_repeat_points_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(ids, "MOST_RUNS", 3)
    with pytest.raises(ConfigurationError, match=r"a\.yaml: sweep: .*sample fewer"):
        once(*expand([Block(latin_hypercube=SAMPLES | {"samples": 50})], "."))
