"""Indices of sensitivity against those that are known: Ishigami's function, a passive soma."""

import numpy as np
import pyarrow as pa
import pytest

from dendroflow.analysis.sensitivity import Design, indices
from dendroflow.design import expand
from dendroflow.settings.analysis import Sensitivity
from dendroflow.settings.sweep import Block

AXES = {f"parameters.x{k}": {"range": [-np.pi, np.pi]} for k in (1, 2, 3)}
# Of a = 7, b = 0.1: Ishigami and Homma (1990), by the formulas of Sobol (1993).
A, B = 7.0, 0.1
VARIANCE = A**2 / 8 + B * np.pi**4 / 5 + B**2 * np.pi**8 / 18 + 0.5
FIRST = [0.5 * (1 + B * np.pi**4 / 5) ** 2 / VARIANCE, A**2 / 8 / VARIANCE, 0.0]
THIRD = 8 * B**2 * np.pi**8 / 225 / VARIANCE
TOTAL = [FIRST[0] + THIRD, FIRST[1], THIRD]


def ishigami(samples, second_order=True):
    saltelli = {"samples": samples, "axes": AXES, "second_order": second_order}
    table, _ = expand([Block(saltelli=saltelli)], ".")
    x = {path.rpartition(".")[2]: table[path].to_numpy() for path in AXES}
    y = np.sin(x["x1"]) + A * np.sin(x["x2"]) ** 2 + B * x["x3"] ** 4 * np.sin(x["x1"])
    return ran(x | {"y": y, "constant": np.full(len(y), 3.0)})


def ran(columns):
    table = pa.table(columns)
    return table.append_column("status", pa.array(["ok"] * len(table)))


def found(table, settings=None, features=("y",), axes=("x1", "x2", "x3"), **more):
    settings = settings or Sensitivity()
    design = Design(range(len(table)), axes, **{"second_order": True} | more)
    return indices(table, design, features, settings).to_pandas()


def test_ishigamis_function_has_its_indices():
    rows = found(ishigami(4096))
    for order, known in (("S1", FIRST), ("ST", TOTAL)):
        own = rows[rows["kind"] == order]
        assert own["value"].tolist() == pytest.approx(known, abs=0.02)
        assert ((own["low"] < known) & (known < own["high"]) | (np.abs(known) < 0.01)).all()
    pairs = rows[rows["kind"] == "S2"].set_index(["parameter", "other"])["value"]
    assert pairs["x1", "x3"] == pytest.approx(THIRD, abs=0.03)
    assert pairs["x1", "x2"] == pytest.approx(0.0, abs=0.03)


def test_without_second_order_there_are_no_pairs():
    rows = found(ishigami(1024, second_order=False), second_order=False)
    assert set(rows["kind"]) == {"S1", "ST"}
    assert rows["value"].tolist()[:3] == pytest.approx(FIRST, abs=0.05)


def test_whole_blocks_are_left_out_where_a_feature_does_not_exist():
    table = ishigami(2048)
    y = table["y"].to_pylist()
    y[5] = y[801] = None
    rows = found(table.set_column(3, "y", pa.array(y)))
    assert rows["rows"].unique().tolist() == [len(table) - 16]
    assert rows["left_out"].unique() == pytest.approx([16 / len(table)])
    assert rows[rows["kind"] == "ST"]["value"].tolist() == pytest.approx(TOTAL, abs=0.04)
    filled = found(table.set_column(3, "y", pa.array(y)), Sensitivity(missing=0.0))
    assert filled["rows"].unique().tolist() == [len(table)]
    assert filled["left_out"].unique().tolist() == [0.0]


def test_a_point_that_failed_has_no_value_whatever_missing_ones_count_as():
    table = ishigami(2048)
    y, status = table["y"].to_pylist(), table["status"].to_pylist()
    y[5] = y[801] = None
    status[801] = "error"
    table = table.set_column(3, "y", pa.array(y)).set_column(5, "status", pa.array(status))
    for settings in (Sensitivity(missing=0.0), Sensitivity(method="pawn", missing=0.0)):
        (rows,) = found(table, settings)["rows"].unique()
        assert rows == len(table) - (8 if settings.method == "sobol" else 1)


