"""Compiling what rxd generates once per text, not once per model.

rxd writes C++ for the reactions of a model and calls the compiler for it: half a second for every
point of a sweep. The text is the same for all points if swept constants reach rxd as
`rxd.Parameter`; then one compilation serves them all, in any process and any run.
"""

import ctypes
import hashlib
import inspect
import logging
import os
import platform
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

# Optimised, but to the same bits: no function replaced by another, no products fused into sums.
FLAGS = ("-O2", "-fno-builtin", "-ffp-contract=off", "-shared", "-fPIC")
TIMEOUT_S = 120


def share_compiled_reactions(folder: Path) -> bool:
    """Make rxd, if this process has imported it, look into `folder` before it compiles.

    Safe under concurrent writers: a library gets its name when it is complete.

    Returns
    -------
    bool
        False if rxd is not imported, or is not built as expected: then it compiles in its own way.
    """
    rxd = sys.modules.get("neuron.rxd.rxd")
    if rxd is None:
        return False
    own: Any = getattr(rxd, "_cxx_compile", None)
    if getattr(own, "shares", False):
        return True
    if not _is_as_expected(rxd, own):
        logger.warning("rxd has changed inside; every point will call the C++ compiler")
        return False

    compiler = shlex.split(os.environ.get("CXX", "g++"))
    try:
        # Asked here, before workers are forked, not once in each of them.
        made_by = [_version(compiler), *FLAGS, platform.machine(), version("neuron")]
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("no C++ compiler: %s", error)
        return False

    def compile_once(formula: str) -> Any:
        key = hashlib.sha256("\n".join([*made_by, formula]).encode()).hexdigest()[:32]
        library = folder / f"{key}.so"
        try:
            if not library.exists():
                _compile(compiler, formula, library, rxd._find_librxdmath())
            return _load(library)
        except (OSError, subprocess.SubprocessError, AttributeError) as error:
            logger.warning("rxd compiles in its own way: %s", error)
            return own(formula)

    compile_once.shares = True  # type: ignore[attr-defined]
    rxd._cxx_compile = compile_once  # type: ignore[attr-defined]
    return True


def _is_as_expected(rxd: Any, own: Any) -> bool:
    """Whether `own` takes generated code and returns the function `reaction` of a library."""
    if not callable(own) or not callable(getattr(rxd, "_find_librxdmath", None)):
        return False
    try:
        source = inspect.getsource(own)
        names = list(inspect.signature(own).parameters)
    except (OSError, TypeError, ValueError):
        return False
    return names == ["formula"] and "dll.reaction" in source


def _compile(compiler: list[str], formula: str, library: Path, mathematics: str) -> None:
    folder = library.parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=folder) as scratch:
        source, built = Path(scratch) / "reaction.cpp", Path(scratch) / "reaction.so"
        source.write_text(formula, encoding="utf-8")
        include = f"-I{sysconfig.get_path('include')}"
        command = [*compiler, include, *FLAGS, str(source), mathematics, "-o", str(built), "-lm"]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
        built.replace(library)


def _load(library: Path) -> Any:
    reaction = ctypes.CDLL(str(library.absolute())).reaction
    doubles = ctypes.POINTER(ctypes.c_double)
    reaction.argtypes = [doubles, doubles]
    reaction.restype = ctypes.c_double
    return reaction


def _version(compiler: list[str]) -> str:
    command = [*compiler, "--version"]
    child = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return " ".join([*compiler, child.stdout.splitlines()[0]])
