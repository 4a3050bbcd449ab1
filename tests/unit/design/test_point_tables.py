"""Points that stand in a file."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dendroflow.design import expand, point_ids
from dendroflow.errors import ConfigurationError
from dendroflow.settings.sweep import Block


def from_csv(folder, text):
    (folder / "points.csv").write_text(text, encoding="utf-8")
    return expand((Block(table="points.csv"),), folder).table


def refusal(folder, text):
    with pytest.raises(ConfigurationError) as caught:
        from_csv(folder, text)
    message = str(caught.value)
    assert message.startswith(str(folder / "points.csv"))
    assert "\n" not in message
    return message.removeprefix(str(folder / "points.csv"))


def test_csv(tmp_path):
    table = from_csv(
        tmp_path,
        "\ufeffparameters.a, parameters.g,morphology,parameters.on,parameters.mode\r\n"
        '1,0.3,0042,true,"fast, safe"\r\n'
        "-2,1e-3,NA,False,slow\r\n\r\n",
    )
    assert table.to_dict("list") == {
        "parameters.a": [1, -2],
        "parameters.g": [0.3, 0.001],
        "morphology": ["0042", "NA"],
        "parameters.on": [True, False],
        "parameters.mode": ["fast, safe", "slow"],
    }
    assert [str(kind) for kind in table.dtypes] == ["int64", "float64", "object", "bool", "object"]


def test_text_is_what_is_declared_to_be_text(tmp_path):
    (tmp_path / "points.csv").write_text("parameters.code,parameters.n\n010,010\n1e3,2\ntrue,3\n")
    texts = {"parameters.code"}
    table = expand((Block(table="points.csv"),), tmp_path, texts=texts).table
    assert table.to_dict("list") == {
        "parameters.code": ["010", "1e3", "true"],
        "parameters.n": [10, 2, 3],
    }
    pq.write_table(pa.table({"parameters.code": [10]}), tmp_path / "points.parquet")
    with pytest.raises(ConfigurationError, match=r"column parameters.code: values are text"):
        expand((Block(table="points.parquet"),), tmp_path, texts=texts)


def test_any_letter_may_begin_the_name_of_a_column(tmp_path):
    # Python takes the micro sign for the letter mu, and letters with accents of their own for one.
    table = from_csv(tmp_path, "parameters.τ_m,parameters.\xb5,parameters.gro\u0308ße\n1,2,3\n")
    assert list(table) == ["parameters.τ_m", "parameters.\u03bc", "parameters.größe"]


def test_csv_numbers_are_the_floats_nearest_to_what_is_written(tmp_path):
    texts = ["0.1", "0.3", "1e-7", "123456.789e3", "2.2250738585072014e-308", "0.12345678901234567"]
    table = from_csv(tmp_path, "parameters.a\n" + "\n".join(texts))
    assert list(table["parameters.a"]) == [float(text) for text in texts]


def test_parquet(tmp_path):
    pq.write_table(
        pa.table(
            {
                "parameters.a": pa.array([1, 2], pa.int16()),
                "parameters.g": [0.1, 0.3],
                "morphology": pa.array(["x", "y"]).dictionary_encode(),
                "parameters.on": [True, False],
            }
        ),
        tmp_path / "points.parquet",
    )
    table = expand((Block(table="points.parquet"),), tmp_path).table
    assert table.to_dict("list") == {
        "parameters.a": [1, 2],
        "parameters.g": [0.1, 0.3],
        "morphology": ["x", "y"],
        "parameters.on": [True, False],
    }


def test_csv_parquet_and_list_name_the_same_points(tmp_path):
    rows = [
        {"parameters.a": 1, "morphology": "x", "parameters.g": 0.3},
        {"parameters.a": 2, "morphology": "y", "parameters.g": 1e-6},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "points.csv", index=False)
    pd.DataFrame(rows).to_parquet(tmp_path / "points.parquet")
    names = [
        list(point_ids(expand((block,), tmp_path).table))
        for block in (
            Block(list=rows),
            Block(table="points.csv"),
            Block(table="points.parquet"),
        )
    ]
    assert names[0] == names[1] == names[2]


def test_a_table_multiplies_with_a_grid(tmp_path):
    (tmp_path / "points.csv").write_text("parameters.a\n1\n2\n")
    block = Block(table="points.csv", grid={"parameters.b": [3, 4]})
    table = expand((block,), tmp_path).table
    assert table.to_dict("list") == {"parameters.b": [3, 3, 4, 4], "parameters.a": [1, 2, 1, 2]}


def test_a_column_that_the_block_sweeps_already(tmp_path):
    (tmp_path / "points.csv").write_text("parameters.a\n1\n2\n")
    block = Block(table="points.csv", grid={"parameters.a": [3, 4]})
    with pytest.raises(
        ConfigurationError, match=r"points\.csv: column parameters\.a is swept by another design"
    ):
        expand((block,), tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ": not a readable csv file: No columns to parse from file"),
        ("parameters.a\n", ": the table has no rows"),
        ("gnabar\n1\n", ": column 'gnabar' is not a swept path; did you mean parameters.gnabar?"),
        ("parameters.a,\n1,2\n", ": column '' is not a swept path"),
        ("parameters.a,parameters.a\n1,2\n", ": column parameters.a stands there 2 times"),
        ("parameters.a,parameters.b\n1,2\n3,\n", ": column parameters.b, row 2: the cell is empty"),
        ("parameters.a,parameters.b\n1,2\n3\n", ": column parameters.b, row 2: the cell is empty"),
        ("parameters.a,parameters.b\n1,2\n ,4\n", ": column parameters.a, row 2: the cell is"),
        ("parameters.a\n1\n2\n1O\n", ": column parameters.a, row 3: '1O' is not a number as"),
        ("parameters.a\n1\nnan\n", ": column parameters.a, row 2: 'nan' is not a number as"),
        ("parameters.a\n1\n1e999\n", ": column parameters.a, row 2: 1e999 is too large a number"),
        ("parameters.a\n9223372036854775808\n", "row 1: 9223372036854775808 is too large"),
        ("parameters.a\n" + "1" * 5000, "1111 is too large a number"),
        ("parameters.a,parameters.b\n1,2\n1,2,3\n", ": not a readable csv file: "),
    ],
)
def test_unfit_csv(tmp_path, text, expected):
    assert expected in refusal(tmp_path, text)


def test_missing_file(tmp_path):
    with pytest.raises(ConfigurationError, match=r"points\.csv: no such table of points"):
        expand((Block(table="points.csv"),), tmp_path)


@pytest.mark.parametrize("name", ["points.csv", "points.parquet"])
def test_unreadable_file(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xfe\x00\x01" * 9)
    with pytest.raises(ConfigurationError, match=rf"{name}: not a readable") as caught:
        expand((Block(table=name),), tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"g": [1]}, "column 'g' is not a swept path; did you mean parameters.g?"),
        ({"parameters.g": [1.0, None]}, "column parameters.g, row 2: the cell is empty"),
        ({"parameters.g": [1.0, float("nan")]}, "column parameters.g, row 2: nan is not a finite"),
        ({"parameters.g": pa.array([0], pa.timestamp("ms"))}, "not timestamp[ms]"),
        ({"parameters.g": pa.array([2**64 - 1], pa.uint64())}, "not a readable parquet file"),
        ({"morphology": [1]}, "column morphology: names are text, not int64"),
        ({"parameters.g": pa.array([], pa.int64())}, "the table has no rows"),
    ],
)
def test_unfit_parquet(tmp_path, columns, expected):
    pq.write_table(pa.table(columns), tmp_path / "points.parquet")
    with pytest.raises(ConfigurationError) as caught:
        expand((Block(table="points.parquet"),), tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "points.parquet"))
    assert expected in str(caught.value)


def test_repeated_parquet_columns(tmp_path):
    column = pa.array([1])
    table = pa.Table.from_arrays([column, column], names=["parameters.a", "parameters.a"])
    pq.write_table(table, tmp_path / "points.parquet")
    with pytest.raises(ConfigurationError, match=r"parameters\.a stands there 2 times"):
        expand((Block(table="points.parquet"),), tmp_path)


def test_decimals_that_are_read_at_once_are_what_python_reads(tmp_path):
    random = np.random.default_rng(1)
    digits = random.integers(0, 10, (3000, 22)).astype(str)
    written = [
        f"{'-' if row[0] < '5' else ''}{''.join(row[1:n])}.{''.join(row[n:])}e{e}"
        for row, n, e in zip(
            digits, random.integers(2, 20, 3000), random.integers(-320, 280, 3000), strict=True
        )
    ]
    written += ["5.", ".5", "-0.0", "1e-400", "0.1", "4.9e-324", "2.2250738585072011e-308"]
    expected = np.array([float(text) for text in written]).tobytes()
    column = from_csv(tmp_path, "parameters.g\n" + "\n".join([*written, "+1.5"]))["parameters.g"]
    assert column.to_numpy()[:-1].tobytes() == expected
    assert column.iloc[-1] == 1.5


def test_one_whole_number_among_decimals_changes_none_of_them(tmp_path):
    column = from_csv(tmp_path, "parameters.g\n0.1\n3\n2.5e-3")["parameters.g"]
    assert column.tolist() == [0.1, 3, 0.0025]
