"""Digests of code and of model folders: what names a result."""

import ast
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dendroflow.errors import ModelError

LIBRARY = Path(__file__).parents[1]


@cache
def library_digest() -> str:
    """Digest of every byte of the library, to see that a run and its jobs have the same."""
    state = hashlib.sha256()
    for path in _python_files(LIBRARY):
        state.update(f"{path.relative_to(LIBRARY).as_posix()}\n".encode() + path.read_bytes())
    return state.hexdigest()[:16]


@cache
def code_digest(*rooms: str, library: Path = LIBRARY) -> str:
    """Digest of what some rooms of the library do, whatever their comments and messages say.

    Parameters
    ----------
    *rooms
        folders or files, such as `"kernel"` or `"mechanisms.py"`.
    library
        the folder of the package.
    """
    state = hashlib.sha256()
    for room in rooms:
        pages = sorted((library / room).rglob("*.html"))
        for path in (*_python_files(library / room), *pages):
            text = path.read_bytes()
            if path.suffix == ".html":
                code = hashlib.sha256(text).hexdigest()
            else:
                code = digest_of_python(text, str(path), words=False)
            state.update(f"{path.relative_to(library).as_posix()} {code}\n".encode())
    return state.hexdigest()[:16]


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def digest_of_python(text: str | bytes, name: str = "<code>", *, words: bool = True) -> str:
    """Digest of Python code without its comments, docstrings and layout.

    Parameters
    ----------
    words
        whether the words of errors that are raised and of log messages count.

    Raises
    ------
    ModelError
        If the code does not parse.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        number = getattr(error, "lineno", None)
        line = f"line {number}: " if number else ""
        raise ModelError(f"{name}: {line}SyntaxError: {getattr(error, 'msg', error)}") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        elif not words and _says_something(node):
            _silence(node)
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


def _says_something(node: ast.AST) -> bool:
    """Whether it raises or makes an error, or logs."""
    if isinstance(node, ast.Raise):
        return True
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name.endswith("Error")
        case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"))):
            return True
    return False


def _silence(node: ast.AST) -> None:
    """Empty the texts below a node."""
    for below in ast.walk(node):
        if isinstance(below, ast.JoinedStr):
            below.values = []
        elif isinstance(below, ast.Constant) and isinstance(below.value, str):
            below.value = ""


def digest_of_files(files: Mapping[str, Path], *, comments: bool = True) -> str:
    """Digest of a model's files by name and byte, or of Python without its comments."""
    state = hashlib.sha256()
    for name, path in files.items():
        if comments or path.suffix != ".py":
            code = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            code = digest_of_python(path.read_bytes(), str(path))
        state.update(f"{name} {code}\n".encode())
    return state.hexdigest()[:16]
