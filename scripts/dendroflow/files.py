"""Files that are written whole or not at all, and the files of a folder that count."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from dendroflow.errors import ModelError

# What a model's folder may hold without deciding a result: caches, backups, version control.
LEFT_OUT = (
    *("__pycache__", "*.pyc", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
    *("*~", "#*#", ".#*", ".*.sw?", "*.orig", ".DS_Store"),
    *(".git", ".hg", ".svn"),
)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name in the folder of `path`, moved there if all goes well, else removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def files_of_model(folder: Path) -> dict[str, Path]:
    """Every file of a model's folder but those that match `LEFT_OUT`, by its name below it.

    Hidden files count, and what links lead to.

    Raises
    ------
    ModelError
        If there is no `model.py`, or a link leads nowhere or in a circle.
    """
    if not (folder / "model.py").is_file():
        where = folder / "model.py"
        raise ModelError(f"{where}: there is no such file; a model is a folder with a model.py")
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(folder, followlinks=True):
        real, above = Path(place).resolve(), Path(place).relative_to(folder).parents
        # A link to a folder that holds the model's comes back to it.
        if any((folder / part).resolve().is_relative_to(real) for part in above):
            raise ModelError(f"{place}: links of this model's folder lead in a circle")
        folders[:] = sorted(name for name in folders if not _is_left_out(name))
        for name in sorted(names):
            path = Path(place, name)
            if _is_left_out(name):
                continue
            if not path.is_file():
                raise ModelError(f"{path}: leads to no file; remove it from the model's folder")
            found[path.relative_to(folder).as_posix()] = path
    return dict(sorted(found.items()))


def _is_left_out(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in LEFT_OUT)
