"""Expressions: what they give, and that nothing else is taken."""

import numpy as np
import pytest

from dendroflow.settings.expressions import Expression

VALUES = {"a": np.array([1.0, 4.0, np.nan]), "b": np.array([2.0, 0.0, 1.0])}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + 2 * b", [5, 4, np.nan]),
        ("-(a - b) ** 2", [-1, -16, np.nan]),
        ("a / b", [0.5, np.nan, np.nan]),
        ("sqrt(a) + log(exp(b))", [3, 2, np.nan]),
        ("maximum(a, b) - minimum(a, b)", [1, 4, np.nan]),
        ("1e3", 1000),
        (" abs(-3) ", 3),
        ("9 ** 9 ** 9", np.nan),
        ("sqrt(-1)", np.nan),
    ],
)
def test_values(text, expected):
    found = Expression(text)(VALUES)
    assert np.allclose(found, expected, equal_nan=True)


def test_the_names_that_it_needs():
    assert Expression("a / (b + sqrt(c_1))").names == {"a", "b", "c_1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "a b",
        "__import__('os')",
        "a.b.c",
        "a[0]",
        "lambda: a",
        "[a]",
        "'text'",
        "True",
        "a if b else 1",
        "a == b",
        "sqrt(a, b)",
        "maximum(a)",
        "sqrt(x=a)",
        "open(a)",
        "a; b",
        "(" * 500 + "a" + ")" * 500,
        "a" * 1001,
        "a\0",
    ],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(ValueError, match=r"expression|allowed|arguments|longer"):
        Expression(text)
