"""Digests of code that change with what the code does, not with how it is written down."""

import ast
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from dendroflow.errors import ModelError
from dendroflow.files import replacing

PACKAGE = Path(__file__).parents[1]
_OWN = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
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
        such as `"dendroflow.kernel.lanes"`.
    """
    state = hashlib.sha256()
    for path in sorted(_closure(modules)):
        state.update(f"{path.relative_to(PACKAGE).as_posix()} {_module(path).digest}\n".encode())
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


class _Module(NamedTuple):
    """What a file of the library comes to."""

    digest: str
    imports: list[str]


def _closure(modules: Iterable[str]) -> set[Path]:
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        path = _path(waiting.pop())
        if path is not None and path not in found:
            found.add(path)
            waiting += _module(path).imports
    return found


@cache
def _module(path: Path) -> _Module:
    """Digest and imports of a file; kept beside its bytecode, as costly to make again."""
    text = path.read_text(encoding="utf-8")
    # This file makes the digests; Python's version, the trees that it makes them of.
    content = hashlib.sha256(f"{sys.version} {_OWN} {text}".encode()).hexdigest()
    kept = path.parent / "__pycache__" / f"{path.stem}.digest.json"
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["content"] == content:
            return _Module(known["digest"], known["imports"])
    except (OSError, ValueError, KeyError):
        pass
    module = _Module(digest_of_python(text, str(path)), _imports(text))
    if not sys.dont_write_bytecode and os.access(path.parent, os.W_OK):
        kept.parent.mkdir(exist_ok=True)
        with replacing(kept) as temporary:
            temporary.write_text(json.dumps({"content": content, **module._asdict()}), "utf-8")
    return module


def _imports(text: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@cache
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
