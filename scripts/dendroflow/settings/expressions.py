"""Expressions over named numbers, parsed and never evaluated as Python."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "sqrt": np.sqrt,
}
LONGEST = 1000


class Expression:
    """A formula such as `dend_v_maximum / soma_v_maximum`.

    Parameters
    ----------
    text
        numbers, names, `+ - * / **`, parentheses, and the functions in `FUNCTIONS`.

    Attributes
    ----------
    names : frozenset of str
        the names that it needs; `step1.AP_width` is the column `step1_AP_width`.

    Raises
    ------
    ValueError
        If it is anything else.
    """

    def __init__(self, text: str) -> None:
        self._tree = _parsed(text)
        names: set[str] = set()
        _check(self._tree, names)
        self.names = frozenset(names)

    def __call__(self, values: Mapping[str, Array]) -> Array:
        """Its value, nan where it does not exist.

        Parameters
        ----------
        values
            name -> numbers, of equal shape.
        """
        with np.errstate(all="ignore"):
            found = np.asarray(_evaluate(self._tree, values), dtype=float)
        return np.where(np.isfinite(found), found, np.nan)


class Condition:
    """A comparison of two expressions, such as `Spikecount >= 1`.

    Attributes
    ----------
    operator
        `>=`, `>`, `<=`, `<` or `==`.
    names
        the names that it needs.

    Raises
    ------
    ValueError
        If it is anything else.
    """

    def __init__(self, text: str) -> None:
        match _parsed(text):
            case ast.Compare(left=left, ops=[operation], comparators=[right]) if (
                type(operation) in _COMPARISONS
            ):
                self.operator = _COMPARISONS[type(operation)]
            case _:
                raise ValueError(
                    f"{text!r} is no condition: write two expressions with one of "
                    f"{', '.join(_COMPARISONS.values())} between them"
                )
        self._difference = Expression(f"({ast.unparse(left)}) - ({ast.unparse(right)})")
        self.names = self._difference.names

    def excess(self, values: Mapping[str, Array]) -> Array:
        """How far the left side lies above the right one, nan where either does not exist."""
        return self._difference(values)

    def holds(self, values: Mapping[str, Array]) -> NDArray[np.bool_]:
        """Where it holds; not where a side does not exist."""
        compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
        found: NDArray[np.bool_] = compare.get(self.operator, np.equal)(self.excess(values), 0)
        return found


_COMPARISONS: dict[type[ast.AST], str] = {
    ast.GtE: ">=",
    ast.Gt: ">",
    ast.LtE: "<=",
    ast.Lt: "<",
    ast.Eq: "==",
}


def _parsed(text: str) -> ast.AST:
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is no expression: {error}") from None


def _check(node: ast.AST, names: set[str]) -> None:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return
        case ast.Name() | ast.Attribute(value=ast.Name()):
            names.add(_name(node))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            _check(operand, names)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            if len(arguments) != (2 if name in ("maximum", "minimum") else 1):
                raise ValueError(f"{name} has {len(arguments)} arguments")
            for argument in arguments:
                _check(argument, names)
        case _:
            part = ast.unparse(node)
            raise ValueError(
                f"{part!r} is not allowed: write numbers, names, + - * / ** and "
                f"{', '.join(FUNCTIONS)}"
            )


def _evaluate(node: ast.AST, values: Mapping[str, Array]) -> Any:
    match node:
        case ast.Constant(value=value):
            # As a float: whole numbers grow without bounds.
            return np.float64(value)  # type: ignore[arg-type]
        case ast.Name() | ast.Attribute():
            return values[_name(node)]
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](_evaluate(operand, values))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_evaluate(argument, values) for argument in arguments))
    raise AssertionError("checked before")


def _name(node: ast.AST) -> str:
    return ast.unparse(node).replace(".", "_")
