"""Digests of code that change with what the code does, not with how it is written down."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from dendroflow.errors import ModelError

PACKAGE = Path(__file__).parents[1]
# Files of a model folder that cannot decide a result.
IGNORED_SUFFIXES = frozenset({".md", ".rst", ".txt.orig", ".pyc", ".mod"})


def digest_of_python(text: str, name: str = "<code>") -> str:
    """Digest of Python code without its comments, docstrings and layout.

    Raises
    ------
    ModelError
        If the code does not parse.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ModelError(f"{name}: line {error.lineno}: SyntaxError: {error.msg}") from error
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


@cache
def digest_of_library(*modules: str) -> str:
    """Digest of modules of this library and of all of the library that they import.

    Parameters
    ----------
    *modules
        such as `"dendroflow.engine.lanes"`.
    """
    state = hashlib.sha256()
    for path in sorted(_closure(modules)):
        code = digest_of_python(path.read_text(encoding="utf-8"), str(path))
        state.update(f"{path.relative_to(PACKAGE).as_posix()} {code}\n".encode())
    return state.hexdigest()[:16]


def library_files(*modules: str) -> tuple[str, ...]:
    """The files, relative to the library, that `digest_of_library` covers."""
    return tuple(sorted(path.relative_to(PACKAGE).as_posix() for path in _closure(modules)))


def digest_of_model(folder: Path) -> str:
    """Digest of a model folder: its Python code, and the bytes of any other file but `.mod`."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
        if hidden or not path.is_file() or path.suffix in IGNORED_SUFFIXES:
            continue
        if path.suffix == ".py":
            code = digest_of_python(path.read_text(encoding="utf-8"), str(path))
        else:
            code = hashlib.sha256(path.read_bytes()).hexdigest()
        state.update(f"{path.relative_to(folder).as_posix()} {code}\n".encode())
    return state.hexdigest()[:16]


def _closure(modules: Iterable[str]) -> set[Path]:
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        path = _path(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting.append(node.module)
                waiting += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def _path(module: str) -> Path | None:
    """File of a module of this library; None for anything else."""
    package, _, rest = module.partition(".")
    if package != PACKAGE.name:
        return None
    base = PACKAGE.joinpath(*rest.split(".")) if rest else PACKAGE
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None