def test_what_differs_only_in_between_the_two_samples_has_no_index():
    table = ishigami(64)
    between = np.zeros(len(table))
    between[3] = 1.0
    rows = found(table.append_column("between", pa.array(between)), features=("between",))
    assert rows["note"].tolist() == ["it is the same at all points of the design's two samples"]
    assert rows["value"].isna().all()


def test_every_sample_of_the_bootstrap_can_be_made_again():
    table = ishigami(64)
    assert found(table).equals(found(table))
    assert not found(table).equals(found(table, Sensitivity(seed=2)))
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Sensitivity(seed=0)


def test_what_has_no_index_says_why():
    table = ishigami(64)
    nothing = pa.array([None] * len(table), pa.float64())
    rows = found(table.append_column("none", nothing), features=("constant", "none", "y"))
    notes = rows.drop_duplicates("feature").set_index("feature")
    assert notes["note"]["constant"] == "it is the same at all points"
    assert notes["note"]["none"] == f"at 0 of {len(table)} rows: too few"
    assert notes["note"].isna()["y"]
    assert rows[rows["feature"] == "y"]["value"].notna().all()


def test_indices_of_any_table_order_its_columns():
    random = np.random.default_rng(3)
    x = {f"x{k}": random.uniform(-np.pi, np.pi, 2000) for k in (1, 2, 3)}
    table = ran(x | {"y": 5 * x["x1"] + x["x2"]})
    rows = found(table, Sensitivity(method="pawn")).set_index("parameter")["value"]
    assert rows["x1"] > 2 * rows["x2"] > 2 * rows["x3"] > 0


@pytest.mark.parametrize(
    ("x", "known"),
    # The distance of a tenth of a uniform distribution from it is one minus its farther end;
    # of a third of three equal steps, 2/3 at the ends and 1/3 in the middle.
    [
        (np.linspace(0, 1, 2001), (0.7, 0.5, 0.9)),
        (np.repeat([1.0, 2.0, 3.0], 20), (2 / 3, 1 / 3, 2 / 3)),
    ],
)
def test_pawn_takes_all_values_of_an_axis(x, known):
    (row,) = found(ran({"x": x, "y": x}), Sensitivity(method="pawn"), axes=("x",)).to_dict(
        "records"
    )
    assert [row["value"], row["low"], row["high"]] == pytest.approx(known, abs=0.002)


def test_elementary_effects_of_a_polynomial_are_its_differences():
    """y = 3 a + b c: a's effect is 3 everywhere; those of b are the values of c, and vice versa."""
    axes = {f"parameters.{name}": {"range": [0.0, 2.0]} for name in "abc"}
    sweep = [Block(morris={"samples": 400, "levels": 4, "axes": axes})]
    table, _ = expand(sweep, ".")
    x = {path.rpartition(".")[2]: table[path].to_numpy() for path in axes}
    y = ran(x | {"y": 3 * x["a"] + x["b"] * x["c"]})
    rows = found(y, Sensitivity(method="morris"), axes=tuple("abc"), levels=4)
    effects = rows.set_index(["kind", "parameter"])["value"]
    # Over the whole range of 2.
    assert effects["mu_star", "a"] == pytest.approx(6.0, abs=1e-9)
    assert effects["sigma", "a"] == pytest.approx(0.0, abs=1e-9)
    levels = 2 * np.array([0, 1, 2, 3]) / 3
    for name in "bc":
        assert effects["mu_star", name] == pytest.approx(2 * levels.mean(), rel=0.06)
        assert effects["sigma", name] == pytest.approx(2 * levels.std(), rel=0.06)


def test_trajectories_are_left_out_whole():
    axes = {f"parameters.{name}": {"range": [0.0, 1.0]} for name in "ab"}
    table, _ = expand([Block(morris={"samples": 20, "axes": axes})], ".")
    x = {path.rpartition(".")[2]: table[path].to_numpy() for path in axes}
    y = x["a"] + 2 * x["b"]
    y[4] = np.nan
    rows = found(ran(x | {"y": y}), Sensitivity(method="morris"), axes=("a", "b"), levels=4)
    assert rows["rows"].unique().tolist() == [57]
    values = rows[rows["kind"] == "mu_star"]["value"].tolist()
    assert values == pytest.approx([1.0, 2.0])
