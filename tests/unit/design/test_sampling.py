"""Designs that sample ranges."""

import numpy as np
import pandas as pd
import pytest

from dendroflow.design import distinct, expand, point_ids
from dendroflow.design.sampling import latin_hypercube, morris, saltelli, sobol
from dendroflow.settings.sweep import Block, LatinHypercube, Morris, Saltelli, Sobol

AXES = {
    "parameters.g": {"range": [-0.1, 0.2]},
    "parameters.k": {"log_range": [0.01, 1]},
    "simulation.seed": {"integer_range": [3, 12]},
}
DRAWERS = [
    (latin_hypercube, LatinHypercube),
    (sobol, Sobol),
    (saltelli, Saltelli),
    (morris, Morris),
]


def strata(values, low, high, count):
    """The stratum of each value, sorted."""
    return sorted(np.floor((values - low) / (high - low) * count).astype(int))


@pytest.mark.parametrize(("draw", "kind"), DRAWERS)
def test_the_seed_decides(draw, kind):
    one, same, other = (draw(kind(samples=64, seed=seed, axes=AXES)) for seed in (1, 1, 2))
    assert list(one) == list(AXES)
    for path in AXES:
        assert np.array_equal(one[path], same[path])
        assert not np.array_equal(one[path], other[path])


@pytest.mark.parametrize(("draw", "kind"), DRAWERS)
def test_samples_lie_in_their_ranges_with_twelve_digits(draw, kind):
    columns = draw(kind(samples=256, seed=5, axes=AXES))
    ends = {"parameters.g": (-0.1, 0.2), "parameters.k": (0.01, 1), "simulation.seed": (3, 12)}
    for path, (low, high) in ends.items():
        assert columns[path].min() >= low
        assert columns[path].max() <= high
    assert all(value == float(f"{value:.11e}") for value in columns["parameters.g"])
    assert columns["simulation.seed"].dtype == np.int64


def test_latin_hypercube_has_one_sample_in_each_stratum():
    columns = latin_hypercube(LatinHypercube(samples=100, seed=1, axes=AXES))
    assert strata(columns["parameters.g"], -0.1, 0.2, 100) == list(range(100))
    assert strata(np.log10(columns["parameters.k"]), -2, 0, 100) == list(range(100))


@pytest.mark.parametrize(("draw", "kind"), DRAWERS[:2])
def test_whole_numbers_are_equally_likely(draw, kind):
    """The ends too, which rounding would give half of their share."""
    axes = {"parameters.n": {"integer_range": [-2, 5]}}
    columns = draw(kind(samples=64, seed=3, axes=axes))
    values, counts = np.unique(columns["parameters.n"], return_counts=True)
    assert list(values) == list(range(-2, 6))
    assert list(counts) == [8] * 8


def test_sobol_is_balanced():
    columns = sobol(Sobol(samples=128, seed=1, axes=AXES))
    assert strata(columns["parameters.g"], -0.1, 0.2, 128) == list(range(128))


@pytest.mark.parametrize(("second_order", "rows"), [(True, 64 * 8), (False, 64 * 5)])
def test_saltelli_rows(second_order, rows):
    design = Saltelli(samples=64, seed=1, second_order=second_order, axes=AXES)
    assert design.rows == rows
    assert {len(column) for column in saltelli(design).values()} == {rows}


def test_saltelli_changes_one_axis_at_a_time():
    """Rows of a base sample: A, then A with one column of B each, then B."""
    axes = dict.fromkeys(("parameters.a", "parameters.b", "parameters.c"), AXES["parameters.g"])
    columns = saltelli(Saltelli(samples=8, seed=1, second_order=False, axes=axes))
    blocks = np.column_stack(list(columns.values())).reshape(8, 5, 3)
    for first, *mixed, last in blocks:
        assert not np.isin(last, first).any()
        for axis, row in enumerate(mixed):
            assert list(row) == [last[i] if i == axis else first[i] for i in range(3)]


def test_saltelli_finds_the_indices_of_a_linear_function():
    """Y = 2 a + b has first-order indices 4/5 and 1/5 (both uniform on [0, 1])."""
    from SALib.analyze import sobol as analysis

    axes = {"parameters.a": {"range": [0, 1]}, "parameters.b": {"range": [0, 1]}}
    columns = saltelli(Saltelli(samples=512, seed=1, axes=axes))
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1]] * 2}
    y = 2 * columns["parameters.a"] + columns["parameters.b"]
    indices = analysis.analyze(problem, y, seed=1)
    assert indices["S1"] == pytest.approx([0.8, 0.2], abs=0.02)


def points_in_order(found, design):
    """The points of the rows of the one sampled block."""
    (block,) = design
    rows = [row for first, count in block["points"] for row in range(first, first + count)]
    return found.drop(columns="point_id").iloc[rows].reset_index(drop=True)


def test_every_row_of_a_design_is_kept_with_its_point():
    """Saltelli's design with two axes meets every mixed point twice."""
    axes = {"parameters.b": {"range": [0, 1]}, "parameters.a": {"range": [0, 1]}}
    block = Block(saltelli={"samples": 16, "seed": 1, "axes": axes})
    table, blocks = expand((block,), ".")
    drawn = pd.DataFrame(saltelli(block.saltelli))
    assert list(drawn) == ["parameters.b", "parameters.a"]
    assert table.equals(drawn)
    found, design = distinct(table, point_ids(table), blocks, "sweep")
    assert (len(table), len(found)) == (16 * 6, 16 * 4)
    assert points_in_order(found, design).equals(drawn)


def test_whole_numbers_met_twice_are_one_point():
    axes = {"parameters.n": {"integer_range": [0, 9]}}
    table, blocks = expand((Block(latin_hypercube={"samples": 100, "axes": axes}),), ".")
    found, design = distinct(table, point_ids(table), blocks, "sweep")
    assert sorted(found["parameters.n"]) == list(range(10))
    assert points_in_order(found, design).equals(table)


def test_samples_multiply_with_a_grid(tmp_path):
    block = Block(
        grid={"morphology": ["x", "y"]},
        latin_hypercube={"samples": 5, "axes": {"parameters.a": {"range": [0, 1]}}},
    )
    table = expand((block,), tmp_path).table
    assert list(table["morphology"]) == ["x"] * 5 + ["y"] * 5
    assert list(table["parameters.a"][:5]) == list(table["parameters.a"][5:])
