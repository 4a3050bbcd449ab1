"""Making a repository in which a paper's simulations live."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import dendroflow
from dendroflow.commands import WORKFLOW
from dendroflow.commands.wheel import copy_wheel, write_wheel
from dendroflow.errors import PackageError

# Names that Python packages may have.
NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE)
# What the repository is called until it has a name.
PLACEHOLDER = "my-paper"
LOCKS = ("setup.sh", "runtime.txt", "test.txt")


def new(folder: Path, wheel: Path | None = None) -> str:
    """Make a repository of a model, an experiment, a figure, and this dendroflow.

    Its name is that of the folder, which does not exist yet, or is empty. The wheel is of this
    version of dendroflow; by default one is made. Return what to type next.

    Raises
    ------
    PackageError
        If there is something in the folder, its name is none, or the wheel is not of this version.
    """
    if not NAME.fullmatch(folder.name):
        raise PackageError(
            f"{folder.name!r}: a repository is named like a package of Python: by letters "
            f"of ASCII, digits, and . _ - between them, such as {PLACEHOLDER}"
        )
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise PackageError(f"{folder}: is there already; name a folder that is not")
    if not folder.parent.is_dir():
        raise PackageError(f"{folder.parent}: there is no such folder")
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        _fill(unfinished, folder.name, wheel)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    elsewhere = f" VENV=$HOME/.venvs/{folder.name}" if " " in str(folder.absolute()) else ""
    return (
        f"{folder}: a model, an experiment, a figure and their tests, with dendroflow "
        f"{dendroflow.__version__}. Next:\n"
        f"  cd '{folder}'\n"
        f"  make run{elsewhere}    # the environment, once; simulations, figures, report\n"
        f"  make test{elsewhere}   # the results against what is known\n"
        "  git init    # then git add and git commit: .gitignore leaves out what can be made again"
    )


def _fill(folder: Path, name: str, wheel: Path | None) -> None:
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(WORKFLOW / "template", folder, ignore=ignored)
    for path in (folder / "README.md", folder / "Snakefile"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(PLACEHOLDER, name), encoding="utf-8")
    for part in ("envs", "vendor"):
        (folder / part).mkdir()
    for file in LOCKS:
        shutil.copyfile(WORKFLOW / "envs" / file, folder / "envs" / file)
    vendor = folder / "vendor"
    made = copy_wheel(wheel, vendor) if wheel else write_wheel(vendor)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    (folder / "envs" / "dendroflow.txt").write_text(
        f"# Written by `dendroflow new`.\n./vendor/{made.name} \\\n    --hash=sha256:{digest}\n",
        encoding="utf-8",
    )
