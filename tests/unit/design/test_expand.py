"""From blocks to rows."""

import itertools
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dendroflow.design import expand, fill_missing, point_ids
from dendroflow.design.axes import axis_values
from dendroflow.errors import ConfigurationError
from dendroflow.settings.sweep import Axis, Block, Sweep

SWEEP = TypeAdapter(Sweep)
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
scalars = st.one_of(numbers, st.booleans(), st.text(min_size=1))
names = st.from_regex(r"\Aparameters\.[a-z]{1,3}\Z")
grids = st.dictionaries(names, st.lists(scalars, min_size=1, max_size=4), min_size=1, max_size=4)


def points(text, folder="."):
    return expand(SWEEP.validate_python(yaml.safe_load(text)), folder).table


def rows(table):
    return [tuple(row) for row in table.itertuples(index=False)]


def test_grid_walks_its_last_axis_fastest(tmp_path):
    table = points("{parameters.b: [1, 2], morphology: [x, y], parameters.a: [0.5]}", tmp_path)
    assert list(table.columns) == ["parameters.b", "morphology", "parameters.a"]
    assert rows(table) == [(1, "x", 0.5), (1, "y", 0.5), (2, "x", 0.5), (2, "y", 0.5)]
    assert [str(kind) for kind in table.dtypes] == ["int64", "object", "float64"]


def test_designs_of_a_block_multiply(tmp_path):
    table = points(
        "{zip: {parameters.b: [1, 2, 3], parameters.c: [4, 5, 6]}, grid: {parameters.a: [1, 2]},"
        " list: [{parameters.d: 7}]}",
        tmp_path,
    )
    assert rows(table) == [
        (1, 1, 4, 7),
        (1, 2, 5, 7),
        (1, 3, 6, 7),
        (2, 1, 4, 7),
        (2, 2, 5, 7),
        (2, 3, 6, 7),
    ]


def test_blocks_are_put_together(tmp_path):
    table = points(
        "[{grid: {parameters.a: [1, 2]}}, {list: [{parameters.b: x, parameters.a: 3.5}]},"
        " {grid: {parameters.c: [true]}}]",
        tmp_path,
    )
    assert list(table.columns) == ["parameters.a", "parameters.b", "parameters.c"]
    assert rows(table) == [
        (1, None, None),
        (2, None, None),
        (3.5, "x", None),
        (None, None, True),
    ]
    assert isinstance(table.index, pd.RangeIndex)
    assert (table.index.start, table.index.step) == (0, 1)


def test_missing_values_are_the_experiments_own(tmp_path):
    table = points("[{grid: {parameters.a: [1, 2]}}, {grid: {parameters.b: [5]}}]", tmp_path)
    filled = fill_missing(table, {"parameters.a": 0.5, "parameters.b": 7, "parameters.z": 1})
    assert rows(filled) == [(1, 7), (2, 7), (0.5, 5)]
    assert [str(kind) for kind in filled.dtypes] == ["float64", "int64"]
    assert rows(table)[0] == (1, None), "the argument stays as it was"
    with pytest.raises(ConfigurationError, match=r"does not sweep parameters\.b"):
        fill_missing(table, {"parameters.a": 0.5})


def test_filled_points_have_the_ids_of_written_out_points(tmp_path):
    union = points("[{grid: {parameters.a: [1, 2]}}, {grid: {parameters.b: [5]}}]", tmp_path)
    listed = points(
        "{list: [{parameters.b: 7, parameters.a: 1}, {parameters.b: 7, parameters.a: 2},"
        " {parameters.b: 5, parameters.a: 0.5}]}",
        tmp_path,
    )
    filled = fill_missing(union, {"parameters.a": 0.5, "parameters.b": 7})
    assert list(point_ids(filled)) == list(point_ids(listed))


@given(grids)
def test_grid_is_the_product(axes):
    table = expand((Block(grid=axes),), ".").table
    assert list(table.columns) == list(axes)
    expected = list(itertools.product(*axes.values()))
    assert len(table) == len(expected)
    for row, values in zip(rows(table), expected, strict=True):
        assert row == values
        assert [isinstance(v, bool | np.bool_) for v in row] == [
            isinstance(v, bool) for v in values
        ]


@given(grids, grids)
def test_counts_of_blocks_add_up(one, other):
    both, blocks = expand((Block(grid=one), Block(grid=other)), ".")
    alone = [expand((Block(grid=grid),), ".").table for grid in (one, other)]
    assert len(both) == sum(map(len, alone))
    assert blocks == [(len(table), 0) for table in alone]
    assert list(both.columns) == list(dict.fromkeys([*one, *other]))


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ({"linspace": [0, 1, 11]}, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        ({"linspace": [-0.3, 0.3, 7]}, [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
        ({"linspace": [0, 1, 4]}, [0.0, 0.333333333333, 0.666666666667, 1.0]),
        ({"linspace": [1, 0, 3]}, [1.0, 0.5, 0.0]),
        ({"logspace": [1e-3, 1e3, 7]}, [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]),
        ({"logspace": [8, 1, 4]}, [8.0, 4.0, 2.0, 1.0]),
        ({"logspace": [1, 10, 3]}, [1.0, 3.16227766017, 10.0]),
        ({"arange": [0, 0.7, 0.1]}, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        ({"arange": [1, -1, -0.5]}, [1.0, 0.5, 0.0, -0.5, -1.0]),
    ],
)
def test_generated_values(axis, expected):
    assert list(axis_values(Axis.model_validate(axis))) == expected


@given(st.integers(2, 60), st.integers(-50, 50), st.integers(1, 40))
def test_a_generated_value_is_the_one_that_one_would_write(number, first, tenths):
    """A grid of tenths holds the floats nearest to the decimals, whichever way it is made."""
    last = first + tenths * (number - 1)
    written = [float(f"{(first + k * tenths) / 10:.1f}") for k in range(number)]
    linspace = Axis(linspace=(first / 10, last / 10, number))
    arange = Axis(arange=(first / 10, last / 10, tenths / 10))
    assert list(axis_values(linspace)) == list(axis_values(arange)) == written


def test_too_many_points_are_refused_before_they_are_made(tmp_path):
    axes = ", ".join(f"parameters.p{k}: {{linspace: [0, 1, 1000]}}" for k in range(4))
    tracemalloc.start()
    with pytest.raises(ConfigurationError, match=r"1,000,000,000,000 points; 10,000,000 are"):
        points(f"{{{axes}}}", tmp_path)
    with pytest.raises(ConfigurationError, match="10,000,000 are the most"):
        points(
            "{grid: {parameters.a: {linspace: [0, 1, 10000]}},"
            " zip: {parameters.b: {linspace: [0, 1, 10000]}}}",
            tmp_path,
        )
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_an_experiment_without_points(tmp_path):
    with pytest.raises(ConfigurationError, match="an experiment without points"):
        expand((), tmp_path)
