"""Compiling what rxd generates once per text, not once per model.

rxd writes C++ for the reactions of a model and calls the compiler for it: half a second for every
point of a sweep. The text is the same for all points if swept constants reach rxd as
`rxd.Parameter`; then one compilation serves them all, in any process and any run.
"""

import ctypes
import hashlib
import logging
import os
import platform
import shlex
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dendroflow.files import replacing

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
        False if rxd is not imported, or there is no compiler: then it compiles in its own way.
    """
    rxd = sys.modules.get("neuron.rxd.rxd")
    if rxd is None:
        return False
    own: Any = getattr(rxd, "_cxx_compile", None)
    if getattr(own, "shares", False):
        return True
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


def _compile(compiler: list[str], formula: str, library: Path, mathematics: str) -> None:
    include = f"-I{sysconfig.get_path('include')}"
    with replacing(library) as temporary:
        command = [*compiler, include, *FLAGS, "-x", "c++", "-", "-x", "none", mathematics, "-lm"]
        subprocess.run(
            [*command, "-o", str(temporary)],
            input=formula.encode(),
            check=True,
            capture_output=True,
            timeout=TIMEOUT_S,
        )


def _load(library: Path) -> Any:
    reaction = ctypes.CDLL(str(library.absolute())).reaction
    doubles = ctypes.POINTER(ctypes.c_double)
    reaction.argtypes = [doubles, doubles]
    reaction.restype = ctypes.c_double
    return reaction


def _version(compiler: list[str]) -> str:
    said = subprocess.check_output([*compiler, "--version"], text=True, timeout=60)
    return " ".join([*compiler, said.splitlines()[0]])
